"""The executor `onnxruntime`: ONNX Runtime, on this machine's CPU or another of its providers."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnxruntime

from lazydit.errors import LazyDiTError
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array
from lazydit_runtime.manifest import Manifest, ProgramSpec, TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

KNOWN_FORMATS = {"onnx_opset": range(17, 24), "onnx_ir_version": range(8, 12)}
"""The versions that every supported ONNX Runtime reads."""

CPU_PROVIDER = "CPUExecutionProvider"

_ELEMENT_TYPES = {
    "float32": "tensor(float)",
    "float16": "tensor(float16)",
    "int64": "tensor(int64)",
}
"""What ONNX Runtime calls these element types."""

_ERRORS_ONLY = 3


class OnnxRuntimeExecutor:
    """Runs a bundle's .onnx files; the engine reads and writes the scheduler's own memory.

    Several threads may run programs at the same time. All programs share the process's pool of
    threads: with a pool each, those of the program before would still wait for work, busily, while
    the next one runs. Once there is such a pool the engine refuses other sessions of the process
    that do not set `use_per_session_threads = False`.
    """

    def __init__(self, sessions: dict[str, Any]) -> None:
        self._sessions = sessions
        self._names = {
            program: (
                [tensor.name for tensor in session.get_inputs()],
                [tensor.name for tensor in session.get_outputs()],
            )
            for program, session in sessions.items()
        }

    @classmethod
    def open(
        cls,
        bundle: Bundle,
        *,
        threads: int | None = None,
        checkpoint: Path | None = None,
        providers: Sequence[str] = (CPU_PROVIDER,),
    ) -> "Self":
        """Load every program of `bundle` and hold its signature against the manifest.

        `threads` counts the caller's too; the first to open sets it for the whole process, and None
        takes what is set. `checkpoint` is not read.
        `providers` are the engine's own names, in order of preference; the CPU takes what they
        leave. Raises LazyDiTError when a file is not what the engine or the manifest expects, or
        this build of the engine has not a provider.
        """
        _check_formats(bundle.manifest)
        _check_providers(providers)
        options = _options(threads)
        return cls(
            {
                name: _load(bundle, name, spec, options, providers)
                for name, spec in bundle.manifest.programs.items()
            }
        )

    @classmethod
    def open_on(
        cls,
        bundle: Bundle,
        device: str,
        *,
        threads: int | None = None,
        checkpoint: Path | None = None,
    ) -> "Self":
        """`open` with the providers that `device` names, one or several with commas between."""
        return cls.open(bundle, threads=threads, checkpoint=checkpoint, providers=device.split(","))

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Fill `outputs` with what `program` makes of `inputs`."""
        session = self._sessions[program]
        input_names, output_names = self._names[program]
        binding = session.io_binding()
        try:
            for name, array in zip(input_names, inputs, strict=True):
                binding.bind_ortvalue_input(name, _borrowed(array))
            for name, array in zip(output_names, outputs, strict=True):
                binding.bind_ortvalue_output(name, _borrowed(array))
            session.run_with_iobinding(binding)
        except Exception as error:
            raise LazyDiTError(
                f"ONNX Runtime failed in program {program} ({_one_line(error)}): "
                "export the bundle again"
            ) from error

    def close(self) -> None:
        """Unload all programs."""
        self._sessions = {}


def _borrowed(array: Array) -> Any:
    """The engine's view on the memory of `array`; nothing is copied."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def _check_formats(manifest: Manifest) -> None:
    for name, known in KNOWN_FORMATS.items():
        version = manifest.formats.get(name)
        if version is None:
            raise LazyDiTError(
                f"this bundle is for target {manifest.target} and holds no ONNX programs: choose "
                "another executor, or run lazydit-export --target onnx"
            )
        if version not in known:
            raise LazyDiTError(
                f"this bundle has {name} {version}, this runtime knows {known[0]} to {known[-1]}: "
                "update lazydit, or export the bundle again"
            )


def _check_providers(providers: Sequence[str]) -> None:
    available = onnxruntime.get_available_providers()
    for provider in providers:
        if provider not in available:
            raise LazyDiTError(
                f"this build of ONNX Runtime has no {provider}: choose from {', '.join(available)}"
            )


_pool_lock = threading.Lock()
_pool_threads: int | None = None
"""The size of the process's pool once this module has asked for one; None if left to others."""


def _options(threads: int | None) -> Any:
    _share_pool(threads)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.use_per_session_threads = False
    # Without VNNI, int8 products of x86 would overflow their 16-bit sums.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def _share_pool(threads: int | None) -> None:
    """Has the process own a pool; LazyDiTError when it owns one of another size than `threads`."""
    global _pool_threads
    with _pool_lock:
        try:
            onnxruntime.set_global_thread_pool_sizes(threads or 0, 1)
        except Exception:
            # The engine makes one pool per process and says so: that one has to do.
            if threads is not None and threads != _pool_threads:
                raise LazyDiTError(
                    f"ONNX Runtime's threads are set already in this process and stay as they are: "
                    f"start another process for {threads}"
                ) from None
        else:
            _pool_threads = threads


def _load(
    bundle: Bundle, name: str, spec: ProgramSpec, options: Any, providers: Sequence[str]
) -> Any:
    path = bundle.path(spec.file)
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:
        raise LazyDiTError(
            f"ONNX Runtime cannot load {path} ({_one_line(error)}): export the bundle again"
        ) from error
    found = session.get_modelmeta().graph_name
    if (
        found != spec.method
        or not _matches(session.get_inputs(), spec.inputs)
        or not _matches(session.get_outputs(), spec.outputs)
    ):
        raise LazyDiTError(
            f"the graph {found} of {spec.file} has not the name and signature that the manifest "
            f"gives program {name}: export the bundle again"
        )
    return session


def _matches(tensors: Sequence[Any], specs: Sequence[TensorSpec]) -> bool:
    """Whether names, element types and shapes are the manifest's, in its order."""
    return [(tensor.name, tensor.type, tuple(tensor.shape)) for tensor in tensors] == [
        (spec.name, _ELEMENT_TYPES[spec.dtype], spec.shape) for spec in specs
    ]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
