"""What a written package holds: the operators and the weights of every function."""

import hashlib
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from mmap import ACCESS_READ, mmap
from pathlib import Path

from coremltools.proto import MIL_pb2, Model_pb2

from lazydit_export.coreml.package import MODEL_FILE, WEIGHT_FILE
from lazydit_export.targets.target import StoredWeight

# Before the values of a weight: a mark, the element type, the number of bytes and where they are.
_METADATA = struct.Struct("<IIQQ")


@dataclass(frozen=True)
class FunctionSurvey:
    """`operators` counts by kind what a run computes: neither constants, nor what unpacks weights
    when the function is loaded."""

    operators: Counter[str]
    weights: tuple[StoredWeight, ...]


def survey(package: Path) -> dict[str, FunctionSurvey]:
    """Every function of a package that has just been written."""
    model = Model_pb2.Model.FromString((package / MODEL_FILE).read_bytes())
    blobs = _Blobs(package)
    return {
        name: FunctionSurvey(
            Counter(kind for kind in _kinds(function) if kind.partition("_")[0] not in _NOT_RUN),
            tuple(blobs.find(offset) for offset in sorted(set(_offsets(function)))),
        )
        for name, function in model.mlProgram.functions.items()
    }


_NOT_RUN = ("const", "constexpr")


def _operations(function: MIL_pb2.Function) -> list[MIL_pb2.Operation]:
    (block,) = function.block_specializations.values()
    return list(block.operations)


def _kinds(function: MIL_pb2.Function) -> list[str]:
    return [operation.type for operation in _operations(function)]


def _offsets(function: MIL_pb2.Function) -> Iterator[int]:
    for operation in _operations(function):
        bound = (argument.arguments for argument in operation.inputs.values())
        values = (binding.value for binding in chain.from_iterable(bound))
        for value in chain(operation.attributes.values(), values):
            if value.WhichOneof("value") == "blobFileValue":
                yield value.blobFileValue.offset


class _Blobs:
    """The weight file of a package, which a package without large weights does not have."""

    def __init__(self, package: Path) -> None:
        path = package / WEIGHT_FILE
        self._name = f"{package.name}/{WEIGHT_FILE}"
        self._content = memoryview(b"")
        if path.is_file():
            with path.open("rb") as opened:
                self._content = memoryview(mmap(opened.fileno(), 0, access=ACCESS_READ))

    def find(self, offset: int) -> StoredWeight:
        """The weight whose metadata lie at `offset`."""
        _, _, size, start = _METADATA.unpack_from(self._content, offset)
        digest = hashlib.sha256(self._content[start : start + size]).hexdigest()
        return StoredWeight(self._name, offset, size, digest)
