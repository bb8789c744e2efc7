"""Weight files of Core ML packages: MIL's blob storage, version 2.

A file begins with 64 bytes of header (count, version). A blob is 64 bytes of metadata on a 64-byte
boundary (sentinel, element type, size and offset of its data) and the data, on such a boundary too.
Programs refer to the offset of the metadata.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lazydit_export.coreml.element_types import Array, ElementType, packed_bytes, unpack
from lazydit_export.coreml.faults import EXPORT_AGAIN, UPDATE, Fault

VERSION = 2
ALIGNMENT = 64
SENTINEL = 0xDEADBEEF

_HEADER = struct.Struct("<II56x")
_METADATA = struct.Struct("<IIQQ40x")
_TRUNCATED = f"copy the file again, or {EXPORT_AGAIN}"


class WeightFile:
    """A weight file, mapped into memory: what is read are views where the format allows it."""

    def __init__(self, path: Path) -> None:
        """Map the file; Fault when it is not one of version 2."""
        self._name = path.name
        if not path.is_file():
            raise Fault(f"its weight file {path.name} is missing", _TRUNCATED)
        if path.stat().st_size < _HEADER.size:
            raise Fault(f"its weight file {path.name} is truncated", _TRUNCATED)
        self._bytes: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")
        _, version = _HEADER.unpack_from(self._bytes.data)
        if version != VERSION:
            raise Fault(
                f"its weight file {path.name} is of version {version} instead of {VERSION}", UPDATE
            )

    def read(self, offset: int, element: ElementType, count: int) -> Array:
        """The `count` elements [count] of the blob whose metadata lie at `offset`.

        Fault when there is no such blob, or one of another type or size.
        """
        name = self._name
        if offset % ALIGNMENT or offset < _HEADER.size:
            raise Fault(f"it refers to weights at byte {offset} of {name}, where none can be")
        if offset + _METADATA.size > self._bytes.size:
            raise Fault(f"its weight file {name} is truncated before byte {offset}", _TRUNCATED)
        sentinel, blob_type, size, start = _METADATA.unpack_from(self._bytes.data, offset)
        if sentinel != SENTINEL:
            raise Fault(f"there are no weights at byte {offset} of {name}")
        if start % ALIGNMENT or start < offset + _METADATA.size:
            raise Fault(f"the weights at byte {offset} of {name} lie at byte {start}, out of order")
        if start + size > self._bytes.size:
            raise Fault(
                f"its weight file {name} has {self._bytes.size} bytes instead of at least "
                f"{start + size}, it is truncated",
                _TRUNCATED,
            )
        if blob_type != element.blob or size != packed_bytes(element, count):
            raise Fault(
                f"the weights at byte {offset} of {name} ({size} bytes of type {blob_type}) are "
                f"not the {count} of type {element.name} that the program declares"
            )
        return unpack(self._bytes[start : start + size], element, count)
