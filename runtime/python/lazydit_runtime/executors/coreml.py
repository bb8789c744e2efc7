"""The executor `coreml`: Core ML on a Mac, through coremltools.

Written after coremltools 9.0's interface and tested against a stand-in of it: it has not run on a
Mac yet.
"""

import importlib
import platform
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lazydit.errors import LazyDiTError
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array
from lazydit_runtime.executors.mlpackage import check_holds_packages, package_path
from lazydit_runtime.manifest import ProgramSpec, TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

ALL_UNITS = "ALL"
"""Core ML places every operation on CPU, GPU or Neural Engine as it sees fit."""

_MAIN = "main"
"""What the function of a package that knows no others is called."""

_DTYPES = {"float32": np.float32, "float16": np.float32, "int64": np.int32}
"""What Core ML is given for the manifest's types: coremltools widens float16 anyway."""

_ARRAY_TYPES = {"float32": "FLOAT32", "float16": "FLOAT16", "int64": "INT32"}
"""The manifest's types among ArrayFeatureType's; Core ML has no int64."""


class _Program(NamedTuple):
    """A loaded function. Core ML wants one caller at a time."""

    model: Any
    spec: ProgramSpec
    lock: threading.Lock


class CoreMLExecutor:
    """Runs a bundle's Core ML programs with Apple's engine. Threads may run different programs at
    the same time. Arrays are copied in and out, as `predict` has it."""

    def __init__(
        self, programs: dict[str, _Program], compiled: "tempfile.TemporaryDirectory[str]"
    ) -> None:
        self._programs = programs
        self._compiled = compiled

    @classmethod
    def open(
        cls,
        bundle: Bundle,
        *,
        threads: int | None = None,
        checkpoint: Path | None = None,
        compute_units: str = ALL_UNITS,
    ) -> "Self":
        """Compile every package of `bundle` once and load its programs.

        `compute_units` is a name of `coremltools.ComputeUnit`: ALL, CPU_ONLY, CPU_AND_GPU or
        CPU_AND_NE; the Neural Engine computes in 16 bits whatever the bundle's precision.
        `threads` and `checkpoint` are not read: the engine has no setting for its threads. Raises
        LazyDiTError anywhere but on a Mac, and when a package is not what the engine or the
        manifest expects.
        """
        check_holds_packages(bundle.manifest)
        engine = _import_engine()
        units = _units(engine, compute_units)
        compiled = tempfile.TemporaryDirectory(prefix="lazydit-coreml-")
        try:
            programs = _load_all(engine, bundle, units, Path(compiled.name))
        except BaseException:
            compiled.cleanup()
            raise
        return cls(programs, compiled)

    @classmethod
    def open_on(
        cls,
        bundle: Bundle,
        device: str,
        *,
        threads: int | None = None,
        checkpoint: Path | None = None,
    ) -> "Self":
        """`open` with the compute units called `device`."""
        return cls.open(bundle, threads=threads, checkpoint=checkpoint, compute_units=device)

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Fill `outputs` with what `program` makes of `inputs`."""
        model, spec, lock = self._programs[program]
        features = {
            tensor.name: np.ascontiguousarray(array, _DTYPES[tensor.dtype])
            for tensor, array in zip(spec.inputs, inputs, strict=True)
        }
        try:
            with lock:
                results = model.predict(features)
            for tensor, output in zip(spec.outputs, outputs, strict=True):
                _copy(results, tensor, output)
        # Core ML's errors reach Python as RuntimeError or Exception.
        except Exception as error:
            raise LazyDiTError(
                f"Core ML failed in program {program} ({_one_line(error)}): export the bundle again"
            ) from error

    def close(self) -> None:
        """Unload all programs and delete what was compiled."""
        self._programs = {}
        self._compiled.cleanup()


def _import_engine() -> Any:
    if platform.system() != "Darwin":
        raise LazyDiTError(
            "executor coreml runs on a Mac only: choose executor coreml-evaluator to verify this "
            "bundle here"
        )
    try:
        return importlib.import_module("coremltools")
    except ImportError as error:
        raise LazyDiTError(
            "executor coreml needs the Python package coremltools, which cannot be imported: "
            "run pip install 'coremltools>=9,<10'"
        ) from error


def _units(engine: Any, name: str) -> Any:
    known = [unit.name for unit in engine.ComputeUnit]
    if name not in known:
        raise LazyDiTError(f"there are no compute units {name}: choose from {', '.join(known)}")
    return engine.ComputeUnit[name]


def _load_all(engine: Any, bundle: Bundle, units: Any, folder: Path) -> dict[str, _Program]:
    compiled: dict[Path, str] = {}
    descriptions: dict[Path, Any] = {}
    programs = {}
    for name, spec in bundle.manifest.programs.items():
        path = package_path(bundle, spec)
        try:
            if path not in compiled:
                descriptions[path] = engine.utils.load_spec(str(path)).description
                target = folder / f"{len(compiled)}.mlmodelc"
                compiled[path] = engine.utils.compile_model(str(path), str(target))
            _check_described(name, spec, _described(descriptions[path], spec))
            # A package of one function, all that iOS 17 knows, takes no name.
            function = spec.method if descriptions[path].functions else None
            model = engine.models.CompiledMLModel(compiled[path], units, function)
        except LazyDiTError:
            raise
        except Exception as error:
            raise LazyDiTError(
                f"Core ML cannot load function {spec.method} of {path} ({_one_line(error)}): "
                "export the bundle again, or with --minimum-ios for this system"
            ) from error
        programs[name] = _Program(model, spec, threading.Lock())
    return programs


def _described(description: Any, spec: ProgramSpec) -> Any:
    """What a package says about one of its functions; all it says if it has one only."""
    described = {entry.name: entry for entry in description.functions} or {_MAIN: description}
    if spec.method not in described:
        raise LazyDiTError(
            f"{spec.file} has no function {spec.method} (it has {', '.join(described)}): "
            "export the bundle again"
        )
    return described[spec.method]


def _check_described(name: str, spec: ProgramSpec, description: Any) -> None:
    if not (
        _matches(description.input, spec.inputs) and _matches(description.output, spec.outputs)
    ):
        raise LazyDiTError(
            f"function {spec.method} of {spec.file} has not the signature that the manifest gives "
            f"program {name}: export the bundle again"
        )


def _matches(features: Sequence[Any], specs: Sequence[TensorSpec]) -> bool:
    """Whether names, element types and fixed shapes are the manifest's, in its order."""
    return len(features) == len(specs) and all(
        feature.name == spec.name and _is_array_of(feature.type.multiArrayType, spec)
        for feature, spec in zip(features, specs, strict=True)
    )


def _is_array_of(array: Any, spec: TensorSpec) -> bool:
    if array.dataType != array.ArrayDataType.Value(_ARRAY_TYPES[spec.dtype]):
        return False
    # Outputs may be described without a shape, and a dimension T by a range of them.
    return not array.shape or (
        len(array.shape) == len(spec.shape)
        and all(wanted in ("T", size) for size, wanted in zip(array.shape, spec.shape, strict=True))
    )


def _copy(results: Mapping[str, Any], tensor: TensorSpec, output: Array) -> None:
    if tensor.name not in results:
        raise ValueError(f"it gave no {tensor.name}")
    result = np.asarray(results[tensor.name])
    if result.shape != output.shape:
        raise ValueError(f"{tensor.name} has shape {list(result.shape)}")
    np.copyto(output, result, casting="same_kind")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
