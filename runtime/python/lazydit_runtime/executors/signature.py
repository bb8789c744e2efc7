"""Holding what an engine says about a program against what the manifest says."""

from collections.abc import Sequence

from lazydit.errors import LazyDiTError
from lazydit_runtime.manifest import Manifest, ProgramSpec, TensorSpec

Found = tuple[str, tuple[int, ...]]
"""Element type, as the manifest names it, and the largest shape of a tensor."""


def check_signature(
    name: str,
    manifest: Manifest,
    inputs: Sequence[Found],
    outputs: Sequence[Found],
) -> None:
    """LazyDiTError unless an engine's `inputs` and `outputs` are those of program `name`."""
    spec: ProgramSpec = manifest.programs[name]
    most_steps = manifest.graph.condition.max_steps
    if not _matches(inputs, spec.inputs, most_steps) or not _matches(
        outputs, spec.outputs, most_steps
    ):
        raise LazyDiTError(
            f"method {spec.method} of {spec.file} has not the signature that the manifest gives "
            f"program {name}: export the bundle again"
        )


def _matches(found: Sequence[Found], specs: tuple[TensorSpec, ...], most_steps: int) -> bool:
    """Whether the tensors are the manifest's; a "T" needs room for `most_steps`."""
    return len(found) == len(specs) and all(
        dtype == spec.dtype
        and len(shape) == len(spec.shape)
        and all(
            size >= most_steps if wanted == "T" else size == wanted
            for size, wanted in zip(shape, spec.shape, strict=True)
        )
        for (dtype, shape), spec in zip(found, specs, strict=True)
    )
