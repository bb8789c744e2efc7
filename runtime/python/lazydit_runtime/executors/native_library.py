"""The C interface of the native library, as ctypes see it: lazydit_native.h, lazydit.h."""

import ctypes
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lazydit.errors import LazyDiTError
from lazydit_runtime.executors import Array
from lazydit_runtime.executors.signature import Found

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

LIBRARY = Path(__file__).parent.parent / "liblazydit_native.so"
"""Where make native puts it."""

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
    ]


class _Program(ctypes.Structure):
    _fields_ = [("file", ctypes.c_char_p), ("method", ctypes.c_char_p)]


class _Signature(ctypes.Structure):
    _fields_ = [
        ("num_inputs", ctypes.c_size_t),
        ("num_outputs", ctypes.c_size_t),
        ("inputs", _Tensor * _MAX_TENSORS),
        ("outputs", _Tensor * _MAX_TENSORS),
    ]


class _Options(ctypes.Structure):
    _fields_ = [("threads", ctypes.c_int32), ("weight_cache", ctypes.c_char_p)]


class NativePrograms:
    """Programs that the native library has loaded; their numbers are their places in the list."""

    def __init__(
        self,
        programs: Sequence[tuple[Path, str]],
        threads: int | None,
        weight_cache: Path | None = None,
    ) -> None:
        """Load each program: its file, its method there. Raises LazyDiTError when one fails.

        `weight_cache` names a file where the engine's packed weights stay for the next load.
        """
        self._library = _library()
        entries = [_Program(bytes(file), method.encode()) for file, method in programs]
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


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise LazyDiTError(
            f"the native library {LIBRARY.name} cannot be loaded ({error}): "
            "run make native in the source tree"
        ) from error
    library.lazydit_native_executor.restype = ctypes.c_void_p
    library.lazydit_native_executor.argtypes = [ctypes.c_void_p]
    library.lazydit_native_free.restype = None
    library.lazydit_native_free.argtypes = [ctypes.c_void_p]
    return library
