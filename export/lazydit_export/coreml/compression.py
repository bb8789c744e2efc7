"""Compressed weights: constexpr operators, which give the dense weights before anything runs.

iOS 17's forms quantize along one axis and hold one table for all; iOS 18's know blocks.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from lazydit_export.coreml.element_types import Array, named_type, packed_bytes, unpack
from lazydit_export.coreml.faults import UPDATE, Fault
from lazydit_export.coreml.kernels import FLOATS, Call, Kernel, known, text_of
from lazydit_export.coreml.program import TensorType

_QUANTIZED = ("int8", "uint8", "int4", "uint4")
_INDICES = ("uint1", "uint2", "uint3", "uint4", "uint6", "uint8")


def _affine_dequantize(call: Call) -> list[Kernel]:
    """scale * (data - zero point), one of each for the tensor or for each index of an axis."""
    data = call.tensor("quantized_data")
    scale, zero = call.floats("scale"), call.tensor("zero_point")
    axis = call.axis("axis", len(data.shape))
    if data.dtype not in _QUANTIZED or zero.dtype != data.dtype:
        raise Fault(f"an operation {call.type} takes {data.dtype} and {zero.dtype}", UPDATE)
    vector = (data.shape[axis],)
    if scale.shape not in ((), vector) or zero.shape not in ((), vector):
        raise Fault(f"an operation {call.type} has scales of {text_of(scale.shape)}")

    def run(quantized: Array, scales: Array, zeros: Array) -> Array:
        along = (-1,) + (1,) * (quantized.ndim - 1 - axis)
        centred = quantized.astype(np.float32) - _aligned(zeros, along).astype(np.float32)
        return np.multiply(centred, _aligned(scales, along))

    return [Kernel(TensorType(scale.dtype, data.shape), run, (data, scale, zero))]


def _aligned(values: Array, shape: tuple[int, ...]) -> Array:
    return values.reshape(shape) if values.ndim else values


def _blockwise_shift_scale(call: Call) -> list[Kernel]:
    """scale * (data - offset), one of each for every block of the data."""
    data, scale = call.tensor("data"), call.floats("scale")
    if data.dtype not in (*_QUANTIZED, *FLOATS):
        raise Fault(f"an operation {call.type} takes data of {data.dtype}", UPDATE)
    blocks = _blocks(call, known(call, data.shape), known(call, scale.shape))
    result = TensorType(scale.dtype, data.shape)
    if not call.has("offset"):
        return [
            Kernel(
                result,
                lambda values, scales: np.multiply(
                    values.astype(np.float32), _repeated(scales, blocks)
                ),
                (data, scale),
            )
        ]
    offset = call.tensor("offset")
    if offset.shape != scale.shape or offset.dtype not in (data.dtype, *FLOATS):
        raise Fault(f"an operation {call.type} has offsets of {text_of(offset.shape)}")

    def run(values: Array, scales: Array, offsets: Array) -> Array:
        shifted = values.astype(np.float32) - _repeated(offsets, blocks).astype(np.float32)
        return np.multiply(shifted, _repeated(scales, blocks))

    return [Kernel(result, run, (data, scale, offset))]


def _blocks(call: Call, sizes: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, ...]:
    """How many elements a block has along each axis."""
    if len(sizes) != len(counts) or any(
        count < 1 or size % count for size, count in zip(sizes, counts, strict=True)
    ):
        raise Fault(f"an operation {call.type} has {text_of(counts)} blocks for {text_of(sizes)}")
    return tuple(size // count for size, count in zip(sizes, counts, strict=True))


def _repeated(values: Array, blocks: tuple[int, ...]) -> Array:
    for axis, block in enumerate(blocks):
        if block > 1 and values.shape[axis] > 1:
            values = np.repeat(values, block, axis)
    return values


def _lut_to_dense(call: Call) -> list[Kernel]:
    """Indices replaced by the entries of a lookup table."""
    return _packed_lut(call) if call.has("shape") else _blockwise_lut(call)


def _packed_lut(call: Call) -> list[Kernel]:
    """iOS 17's form: bytes of packed indices, the shape beside them, one table."""
    packed, lut = call.tensor("indices"), call.tensor("lut")
    shape = tuple(int(size) for size in call.constant("shape", ("uint32",)).reshape(-1).tolist())
    entries, *others = known(call, lut.shape)
    index_type = f"uint{entries.bit_length() - 1}"
    if others or packed.dtype != "uint8" or index_type not in _INDICES:
        raise Fault(f"an operation {call.type} has a table of {text_of(lut.shape)}")
    element, count = named_type(index_type), math.prod(shape)
    if entries != 1 << element.bits or packed.shape != (packed_bytes(element, count),):
        raise Fault(f"an operation {call.type} has indices of {text_of(packed.shape)}")

    def run(indices: Array, table: Array) -> Array:
        plain = unpack(indices.astype(np.uint8, copy=False), element, count)
        return np.take(table, plain).reshape(shape)

    return [Kernel(TensorType(lut.dtype, shape), run, (packed, lut), moves=True)]


def _blockwise_lut(call: Call) -> list[Kernel]:
    """iOS 18's form: a table [..., entries, 1] for every block of the indices."""
    indices, lut = call.tensor("indices"), call.tensor("lut")
    sizes, tables = known(call, indices.shape), known(call, lut.shape)
    if len(tables) != len(sizes) + 2 or tables[-1] != 1:
        raise Fault(
            f"an operation {call.type} with tables of {text_of(tables)} is not known", UPDATE
        )
    if indices.dtype not in _INDICES or tables[-2] != 1 << named_type(indices.dtype).bits:
        raise Fault(f"an operation {call.type} has {tables[-2]} entries for {indices.dtype}")
    if call.has("vector_axis"):
        call.integer("vector_axis")
    blocks = _blocks(call, sizes, tables[:-2])

    def run(places: Array, table: Array) -> Array:
        numbers = np.arange(math.prod(tables[:-2])).reshape(tables[:-2])
        spread = np.broadcast_to(_repeated(numbers, blocks), sizes)
        dense: Array = table.reshape(-1, tables[-2])[spread, places]
        return dense

    return [Kernel(TensorType(lut.dtype, sizes), run, (indices, lut), moves=True)]


COMPRESSION: Mapping[str, Callable[[Call], list[Kernel]]] = {
    "constexpr_affine_dequantize": _affine_dequantize,
    "constexpr_blockwise_shift_scale": _blockwise_shift_scale,
    "constexpr_lut_to_dense": _lut_to_dense,
}
