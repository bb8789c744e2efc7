"""The C interface of the native library, as ctypes see it: lazydit_native.h, lazydit.h."""

import ctypes
import functools
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lazydit.errors import LazyDiTError
from lazydit_runtime import _core
from lazydit_runtime.executors import Array
from lazydit_runtime.executors.signature import Found

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

LIBRARY = Path(_core.__file__).parent / "liblazydit_native.so"
"""It is built and installed with the binding of the core."""

_ENGINE = (
    "libexecutorch.so",
    "libexecutorch_threadpool.so",
    "libexecutorch_kernels_optimized.so",
    "libexecutorch_backend_xnnpack.so",
)
"""The libraries of the executorch package that it needs, each after those that it needs itself."""

_MESSAGE_BYTES = 256
_MAX_RANK = 4
_MAX_TENSORS = 8
_DTYPES = {"float32": 0, "float16": 1, "int64": 2}


class _Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * _MESSAGE_BYTES)]


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("size_bytes", ctypes.c_size_t),
        ("dtype", ctypes.c_int),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * _MAX_RANK),
    ]


class _Executor(ctypes.Structure):
    _fields_ = [
        ("context", ctypes.c_void_p),
        (
            "run",
            ctypes.CFUNCTYPE(
                ctypes.c_int32,
                ctypes.c_void_p,
                ctypes.c_int32,
                ctypes.POINTER(_Tensor),
                ctypes.c_size_t,
                ctypes.POINTER(_Tensor),
                ctypes.c_size_t,
                ctypes.c_char_p,
                ctypes.c_size_t,
            ),
        ),
        ("release", ctypes.c_void_p),
        ("done_with", ctypes.c_void_p),
    ]


class _Program(ctypes.Structure):
    _fields_ = [
        ("file", ctypes.c_char_p),
        ("method", ctypes.c_char_p),
        ("hash", ctypes.c_char_p),
        ("layer_norm_epsilon", ctypes.c_double),
    ]


class _Signature(ctypes.Structure):
    _fields_ = [
        ("num_inputs", ctypes.c_size_t),
        ("num_outputs", ctypes.c_size_t),
        ("inputs", _Tensor * _MAX_TENSORS),
        ("outputs", _Tensor * _MAX_TENSORS),
    ]


class _Options(ctypes.Structure):
    _fields_ = [("threads", ctypes.c_int32), ("weight_cache", ctypes.c_char_p)]


class Place(NamedTuple):
    """Where a program is found: its file, its method there, the sha256 of the file.

    `layer_norm_epsilon` is for reuse and extrapolate: with it the library computes them itself,
    the model's norm being a layer norm without weights. 0: the method runs.
    """

    file: Path
    method: str
    sha256: str
    layer_norm_epsilon: float = 0.0


class NativePrograms:
    """Programs that the native library has loaded; their numbers are their places in the list."""

    def __init__(
        self,
        programs: Sequence[Place],
        threads: int | None,
        weight_cache: Path | None = None,
    ) -> None:
        """Load each program. Raises LazyDiTError when one fails.

        `weight_cache` names a folder where the engine's packed weights stay for the next load.
        """
        self._library = _library()
        entries = [
            _Program(
                bytes(place.file),
                place.method.encode(),
                place.sha256.encode(),
                place.layer_norm_epsilon,
            )
            for place in programs
        ]
        options = _Options(threads or 0, None if weight_cache is None else bytes(weight_cache))
        error = _Error()
        self._native = ctypes.c_void_p()
        status = self._library.lazydit_native_create(
            (_Program * len(entries))(*entries),
            ctypes.c_size_t(len(entries)),
            ctypes.byref(options),
            ctypes.byref(self._native),
            ctypes.byref(error),
        )
        if status != 0:
            raise LazyDiTError(error.message.decode(errors="replace"))
        self._executor = self._library.lazydit_native_executor(self._native)

    def signature(self, program: int) -> tuple[list[Found], list[Found]]:
        """What a program takes and what it gives."""
        signature, error = _Signature(), _Error()
        status = self._library.lazydit_native_program_signature(
            self._native, program, ctypes.byref(signature), ctypes.byref(error)
        )
        if status != 0:
            raise LazyDiTError(error.message.decode(errors="replace"))
        return (
            [_described(tensor) for tensor in signature.inputs[: signature.num_inputs]],
            [_described(tensor) for tensor in signature.outputs[: signature.num_outputs]],
        )

    def capsule(self) -> "CapsuleType":
        """The lazydit_executor as a PyCapsule; of use until `close`."""
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        capsule: CapsuleType = new(self._executor, b"lazydit_executor", None)
        return capsule

    def run(self, program: int, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        """Fill `outputs`; raises LazyDiTError with the library's sentence."""
        executor = ctypes.cast(self._executor, ctypes.POINTER(_Executor)).contents
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        failed = executor.run(
            executor.context,
            program,
            _tensors(inputs),
            len(inputs),
            _tensors(outputs),
            len(outputs),
            message,
            _MESSAGE_BYTES,
        )
        if failed:
            raise LazyDiTError(message.value.decode(errors="replace"))

    def close(self) -> None:
        """Unload everything; nothing may run any more."""
        self._library.lazydit_native_free(self._native)
        self._native = ctypes.c_void_p()


def _described(tensor: _Tensor) -> Found:
    names = {number: name for name, number in _DTYPES.items()}
    return names[tensor.dtype], tuple(tensor.shape[: tensor.rank])


def _tensors(arrays: Sequence[Array]) -> Any:
    tensors = (_Tensor * len(arrays))()
    for tensor, array in zip(tensors, arrays, strict=True):
        if array.ndim > _MAX_RANK or not array.flags.c_contiguous:
            raise LazyDiTError(
                f"an array of shape {list(array.shape)} is no tensor for the native library: "
                f"give contiguous arrays of at most {_MAX_RANK} dimensions"
            )
        shape = (ctypes.c_int64 * _MAX_RANK)(*array.shape)
        tensor.data, tensor.size_bytes = array.ctypes.data, array.nbytes
        tensor.dtype, tensor.rank, tensor.shape = _DTYPES[array.dtype.name], array.ndim, shape
    return tensors


def engine_version() -> str:
    """The ExecuTorch that the native library runs; LazyDiTError when it cannot be loaded."""
    built: bytes = _library().lazydit_native_engine_version()
    return built.decode()


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        # By path: an editable install does not lie beside the engine.
        for name in _ENGINE:
            ctypes.CDLL(str(_engine_folder() / name))
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise LazyDiTError(
            f"executor executorch cannot load its native library ({error}): install lazydit again, "
            "with pip install ."
        ) from error
    library.lazydit_native_engine_version.restype = ctypes.c_char_p
    _check_engine_version(library.lazydit_native_engine_version().decode())
    library.lazydit_native_executor.restype = ctypes.c_void_p
    library.lazydit_native_executor.argtypes = [ctypes.c_void_p]
    library.lazydit_native_free.restype = None
    library.lazydit_native_free.argtypes = [ctypes.c_void_p]
    return library


def _engine_folder() -> Path:
    spec = find_spec("executorch")
    if spec is None or not spec.submodule_search_locations:
        raise LazyDiTError(
            "executor executorch needs the Python package executorch, which is not installed: "
            "run pip install 'executorch==1.5.*'"
        )
    return Path(spec.submodule_search_locations[0]) / "lib"


def _check_engine_version(built: str) -> None:
    """C++ libraries of different versions do not go together."""
    installed = version("executorch")
    if built.partition("+")[0] != installed.partition("+")[0]:
        raise LazyDiTError(
            f"the native library was built for ExecuTorch {built} and {installed} is installed: "
            "install lazydit again, with pip install ."
        )
