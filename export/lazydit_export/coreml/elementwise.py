"""Operators that compute every element by itself, and casts."""

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from lazydit_export.coreml.element_types import Array, named_type
from lazydit_export.coreml.faults import UPDATE, Fault
from lazydit_export.coreml.kernels import (
    FLOATS,
    Call,
    Kernel,
    broadcast,
    same_dtype,
)
from lazydit_export.coreml.program import TensorType

_CAST_TYPES = ("fp16", "fp32", "int32", "int16", "uint16", "int8", "uint8", "bool")
_TANH_SCALE = np.float32(math.sqrt(2 / math.pi))
_TANH_CUBIC = np.float32(0.044715)
_LARGEST_PRODUCT = 4
"""The largest exponent that is written out as products: np.power takes 50 times as long."""


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)); exp may overflow, and the quotient is 0 then."""
    result: Array = np.exp(np.negative(x))
    result += 1
    np.divide(1, result, out=result)
    return result


def silu(x: Array) -> Array:
    return np.multiply(x, sigmoid(x))


def gelu_tanh(x: Array) -> Array:
    inner: Array = np.multiply(x, x)
    inner *= _TANH_CUBIC
    inner += 1
    inner *= x
    inner *= _TANH_SCALE
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner


def gelu_exact(x: Array) -> Array:
    """x/2 (1 + erf(x / sqrt 2)); NumPy has no erf."""
    erf = torch.erf(torch.from_numpy(np.multiply(x, np.float32(math.sqrt(0.5))))).numpy()
    half: Array = np.multiply(x, np.float32(0.5))
    half *= erf + 1
    return half


def gelu_sigmoid(x: Array) -> Array:
    return np.multiply(x, sigmoid(np.multiply(x, np.float32(1.702))))


_GELUS = {
    "EXACT": gelu_exact,
    "TANH_APPROXIMATION": gelu_tanh,
    "SIGMOID_APPROXIMATION": gelu_sigmoid,
}


def _unary(call: Call, function: Callable[..., Array]) -> list[Kernel]:
    x = call.floats("x")
    return [Kernel(x.type, function, (x,))]


def _gelu(call: Call) -> list[Kernel]:
    mode = call.text("mode", "EXACT")
    if mode not in _GELUS:
        raise Fault(f"the mode {mode!r} of gelu is not known", UPDATE)
    return _unary(call, _GELUS[mode])


def _binary(call: Call, function: Callable[..., Array]) -> list[Kernel]:
    x, y = call.tensor("x"), call.tensor("y")
    dtype = same_dtype(call, x, y)
    if dtype not in (*FLOATS, "int32"):
        raise Fault(f"an operation {call.type} takes tensors of type {dtype}", UPDATE)
    return [Kernel(TensorType(dtype, broadcast(call, x.shape, y.shape)), function, (x, y))]


def _power(call: Call) -> list[Kernel]:
    x, exponent = call.floats("x"), call.floats("y")
    same_dtype(call, x, exponent)
    value = None if exponent.array is None or exponent.shape else float(exponent.array)
    if value is not None and value in range(1, _LARGEST_PRODUCT + 1):
        return [Kernel(x.type, functools.partial(_product, int(value)), (x,))]
    return _binary(call, np.power)


def _product(factors: int, x: Array) -> Array:
    result = x
    for _ in range(factors - 1):
        result = np.multiply(result, x)
    return result


def _greater_equal(call: Call) -> list[Kernel]:
    (kernel,) = _binary(call, np.greater_equal)
    return [Kernel(TensorType("bool", kernel.type.shape), kernel.run, kernel.operands)]


def _select(call: Call) -> list[Kernel]:
    condition, a, b = call.tensor("cond"), call.tensor("a"), call.tensor("b")
    if condition.dtype != "bool":
        raise Fault(f"the condition of select is of type {condition.dtype}")
    shape = broadcast(call, condition.shape, a.shape, b.shape)
    result = TensorType(same_dtype(call, a, b), shape)
    return [Kernel(result, np.where, (condition, a, b), moves=True)]


def _cast(call: Call) -> list[Kernel]:
    x, dtype = call.tensor("x"), call.text("dtype")
    if dtype not in _CAST_TYPES or x.dtype not in _CAST_TYPES:
        raise Fault(f"the cast from {x.dtype} to {dtype} is not known", UPDATE)
    result = TensorType(dtype, x.shape)
    if dtype in FLOATS and x.dtype in FLOATS:
        return [Kernel(result, _unchanged, (x,), moves=dtype == "fp32")]
    if dtype in FLOATS:
        return [Kernel(result, _to_float, (x,))]
    convert = functools.partial(_to_integer, named_type(dtype).numpy)
    return [Kernel(result, convert, (x,), moves=True)]


def _unchanged(x: Array) -> Array:
    return x


def _to_float(x: Array) -> Array:
    return x.astype(np.float32)


def _to_integer(dtype: type[np.generic], x: Array) -> Array:
    """Towards zero; true for what is not zero."""
    return x.astype(dtype)


def _operators(
    build: Callable[..., list[Kernel]],
    functions: Mapping[str, Callable[..., Array]],
) -> dict[str, Callable[[Call], list[Kernel]]]:
    return {
        name: functools.partial(build, function=function) for name, function in functions.items()
    }


ELEMENTWISE: Mapping[str, Callable[[Call], list[Kernel]]] = {
    **_operators(
        _unary,
        {
            "cos": np.cos,
            "sin": np.sin,
            "tanh": np.tanh,
            "sigmoid": sigmoid,
            "silu": silu,
        },
    ),
    **_operators(
        _binary,
        {"add": np.add, "sub": np.subtract, "mul": np.multiply},
    ),
    "gelu": _gelu,
    "pow": _power,
    "greater_equal": _greater_equal,
    "select": _select,
    "cast": _cast,
}
