"""The most memory that loading a bundle and drawing its first image take, foretold.

The engine is ExecuTorch with XNNPACK, behind the native executor. What it does with memory stands
in docs/memory.md, with what was measured.
"""

from dataclasses import dataclass

from lazydit_runtime import planning
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import Manifest, ProgramSpec
from lazydit_runtime.planning import Setting

_FLOAT_BYTES = 4

_MLP_RATIO = 4
"""Hidden over width of the feedforward, as all published DiTs have it: manifests do not tell."""

_LOADED_BYTES = 1_300_000
_RUNNING_BYTES = 3_300_000
"""The engine itself, loaded and running: code once touched, thread pool, records of programs."""


@dataclass(frozen=True)
class PeakMemory:
    """Bytes by which a process grows at most.

    `loading` is the peak while programs are loaded, `condition` that of its one call, `modules`
    that of the steps.
    """

    loading: int
    condition: int
    modules: int

    @property
    def total(self) -> int:
        return max(self.loading, self.condition, self.modules)


def peak_memory(bundle: Bundle, setting: Setting, *, kept_weights: bool) -> PeakMemory | None:
    """The peak of loading `bundle` and drawing one image on the native executor.

    With `kept_weights`, packed weights are mapped from the weight cache; without, they are made
    while the programs are loaded. None where the bundle does not tell what its weights take, or is
    for another engine.
    """
    manifest = bundle.manifest
    if manifest.target != "android" or not any(p.weight_bytes for p in manifest.programs.values()):
        return None
    memory = planning.memory(bundle, setting)
    running = _RUNNING_BYTES + memory.total
    condition = manifest.programs[manifest.graph.condition.program]
    others = sum(spec.weight_bytes for spec in manifest.programs.values()) - condition.weight_bytes
    timesteps = min(setting.steps, manifest.graph.condition.max_steps)
    modulation = _output_bytes(condition, timesteps)
    planned = max(_output_bytes(spec, timesteps) for spec in manifest.programs.values())
    # The delegate has the modulation once more, before it is given its shape.
    while_condition = condition.weight_bytes + 2 * modulation
    return PeakMemory(
        loading=_LOADED_BYTES + (0 if kept_weights else _packing_bytes(manifest)),
        condition=running + while_condition + (0 if kept_weights else others),
        modules=running + others + planned + _workspace_bytes(manifest),
    )


def _packing_bytes(manifest: Manifest) -> int:
    """A program's weights are there twice while they are packed, beside those packed before."""
    packed, peak = 0, 0
    files = dict.fromkeys(spec.file for spec in manifest.programs.values())
    for file in files:
        for spec in manifest.programs.values():
            if spec.file == file:
                peak = max(peak, packed + 2 * spec.weight_bytes)
                packed += spec.weight_bytes
    return peak


def _output_bytes(spec: ProgramSpec, timesteps: int) -> int:
    """What the engine plans for a program, as far as a call for `timesteps` touches it."""
    total = 0
    for output in spec.outputs:
        size = _FLOAT_BYTES
        for dimension in output.shape:
            size *= dimension if isinstance(dimension, int) else timesteps
        total += size
    return total


def _workspace_bytes(manifest: Manifest) -> int:
    """What lies between a module's matrix products at most.

    In a feedforward its quantized input and two hidden layers, in attention query, key, value, the
    mixed tokens and the attention weights before and after the softmax.
    """
    model = manifest.model
    stream = model.tokens * model.width
    mlp = 2 * _MLP_RATIO * stream + stream
    attention = 4 * stream + 2 * model.heads * model.tokens**2
    return _FLOAT_BYTES * max(mlp, attention)
