"""What an operator is made of: typed operands in, kernels out.

An operator is a function `Call -> Kernel`, one kernel per output. It reads its parameters, works
out the type of what it computes before anything is run, and binds what is constant. Running a
program is then nothing but calling its kernels one after the other.

Floating-point values are float32 arrays in either precision. One that is declared fp16 is rounded
to fp16 after the operation that computes it; inside an operation sums and products stay in fp32.
Core ML's engines differ in how they accumulate and document none of it; fp32 is what their GPU and
CPU kernels commonly do, and the rounding of every stored value is the part that none can avoid.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lazydit_export.coreml.element_types import Array
from lazydit_export.coreml.faults import UPDATE, Fault
from lazydit_export.coreml.program import Shape, TensorType

FLOATS = ("fp16", "fp32")
INTEGERS = ("int32", "int16", "uint16")


@dataclass(frozen=True, eq=False)
class Operand:
    """An argument: a constant, which `array` holds, or what `name` stands for when it is run."""

    type: TensorType
    name: str = ""
    array: Array | None = None

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def dtype(self) -> str:
        return self.type.dtype


@dataclass(frozen=True, eq=False)
class Kernel:
    """How one value is computed: `run` of what `operands` stand for.

    `moves`: it only moves values about, so that there is nothing to round.
    """

    type: TensorType
    run: Callable[..., Array]
    operands: tuple[Operand, ...]
    moves: bool = False


class Call:
    """The parameters of one operation; Fault where one is not what the operator takes."""

    def __init__(self, type_: str, parameters: dict[str, tuple[Operand, ...]]) -> None:
        self.type = type_
        self._parameters = parameters
        self._read: set[str] = set()

    def check_all_read(self) -> None:
        """Fault when there is a parameter that the operator does not know."""
        unknown = sorted(self._parameters.keys() - self._read)
        if unknown:
            raise Fault(f"the parameter {unknown[0]} of {self.type} is not known", UPDATE)

    def tensors(self, name: str) -> tuple[Operand, ...]:
        """All arguments of a parameter."""
        self._read.add(name)
        if not self._parameters.get(name):
            raise Fault(f"an operation {self.type} has no parameter {name}")
        return self._parameters[name]

    def tensor(self, name: str) -> Operand:
        """The one argument of a parameter."""
        operands = self.tensors(name)
        if len(operands) != 1:
            raise Fault(f"the parameter {name} of {self.type} has {len(operands)} arguments")
        return operands[0]

    def floats(self, name: str) -> Operand:
        """The one argument of a parameter, which must be floating-point."""
        operand = self.tensor(name)
        if operand.dtype not in FLOATS:
            raise Fault(f"the parameter {name} of {self.type} is of type {operand.dtype}")
        return operand

    def constant(self, name: str, dtypes: Sequence[str]) -> Array:
        """A parameter that must be constant and of one of these element types."""
        operand = self.tensor(name)
        if operand.array is None or operand.dtype not in dtypes:
            raise Fault(f"the parameter {name} of {self.type} is no constant of {dtypes[0]}")
        return operand.array

    def weight(self, name: str, like: Operand, shape: Shape) -> Array:
        """Constant weights of the element type of `like` and of this shape (None: any size)."""
        array = self.constant(name, (like.dtype,))
        if len(array.shape) != len(shape) or any(
            wanted not in (None, size) for size, wanted in zip(array.shape, shape, strict=True)
        ):
            raise Fault(
                f"the parameter {name} of {self.type} has shape {list(array.shape)}, which does "
                "not fit"
            )
        return array

    def optional_weight(self, name: str, like: Operand, shape: Shape) -> Array | None:
        """The same, None where the parameter is left out."""
        return self.weight(name, like, shape) if self.has(name) else None

    def has(self, name: str) -> bool:
        """Whether the parameter is given."""
        return name in self._parameters

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """A constant vector of integers."""
        if default is not None and not self.has(name):
            return list(default)
        array = self.constant(name, INTEGERS)
        if array.ndim != 1:
            raise Fault(f"the parameter {name} of {self.type} is no vector")
        return [int(value) for value in array]

    def integer(self, name: str, default: int | None = None) -> int:
        """A constant integer."""
        return int(self._scalar(name, INTEGERS, default))

    def flag(self, name: str, default: bool | None = None) -> bool:
        """A constant boolean."""
        return bool(self._scalar(name, ("bool",), default))

    def text(self, name: str, default: str | None = None) -> str:
        """A constant string."""
        return str(self._scalar(name, ("string",), default))

    def number(self, name: str, default: float | None = None) -> float:
        """A constant floating-point number."""
        return float(self._scalar(name, FLOATS, default))

    def _scalar(self, name: str, dtypes: Sequence[str], default: Any) -> Any:
        if default is not None and not self.has(name):
            return default
        array = self.constant(name, dtypes)
        if array.shape != ():
            raise Fault(f"the parameter {name} of {self.type} is no scalar")
        return array.item()

    def axis(self, name: str, rank: int, default: int | None = None) -> int:
        """A constant axis of a tensor of this rank, from 0."""
        return self._wrapped(name, self.integer(name, default), rank)

    def axes(self, name: str, rank: int) -> tuple[int, ...]:
        """Constant axes of a tensor of this rank, from 0, each once."""
        axes = tuple(self._wrapped(name, axis, rank) for axis in self.integers(name))
        if len(set(axes)) != len(axes):
            raise Fault(f"the parameter {name} of {self.type} names an axis twice")
        return axes

    def _wrapped(self, name: str, axis: int, rank: int) -> int:
        if not -rank <= axis < rank:
            raise Fault(f"the parameter {name} of {self.type} is {axis} for rank {rank}")
        return axis % rank


def same_dtype(call: Call, *operands: Operand) -> str:
    """The element type that all have in common; Fault when they differ."""
    dtypes = {operand.dtype for operand in operands}
    if len(dtypes) != 1:
        raise Fault(f"an operation {call.type} takes {' and '.join(sorted(dtypes))} together")
    return operands[0].dtype


def broadcast(call: Call, *shapes: Shape) -> Shape:
    """The shape that these broadcast to, as in NumPy; T goes with T and with 1."""
    rank = max(map(len, shapes))
    result: list[int | None] = []
    for sizes in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            raise Fault(f"an operation {call.type} takes tensors of {text_of(*shapes)} together")
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def known(call: Call, shape: Shape) -> tuple[int, ...]:
    """The sizes of a shape that must have no T in it."""
    if None in shape:
        raise Fault(f"an operation {call.type} takes a tensor of shape {text_of(shape)}")
    return tuple(size for size in shape if size is not None)


def known_count(shape: Shape) -> int:
    """The product of all sizes but T."""
    return math.prod(size for size in shape if size is not None)


def text_of(*shapes: Shape) -> str:
    """Shapes as errors show them."""
    return " and ".join(str(["T" if size is None else size for size in s]) for s in shapes)
