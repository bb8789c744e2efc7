"""An executor written in C, as a capsule: made here with ctypes."""

import ctypes
from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, Pipeline

NAME = b"lazydit_executor"


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("size_bytes", ctypes.c_size_t),
        ("dtype", ctypes.c_int),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 4),
    ]


_RUN = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.c_int32,
    ctypes.POINTER(_Tensor),
    ctypes.c_size_t,
    ctypes.POINTER(_Tensor),
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_char),
    ctypes.c_size_t,
)


class _Executor(ctypes.Structure):
    _fields_ = [
        ("context", ctypes.c_void_p),
        ("run", _RUN),
        ("release", ctypes.c_void_p),
        ("done_with", ctypes.c_void_p),
    ]


def capsule(executor: _Executor, name: bytes) -> Any:
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = (
        ctypes.py_object,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
    )
    return new(ctypes.addressof(executor), name, None)


def native_zeros(fail_at: int | None = None) -> _Executor:
    def run_program(context, program, inputs, num_inputs, outputs, num_outputs, message, size):
        if program == fail_at:
            sentence = b"the engine is out of paper: refill it\0"
            ctypes.memmove(message, sentence, len(sentence))
            return 1
        for index in range(num_outputs):
            ctypes.memset(outputs[index].data, 0, outputs[index].size_bytes)
        return 0

    return _Executor(None, _RUN(run_program), None, None)


@pytest.fixture
def bundle(toy_bundle: Any) -> Bundle:
    return Bundle.open(toy_bundle.directory)


def test_native_executor_gives_what_a_python_one_gives(bundle: Bundle) -> None:
    class Zeros:
        def run(self, program: str, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
            for output in outputs:
                output[...] = 0

    expected = Pipeline(bundle, Zeros()).generate(1, seed=4)
    native = native_zeros()
    with Pipeline(bundle, capsule(native, NAME)) as pipeline:
        result = pipeline.generate(1, seed=4)
    np.testing.assert_array_equal(result.latent, expected.latent)
    np.testing.assert_array_equal(result.trace.ran, expected.trace.ran)


def test_native_executor_knows_programs_by_their_place_in_the_manifest(bundle: Bundle) -> None:
    final = list(bundle.manifest.programs).index("final")
    native = native_zeros(fail_at=final)
    with pytest.raises(LazyDiTError, match="the engine is out of paper: refill it"):
        Pipeline(bundle, capsule(native, NAME)).generate(0)


def test_capsule_of_another_name_is_refused(bundle: Bundle) -> None:
    name = b"something_else"
    native = native_zeros()
    with pytest.raises(ValueError, match="PyCapsule"):
        Pipeline(bundle, capsule(native, name)).generate(0)
