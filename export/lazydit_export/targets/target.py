"""What a target is: how the split programs become files, and which executor can run them here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lazydit_export.split import Program

OnProgram = Callable[[str], None]
"""Told the name of every program once it is lowered."""


@dataclass(frozen=True)
class Lowered:
    """One program after lowering.

    `file` is relative to the bundle; `delegates` counts the pieces that the engine's accelerated
    backend took, `leftover_ops` names the operators that it did not take.
    """

    program: str
    file: str
    method: str
    delegates: int
    leftover_ops: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A recipe: `lower` writes the programs into a directory; `executor` runs them for the gate."""

    name: str
    precision: str
    executor: str
    lower: Callable[[Sequence[Program], Path, OnProgram], list[Lowered]]
