"""From what a caller asks for to what the core plans: step count, timesteps, gates, mask."""

import math
import operator
from dataclasses import dataclass

import numpy as np

from lazydit.errors import LazyDiTError
from lazydit_runtime import _core
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.lazy_ratio import policy_for
from lazydit_runtime.manifest import GateSetSpec, Manifest
from lazydit_runtime.policies import (
    Always,
    EveryN,
    FixedSchedule,
    Lazy,
    Policy,
    ThresholdPair,
    named_policy,
)
from lazydit_runtime.signatures import image_shape

UNGUIDED = 1.0
"""The guidance scale at which the unconditional sample has no say, so that it is left out."""

_ACTIVATION_TYPES = {
    "float32": _core.ActivationType.FLOAT32,
    "float16": _core.ActivationType.FLOAT16,
}

_KINDS = {
    "always": _core.PolicyKind.ALWAYS,
    "lazy": _core.PolicyKind.LAZY,
    "every-n": _core.PolicyKind.EVERY_N,
    "schedule": _core.PolicyKind.SCHEDULE,
}


@dataclass(frozen=True)
class Setting:
    """How an image is generated, everything decided. `gate_set` only with policy lazy."""

    steps: int
    guidance: float
    policy: Policy
    gate_set: GateSetSpec | None

    @property
    def guided(self) -> bool:
        return self.guidance != UNGUIDED

    @property
    def extrapolates(self) -> bool:
        """Whether reused outputs are extrapolated."""
        if isinstance(self.policy, Always):
            return False
        if self.policy.extrapolate == "stored":
            return self.gate_set is not None and self.gate_set.extrapolate
        return self.policy.extrapolate

    @property
    def thresholds(self) -> ThresholdPair:
        """Those of attention and feedforward; without gates nothing reads them."""
        if self.gate_set is None or not isinstance(self.policy, Lazy):
            return 0.5, 0.5
        stored = self.gate_set.thresholds
        return self.policy.threshold_pair or (stored.attn, stored.mlp)

    @property
    def max_reuse(self) -> int | None:
        """Most reuses of a module in a row; None for no limit."""
        if isinstance(self.policy, Always):
            return None
        if self.policy.max_reuse == "stored":
            return self.gate_set.max_reuse if self.gate_set is not None else None
        return self.policy.max_reuse


@dataclass(frozen=True)
class Memory:
    """Bytes that one generation allocates: `total`, and what it consists of.

    `cache` holds the modules' outputs, `modulation` that of all steps, `gates` the policy's gates
    or schedule. The engine's own memory (weights, arenas) comes on top.
    """

    total: int
    cache: int
    modulation: int
    activations: int
    gates: int
    trace: int


def resolve(
    bundle: Bundle, steps: int | None, guidance: float | None, policy: Policy | str
) -> Setting:
    """Fill in what the caller left open.

    Without `steps`, those of the policy's gate set or mask count, then the bundle's default.
    Raises LazyDiTError when the bundle cannot do what is asked.
    """
    manifest = bundle.manifest
    if isinstance(policy, str):
        policy = named_policy(policy)
    if steps is None:
        steps = _own_steps(bundle, policy) or manifest.defaults.steps
    steps = operator.index(steps)
    most = manifest.diffusion.train_steps
    if not 1 <= steps <= most:
        raise LazyDiTError(f"{steps} steps are not possible: choose from 1 to {most}")
    if isinstance(policy, Lazy) and policy.lazy_ratio is not None:
        policy = policy_for(manifest, steps, policy.lazy_ratio)
    guidance = manifest.defaults.guidance if guidance is None else float(guidance)
    if not math.isfinite(guidance):
        raise LazyDiTError(f"guidance {guidance} is not a number to work with: choose 1 to 10")
    gate_set = _gate_set(bundle, policy, steps) if isinstance(policy, Lazy) else None
    if isinstance(policy, FixedSchedule):
        policy.mask(steps, manifest.model.depth)
    setting = Setting(steps, guidance, policy, gate_set)
    if setting.extrapolates and manifest.graph.extrapolate is None:
        raise LazyDiTError(
            "this bundle has no program to extrapolate with: export it again, or leave extrapolate "
            "out"
        )
    return setting


def memory(bundle: Bundle, setting: Setting) -> Memory:
    """What a generation with this setting will allocate; nothing is allocated."""
    return Memory(**_core.memory(core_model(bundle.manifest), core_plan(bundle, setting)))


def core_model(manifest: Manifest) -> _core.Model:
    """The model and its gate graph as the core takes it."""
    model, graph = manifest.model, manifest.graph
    programs = list(manifest.programs)
    return _core.Model(
        programs=programs,
        condition=programs.index(graph.condition.program),
        embed=programs.index(graph.embed),
        modules=[programs.index(module.program) for module in graph.modules],
        blocks=[programs.index(block) for block in graph.blocks],
        reuse=programs.index(graph.modules[0].reuse),
        extrapolate=None if graph.extrapolate is None else programs.index(graph.extrapolate),
        final=programs.index(graph.final),
        decode=None if graph.decode is None else programs.index(graph.decode),
        depth=model.depth,
        width=model.width,
        tokens=model.tokens,
        latent_shape=model.latent_shape,
        output_channels=model.output_channels,
        num_classes=model.num_classes,
        condition_max_steps=graph.condition.max_steps,
        image_shape=image_shape(manifest),
        activation_type=_ACTIVATION_TYPES[model.activation_type],
    )


def timesteps(bundle: Bundle, setting: Setting) -> tuple[int, ...]:
    """[T] descending: the gate set's own, or the published respacing."""
    if setting.gate_set is not None:
        return setting.gate_set.timesteps
    return tuple(_core.spaced_timesteps(bundle.manifest.diffusion.train_steps, setting.steps))


def core_plan(bundle: Bundle, setting: Setting) -> _core.Plan:
    """The plan of a generation as the core takes it."""
    policy, gate_set = setting.policy, setting.gate_set
    manifest = bundle.manifest
    mask = (
        policy.mask(setting.steps, manifest.model.depth)
        if isinstance(policy, FixedSchedule)
        else None
    )
    return _core.Plan(
        timesteps=timesteps(bundle, setting),
        alphas_cumprod=_alphas(bundle, setting),
        guided=setting.guided,
        guidance_channels=manifest.model.guidance_channels,
        kind=_KINDS[policy.name],
        gates=None if gate_set is None else bundle.gates(gate_set.name),
        thresholds=setting.thresholds,
        every_n=policy.n if isinstance(policy, EveryN) else 1,
        schedule=mask,
        max_reuse=setting.max_reuse or 0,
        extrapolate=setting.extrapolates,
    )


def _own_steps(bundle: Bundle, policy: Policy) -> int | None:
    if isinstance(policy, Lazy) and policy.gates is not None:
        return bundle.gate_set(policy.gates).steps
    if isinstance(policy, FixedSchedule) and policy.run is not None:
        return len(policy.run)
    return None


def _gate_set(bundle: Bundle, policy: Lazy, steps: int) -> GateSetSpec:
    if policy.gates is not None:
        named = bundle.gate_set(policy.gates)
        if named.steps != steps:
            raise LazyDiTError(
                f"gate set {named.name} is for {named.steps} steps, not for {steps}: "
                "choose its step count or another gate set"
            )
        return named
    gate_sets = bundle.manifest.gate_sets
    found = next((gate_set for gate_set in gate_sets if gate_set.steps == steps), None)
    if found is None:
        known = ", ".join(str(count) for count in sorted({g.steps for g in gate_sets}))
        raise LazyDiTError(
            f"this bundle has no gate set for {steps} steps"
            + (f", only for {known}: choose one of these or" if known else ": choose")
            + " policy always"
        )
    return found


def _alphas(bundle: Bundle, setting: Setting) -> tuple[float, ...]:
    if setting.gate_set is not None:
        return setting.gate_set.alphas_cumprod
    diffusion = bundle.manifest.diffusion
    alphas = _core.alphas_cumprod(diffusion.train_steps, diffusion.beta_start, diffusion.beta_end)
    chosen = alphas[np.array(timesteps(bundle, setting))]
    return tuple(float(alpha) for alpha in chosen)
