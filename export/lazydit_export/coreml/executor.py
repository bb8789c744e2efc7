"""The executor `coreml-evaluator`: Core ML packages without Core ML, on any machine.

It evaluates what was written, operation by operation in NumPy, with the weights of the package's
own weight file. It is there to verify bundles and takes no shortcut that Core ML would: it is no
engine to use them with.
"""

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from typing_extensions import Self

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.element_types import Array
from lazydit_export.coreml.faults import Fault, blaming
from lazydit_export.coreml.prepared import PreparedFunction
from lazydit_export.coreml.program import Function, Package, TensorType
from lazydit_export.coreml.reader import read_package
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors.mlpackage import FORMAT, check_holds_packages, package_path
from lazydit_runtime.manifest import ProgramSpec, TensorSpec

_DTYPES = {"float32": "fp32", "float16": "fp16", "int64": "int32"}
"""The manifest's element types in Core ML, which has no int64."""

_ARRAYS = {"fp32": np.float32, "fp16": np.float32, "int32": np.int32}
"""What the evaluator takes for them."""


class CoreMLEvaluator:
    """Runs a bundle's Core ML programs in NumPy. Threads may run programs at the same time."""

    def __init__(self, functions: dict[str, PreparedFunction], threads: int) -> None:
        self._functions = functions
        # Threads of NumPy's BLAS wait busily for one another: on cores that have other work, a
        # product that takes 0.1 ms alone takes up to 100 ms.
        self._limits = threadpool_limits(threads, "blas")

    @classmethod
    def open(
        cls, bundle: Bundle, *, threads: int | None = None, checkpoint: Path | None = None
    ) -> Self:
        """Read and check every program of `bundle` and hold its signature against the manifest.

        `threads` is how many NumPy's BLAS uses in the whole process until `close`, one if left
        out. `checkpoint` is not read. Raises LazyDiTError when a package is damaged, holds what is
        not known, or is not what the manifest says.
        """
        check_holds_packages(bundle.manifest)
        packages: dict[Path, Package] = {}
        functions = {}
        for name, spec in bundle.manifest.programs.items():
            path = package_path(bundle, spec)
            if path not in packages:
                packages[path] = read_package(path)
            with blaming(path):
                functions[name] = _prepare(bundle, name, spec, packages[path])
        return cls(functions, threads or 1)

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Fill `outputs` with what `program` makes of `inputs`."""
        function = self._functions[program]
        types = [value.type for value in function.function.inputs]
        try:
            arrays = [
                _checked(array, type_.shape).astype(_ARRAYS[type_.dtype], copy=False)
                for array, type_ in zip(inputs, types, strict=True)
            ]
            results = function.run(arrays)
            for output, result in zip(outputs, results, strict=True):
                np.copyto(output, _checked(result, output.shape), casting="same_kind")
        except (Fault, ValueError, TypeError) as error:
            raise LazyDiTError(
                f"program {program} cannot be evaluated for these tensors "
                f"({' '.join(str(error).split())}): check their shapes, types and values"
            ) from error

    def close(self) -> None:
        """Let go of the weights, and give NumPy's BLAS its threads back."""
        self._functions = {}
        self._limits.restore_original_limits()


def _prepare(bundle: Bundle, name: str, spec: ProgramSpec, package: Package) -> PreparedFunction:
    if package.specification != bundle.manifest.formats[FORMAT]:
        raise Fault(f"it has specification version {package.specification}, the manifest another")
    if spec.method not in package.functions:
        known = ", ".join(package.functions) or "none"
        raise Fault(f"it has no function {spec.method} for program {name} (it has {known})")
    function = package.functions[spec.method]
    if not _has_signature(function, spec, bundle.manifest.graph.condition.max_steps):
        raise Fault(
            f"its function {spec.method} has not the signature that the manifest gives {name}"
        )
    return PreparedFunction(function)


def _has_signature(function: Function, spec: ProgramSpec, most_steps: int) -> bool:
    """Whether names, types and shapes are the manifest's; T has to go from 1 to `most_steps`."""
    for values, specs in ((function.inputs, spec.inputs), (function.outputs, spec.outputs)):
        if [(value.name, value.type) for value in values] != [
            (wanted.name, _type(wanted)) for wanted in specs
        ]:
            return False
    return all(
        low <= 1 and (high is None or high >= most_steps)
        for feature, wanted in zip(function.features, spec.inputs, strict=True)
        for (low, high), size in zip(feature.ranges, wanted.shape, strict=True)
        if size == "T"
    )


def _type(spec: TensorSpec) -> TensorType:
    shape = tuple(None if size == "T" else int(size) for size in spec.shape)
    return TensorType(_DTYPES[spec.dtype], shape)


def _checked(array: Array, shape: tuple[int | None, ...]) -> Array:
    """`array`, which must have this shape; None is any size."""
    if len(array.shape) != len(shape) or any(
        wanted not in (None, size) for size, wanted in zip(array.shape, shape, strict=True)
    ):
        raise ValueError(f"shape {list(array.shape)} instead of {list(shape)}")
    return array
