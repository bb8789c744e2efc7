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
from lazydit_runtime.executors.pte import LOG_LINE, check_holds_pte
from lazydit_runtime.executors.signature import Found, check_signature
from lazydit_runtime.manifest import Manifest, ProgramSpec

if TYPE_CHECKING:
    from typing_extensions import Self

# executorch.runtime and portable_lib wrap this module and import the whole exporter: 3 seconds.
_ENGINE = "executorch.extension.pybindings._C"

_SCALAR_TYPES = {6: "float32", 5: "float16", 4: "int64"}
"""ExecuTorch's numbers of the element types."""


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
        check_holds_pte(bundle.manifest)
        with quiet_stderr(LOG_LINE):
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
    check_signature(
        name,
        manifest,
        [_described(meta.input_tensor_meta(index)) for index in range(meta.num_inputs())],
        [_described(meta.output_tensor_meta(index)) for index in range(meta.num_outputs())],
    )
    return method


def _described(tensor: Any) -> Found:
    return _SCALAR_TYPES.get(tensor.dtype(), "another"), tuple(tensor.sizes())
