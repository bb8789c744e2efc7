"""The element types of ML Programs: their numbers in MIL.proto and in weight files."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lazydit_export.coreml.faults import UPDATE, Fault

Array = NDArray[Any]


class ElementType(NamedTuple):
    """`name` is what casts call it; `numpy` holds one element once it is unpacked.

    `proto` is its number in MIL.proto, `blob` in weight files, where strings cannot be.
    """

    name: str
    proto: int
    blob: int | None
    bits: int
    numpy: type[np.generic]


ELEMENT_TYPES = (
    ElementType("bool", 1, None, 8, np.bool_),
    ElementType("string", 2, None, 0, np.str_),
    ElementType("fp16", 10, 1, 16, np.float16),
    ElementType("fp32", 11, 2, 32, np.float32),
    ElementType("int8", 21, 4, 8, np.int8),
    ElementType("int16", 22, 6, 16, np.int16),
    ElementType("int32", 23, 14, 32, np.int32),
    ElementType("int4", 25, 8, 4, np.int8),
    ElementType("uint8", 31, 3, 8, np.uint8),
    ElementType("uint16", 32, 7, 16, np.uint16),
    ElementType("uint32", 33, 15, 32, np.uint32),
    ElementType("uint4", 35, 11, 4, np.uint8),
    ElementType("uint2", 36, 10, 2, np.uint8),
    ElementType("uint1", 37, 9, 1, np.uint8),
    ElementType("uint6", 38, 13, 6, np.uint8),
    ElementType("uint3", 39, 12, 3, np.uint8),
)
"""Those that converted programs hold; numbers as in MIL.proto and MIL's StorageFormat.hpp."""

_BY_PROTO = {element.proto: element for element in ELEMENT_TYPES}
_BY_NAME = {element.name: element for element in ELEMENT_TYPES}


def element_type(proto: int) -> ElementType:
    """The type of this number in MIL.proto; Fault when it is none that is known."""
    if proto not in _BY_PROTO:
        raise Fault(f"it holds values of an unknown type (number {proto})", UPDATE)
    return _BY_PROTO[proto]


def named_type(name: str) -> ElementType:
    """The type that casts call `name`; Fault when there is none."""
    if name not in _BY_NAME:
        raise Fault(f"it holds values of an unknown type ({name})", UPDATE)
    return _BY_NAME[name]


def packed_bytes(element: ElementType, count: int) -> int:
    """How many bytes `count` elements take in a file."""
    return -(-count * element.bits // 8)


def unpack(data: NDArray[np.uint8], element: ElementType, count: int) -> Array:
    """`count` elements [count] out of the bytes of a file.

    Elements of fewer than eight bits follow one another from the lowest bit of every byte up, over
    the borders of bytes. Whole ones are not copied.
    """
    if element.bits >= 8:
        return data.view(np.dtype(element.numpy).newbyteorder("<"))[:count]
    bits = np.unpackbits(data, count=count * element.bits, bitorder="little")
    weights = (1 << np.arange(element.bits)).astype(np.uint8)
    values: Array = bits.reshape(count, element.bits) @ weights
    if element.name == "int4":
        values = ((values.astype(np.int8) ^ 8) - 8).astype(np.int8)
    return values
