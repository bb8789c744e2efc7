"""Operators that sum: linear layers, products, convolutions, norms, softmax, attention."""

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np

from lazydit_export.coreml.element_types import Array
from lazydit_export.coreml.faults import UPDATE, Fault
from lazydit_export.coreml.kernels import (
    Call,
    Kernel,
    Operand,
    broadcast,
    known,
    same_dtype,
    text_of,
)
from lazydit_export.coreml.program import TensorType

_SPATIAL = 2


def _linear(call: Call) -> list[Kernel]:
    x = call.floats("x")
    weight = call.weight("weight", x, (None, x.shape[-1] if x.shape else 0))
    bias = call.optional_weight("bias", x, (weight.shape[0],))
    run = functools.partial(linear, weight=np.ascontiguousarray(weight.T), bias=bias)
    return [Kernel(TensorType(x.dtype, (*x.shape[:-1], weight.shape[0])), run, (x,))]


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """x [..., I], weight [I, O], bias [O] -> [..., O]."""
    result: Array = np.matmul(x, weight)
    if bias is not None:
        result += bias
    return result


def _matmul(call: Call) -> list[Kernel]:
    x, y = call.floats("x"), call.floats("y")
    dtype = same_dtype(call, x, y)
    turned = call.flag("transpose_x", False), call.flag("transpose_y", False)
    if min(len(x.shape), len(y.shape)) < 2:
        raise Fault(f"a matmul takes tensors of {text_of(x.shape, y.shape)}")
    rows, inner = x.shape[-2:][:: -1 if turned[0] else 1]
    other, columns = y.shape[-2:][:: -1 if turned[1] else 1]
    if inner != other or inner is None:
        raise Fault(f"a matmul takes tensors of {text_of(x.shape, y.shape)}")
    shape = (*broadcast(call, x.shape[:-2], y.shape[:-2]), rows, columns)
    run = functools.partial(matmul, transpose_x=turned[0], transpose_y=turned[1])
    return [Kernel(TensorType(dtype, shape), run, (x, y))]


def matmul(x: Array, y: Array, transpose_x: bool, transpose_y: bool) -> Array:
    """x [..., M, K], y [..., K, N] -> [..., M, N]; the last two axes swapped where said."""
    product: Array = np.matmul(
        x.swapaxes(-1, -2) if transpose_x else x, y.swapaxes(-1, -2) if transpose_y else y
    )
    return product


def _layer_norm(call: Call) -> list[Kernel]:
    x = call.floats("x")
    rank = len(x.shape)
    axes = tuple(sorted(call.axes("axes", rank)))
    if not axes or axes != tuple(range(rank - len(axes), rank)):
        raise Fault(f"a layer_norm along {list(axes)} of {rank} axes is not known", UPDATE)
    sizes = known(call, tuple(x.shape[axis] for axis in axes))
    run = functools.partial(
        layer_norm,
        axes=axes,
        count=math.prod(sizes),
        gamma=call.optional_weight("gamma", x, sizes),
        beta=call.optional_weight("beta", x, sizes),
        epsilon=np.float32(call.number("epsilon", 1e-5)),
    )
    return [Kernel(x.type, run, (x,))]


def layer_norm(
    x: Array,
    axes: tuple[int, ...],
    count: int,
    gamma: Array | None,
    beta: Array | None,
    epsilon: np.float32,
) -> Array:
    """x less its mean, over its standard deviation (of `count` values), along the last axes."""
    scale = np.float32(1 / count)
    centred: Array = np.subtract(x, np.add.reduce(x, axis=axes, keepdims=True) * scale)
    variance = np.add.reduce(np.square(centred), axis=axes, keepdims=True) * scale
    centred /= np.sqrt(variance + epsilon)
    if gamma is not None:
        centred *= gamma
    if beta is not None:
        centred += beta
    return centred


def _softmax(call: Call) -> list[Kernel]:
    x = call.floats("x")
    axis = call.axis("axis", len(x.shape), -1)
    return [Kernel(x.type, functools.partial(softmax, axis=axis), (x,))]


def softmax(x: Array, axis: int) -> Array:
    """exp(x) over its sum along `axis`."""
    powers: Array = np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True))
    np.exp(powers, out=powers)
    powers /= np.add.reduce(powers, axis=axis, keepdims=True)
    return powers


def _reduce_sum(call: Call) -> list[Kernel]:
    x = call.floats("x")
    axes = call.axes("axes", len(x.shape)) if call.has("axes") else tuple(range(len(x.shape)))
    keep = call.flag("keep_dims", False)
    shape = tuple(
        1 if axis in axes else size for axis, size in enumerate(x.shape) if keep or axis not in axes
    )
    run = functools.partial(np.add.reduce, axis=axes, keepdims=keep)
    return [Kernel(TensorType(x.dtype, shape), run, (x,))]


def _attention(call: Call) -> list[Kernel]:
    query, key, value = (call.floats(name) for name in ("query", "key", "value"))
    dtype = same_dtype(call, query, key, value)
    shapes = query.shape, key.shape, value.shape
    if min(map(len, shapes)) < 3 or len(set(map(len, shapes))) > 1:
        raise Fault(f"an attention takes tensors of {text_of(*shapes)}")
    width, keys = known(call, key.shape[-1:] + key.shape[-2:-1])
    if query.shape[-1] != width or value.shape[-2] != keys:
        raise Fault(f"an attention takes tensors of {text_of(*shapes)}")
    batch = broadcast(call, *(shape[:-2] for shape in shapes))
    result = TensorType(dtype, (*batch, query.shape[-2], value.shape[-1]))
    run = functools.partial(attention, scale=np.float32(1 / math.sqrt(width)))
    return [Kernel(result, run, (query, key, value))]


def attention(query: Array, key: Array, value: Array, scale: np.float32) -> Array:
    """query [..., L, E], key [..., S, E], value [..., S, V] -> [..., L, V].

    One operator to Core ML, so that scores and weights are not rounded to fp16 in between.
    """
    scores = np.matmul(np.multiply(query, scale), key.swapaxes(-1, -2))
    mixed: Array = np.matmul(softmax(scores, -1), value)
    return mixed


def _conv(call: Call) -> list[Kernel]:
    x, batch, size, strides, padding = _convolution(call)
    channels = x.shape[1]
    weight = call.weight("weight", x, (None, channels, None, None))
    outputs, _, *kernel = weight.shape
    bias = call.optional_weight("bias", x, (outputs,))
    padded = [extent + sum(pads) for extent, pads in zip(size, padding, strict=True)]
    if any(extent < width for extent, width in zip(padded, kernel, strict=True)):
        raise Fault(f"a conv takes x of {text_of(x.shape)} and weights of {text_of(weight.shape)}")
    shape = [
        (extent - width) // stride + 1
        for extent, width, stride in zip(padded, kernel, strides, strict=True)
    ]
    run = functools.partial(conv, weight=weight, bias=bias, strides=strides, padding=padding)
    return [Kernel(TensorType(x.dtype, (batch, outputs, *shape)), run, (x,))]


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    strides: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
) -> Array:
    """x [B, I, H, W], weight [O, I, h, w], bias [O] -> [B, O, H', W']."""
    padded = np.pad(x, ((0, 0), (0, 0), *padding)) if np.any(padding) else x
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    windows = windows[:, :, :: strides[0], :: strides[1]]
    result = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3)))
    if bias is not None:
        result += bias
    return result.transpose(0, 3, 1, 2)


def _conv_transpose(call: Call) -> list[Kernel]:
    x, batch, size, strides, padding = _convolution(call)
    weight = call.weight("weight", x, (x.shape[1], None, None, None))
    _, outputs, *kernel = weight.shape
    bias = call.optional_weight("bias", x, (outputs,))
    shape = tuple(
        (extent - 1) * stride + width - sum(pads)
        for extent, stride, width, pads in zip(size, strides, kernel, padding, strict=True)
    )
    wanted = call.integers("output_shape", (batch, outputs, *shape))
    if wanted != [batch, outputs, *shape] or min(shape) < 1:
        raise Fault(f"a conv_transpose is to give {wanted} and gives {[batch, outputs, *shape]}")
    run = functools.partial(
        conv_transpose, weight=weight, bias=bias, strides=strides, padding=padding
    )
    return [Kernel(TensorType(x.dtype, (batch, outputs, *shape)), run, (x,))]


def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None,
    strides: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
) -> Array:
    """x [B, I, H, W], weight [I, O, h, w], bias [O] -> [B, O, H', W']."""
    pieces = np.tensordot(x, weight, axes=((1,), (0,))).transpose(0, 3, 4, 5, 1, 2)
    batch, outputs, height, width, rows, columns = pieces.shape
    full = [(rows - 1) * strides[0] + height, (columns - 1) * strides[1] + width]
    result = np.zeros((batch, outputs, *full), np.float32)
    for i in range(height):
        for j in range(width):
            spots = slice(i, i + rows * strides[0], strides[0])
            result[:, :, spots, j : j + columns * strides[1] : strides[1]] += pieces[:, :, i, j]
    (top, bottom), (left, right) = padding
    result = result[:, :, top : full[0] - bottom, left : full[1] - right]
    return result if bias is None else result + bias[:, None, None]


_Convolution = tuple[
    Operand, int, tuple[int, ...], tuple[int, int], tuple[tuple[int, int], tuple[int, int]]
]


def _convolution(call: Call) -> _Convolution:
    """x, its batch and spatial sizes, strides and padding of a two-dimensional convolution."""
    x = call.floats("x")
    if len(x.shape) != 2 + _SPATIAL:
        raise Fault(f"a {call.type} takes x of {text_of(x.shape)}", UPDATE)
    batch, *size = known(call, (x.shape[0], *x.shape[2:]))
    kind = call.text("pad_type", "valid")
    pads = call.integers("pad", [0] * 2 * _SPATIAL)
    strides = call.integers("strides", [1] * _SPATIAL)
    dilations = call.integers("dilations", [1] * _SPATIAL)
    if kind not in ("valid", "custom") or dilations != [1, 1] or call.integer("groups", 1) != 1:
        raise Fault(
            f"a {call.type} with dilation, groups or pad_type {kind!r} is not known", UPDATE
        )
    if len(strides) != _SPATIAL or len(pads) != 2 * _SPATIAL or min(strides) < 1 or min(pads) < 0:
        raise Fault(f"a {call.type} has strides {strides} and padding {pads}")
    if kind == "valid":
        pads = [0] * 2 * _SPATIAL
    padding = (pads[0], pads[1]), (pads[2], pads[3])
    return x, batch, tuple(size), (strides[0], strides[1]), padding


LAYERS: Mapping[str, Callable[[Call], list[Kernel]]] = {
    "linear": _linear,
    "matmul": _matmul,
    "layer_norm": _layer_norm,
    "softmax": _softmax,
    "reduce_sum": _reduce_sum,
    "scaled_dot_product_attention": _attention,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
}
