"""A Core ML package once it is read: functions, operations and values, with their types."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lazydit_export.coreml.element_types import Array

Shape = tuple[int | None, ...]
"""Sizes; None is one that is known when the program runs: T, the number of timesteps."""


@dataclass(frozen=True)
class TensorType:
    """Element type, by the name that casts use, and shape. A scalar's shape is ()."""

    dtype: str
    shape: Shape

    def __str__(self) -> str:
        sizes = ", ".join("T" if size is None else str(size) for size in self.shape)
        return f"{self.dtype} [{sizes}]"


@dataclass(frozen=True)
class Value:
    """A name and the type that is declared for it."""

    name: str
    type: TensorType


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that the package holds: a view of the weight file, or an immediate."""

    type: TensorType
    array: Array


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation. A parameter's arguments are names of earlier values, or constants."""

    type: str
    parameters: Mapping[str, tuple[str | Constant, ...]]
    outputs: tuple[Value, ...]


@dataclass(frozen=True)
class Feature:
    """An input as callers of Core ML see it.

    `ranges` holds the smallest and largest size of every dimension (None: unbounded).
    """

    name: str
    ranges: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, eq=False)
class Function:
    """A function; `features` say of its inputs which sizes callers may give."""

    name: str
    inputs: tuple[Value, ...]
    features: tuple[Feature, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Package:
    """A package; `specification` is the version of Core ML's format (9: iOS 18, 8: iOS 17)."""

    path: Path
    specification: int
    functions: Mapping[str, Function]
