"""The executor `executorch`: the engine of the ExecuTorch wheel, on this machine's CPU."""

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lazydit.errors import LazyDiTError
from lazydit.quiet import quiet_stderr
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array
from lazydit_runtime.manifest import Manifest, ProgramSpec, TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

# executorch.runtime and portable_lib wrap this module and import the whole exporter: 3 seconds.
_ENGINE = "executorch.extension.pybindings._C"

# What it finds out about the processor, and beside every error that it raises.
_LOG_LINE = r"\[\w+\.cpp:\d+\] "

_SCALAR_TYPES = {"float32": 6, "float16": 5, "int64": 4}
"""What ExecuTorch calls these element types."""


class ExecuTorchExecutor:
    """Runs a bundle's .pte files.

    Inputs are read where they lie; outputs are copied, since the engine's own lie in memory that
    all methods of a file share. For the same reason one program runs at a time: calls from other
    threads wait.
    """

    def __init__(self, methods: dict[str, Any]) -> None:
        self._methods = methods
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, bundle: Bundle, *, threads: int | None = None, checkpoint: Path | None = None
    ) -> "Self":
        """Load every program of `bundle` and hold its signature against the manifest.

        `threads` sizes the engine's pool, which the whole process has in common; do not set it
        while another generation runs. `checkpoint` is not read. Raises LazyDiTError when a file
        is not what the engine or the manifest expects.
        """
        if bundle.manifest.formats:
            raise LazyDiTError(
                f"this bundle is for target {bundle.manifest.target} and holds no ExecuTorch "
                "programs: choose another executor, or run lazydit-export --target android"
            )
        with quiet_stderr(_LOG_LINE):
            engine = _import_engine()
            if threads is not None:
                # A method takes hold of the pool when it is loaded.
                engine._unsafe_reset_threadpool(threads)
            programs = bundle.manifest.programs
            files = {spec.file for spec in programs.values()}
            opened = {file: _open_file(engine, bundle, file) for file in sorted(files)}
            methods = {
                name: _load_method(opened[spec.file], name, spec, bundle.manifest)
                for name, spec in programs.items()
            }
        return cls(methods)

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Fill `outputs` with what `program` makes of `inputs`."""
        tensors = [torch.from_numpy(array) for array in inputs]
        with self._lock:
            try:
                results = self._methods[program].call(tensors, clone_outputs=False)
            except RuntimeError as error:
                raise LazyDiTError(
                    f"ExecuTorch failed in program {program} ({error}): export the bundle again"
                ) from error
            for output, result in zip(outputs, results, strict=True):
                np.copyto(output, result.numpy(), casting="no")

    def close(self) -> None:
        """Unload all programs."""
        with self._lock:
            self._methods = {}


def _import_engine() -> Any:
    try:
        return importlib.import_module(_ENGINE)
    except ImportError as error:
        raise LazyDiTError(
            "executor executorch needs the Python package executorch, which cannot be imported: "
            "run pip install 'executorch==1.5.*'"
        ) from error


def _open_file(engine: Any, bundle: Bundle, file: str) -> Any:
    try:
        return engine._load_program(str(bundle.path(file)))
    except RuntimeError as error:
        raise LazyDiTError(
            f"ExecuTorch cannot open {bundle.path(file)} ({error}): export the bundle again with "
            "the ExecuTorch that is installed"
        ) from error


def _load_method(opened: Any, name: str, spec: ProgramSpec, manifest: Manifest) -> Any:
    try:
        method = opened.load_method(spec.method)
    except RuntimeError as error:
        raise LazyDiTError(
            f"ExecuTorch cannot load method {spec.method} of {spec.file} ({error}): "
            "export the bundle again with the ExecuTorch that is installed"
        ) from error
    meta = method.method_meta()
    inputs = [meta.input_tensor_meta(index) for index in range(meta.num_inputs())]
    outputs = [meta.output_tensor_meta(index) for index in range(meta.num_outputs())]
    most_steps = manifest.graph.condition.max_steps
    if not _matches(inputs, spec.inputs, most_steps) or not _matches(
        outputs, spec.outputs, most_steps
    ):
        raise LazyDiTError(
            f"method {spec.method} of {spec.file} has not the signature that the manifest gives "
            f"program {name}: export the bundle again"
        )
    return method


def _matches(tensors: list[Any], specs: tuple[TensorSpec, ...], most_steps: int) -> bool:
    """Whether the engine's signature is the manifest's; a "T" needs room for `most_steps`."""
    return len(tensors) == len(specs) and all(
        tensor.dtype() == _SCALAR_TYPES[spec.dtype]
        and len(tensor.sizes()) == len(spec.shape)
        and all(
            size >= most_steps if wanted == "T" else size == wanted
            for size, wanted in zip(tensor.sizes(), spec.shape, strict=True)
        )
        for tensor, spec in zip(tensors, specs, strict=True)
    )
