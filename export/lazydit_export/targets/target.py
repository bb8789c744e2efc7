"""What a target is: how the split programs become files, and which executor can run them here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lazydit_export.split import Program
from lazydit_runtime.manifest import ActivationType

OnProgram = Callable[[str], None]
"""Told the name of every program once it is lowered."""


@dataclass(frozen=True)
class StoredWeight:
    """A weight that a program reads: `file` (within the bundle) and place, size, content."""

    file: str
    offset: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Lowered:
    """One program after lowering.

    `file` is a file or a package (a folder) within the bundle, `method` what the program is called
    there; `delegates` counts the pieces that the engine's accelerated backend took, `leftover_ops`
    names the operators that it did not take. `operators` counts all that a call runs, `weights`
    lists what it reads and `weight_bytes` is their size; each is empty where the target does not
    tell.
    """

    program: str
    file: str
    method: str
    delegates: int = 0
    leftover_ops: tuple[str, ...] = ()
    operators: int = 0
    weights: tuple[StoredWeight, ...] = ()
    weight_bytes: int = 0


class FinishedFiles(Protocol):
    """Files that an earlier export of the same has finished; see `kept_files.KeptFiles`."""

    def take(self, file: str, directory: Path) -> list[Lowered] | None: ...

    def keep(self, file: str, directory: Path, lowered: Sequence[Lowered]) -> None: ...


class Lower(Protocol):
    """Writes the programs into a directory.

    A target whose files are finished one after the other may take some from `finished`, and keeps
    there what it has made.
    """

    def __call__(
        self,
        programs: Sequence[Program],
        directory: Path,
        on_program: OnProgram,
        finished: FinishedFiles | None = None,
        /,
    ) -> list[Lowered]: ...


@dataclass(frozen=True)
class TargetOptions:
    """What a caller may choose of a target; None is the target's own choice.

    `precision` is one of the target's PRECISIONS, `minimum_ios` the oldest iOS that is to run the
    bundle.
    """

    precision: str | None = None
    minimum_ios: int | None = None


@dataclass(frozen=True)
class Target:
    """A recipe: `lower` writes the programs into a directory; `executor` runs them for the gate.

    `packages` are the Python packages that do the work, whose versions the manifest records;
    `formats` what a runtime must know of the files to read them: see `Manifest.formats`.
    `activation_type` is the element type of x, norm and output between programs. `whole_blocks`
    adds a program for every block, for where both its modules run whatever a gate says. `unchecked`
    says, in sentences, what the gate cannot find out on this machine.
    """

    name: str
    precision: str
    executor: str
    lower: Lower
    packages: tuple[str, ...]
    formats: Mapping[str, int] = field(default_factory=dict)
    activation_type: ActivationType = "float32"
    whole_blocks: bool = False
    unchecked: tuple[str, ...] = ()
