"""What is to be exported, read and checked before anything is made."""

import re
from dataclasses import dataclass
from pathlib import Path

from lazydit.checkpoints import checkpoint_sha256, load_checkpoint
from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet, load_gates
from lazydit.models.dit import DiT
from lazydit_export.targets.target import Target

_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class ExportRecipe:
    """One export: which files, for which target, to where.

    `heads` is what `load_checkpoint` takes; `force` lets a new bundle replace the one at `out`;
    `calibration_images` is how many images the lazy ratios are measured on, 0 to leave them out,
    None for a number that goes with the model's size.
    """

    checkpoint: Path
    gates: tuple[Path, ...]
    target: Target
    out: Path
    name: str
    heads: int | None = None
    force: bool = False
    calibration_images: int | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """The model and the gate sets that a recipe names."""

    model: DiT
    checkpoint_sha256: str
    gate_sets: tuple[GateSet, ...]


def read_source(recipe: ExportRecipe) -> Source:
    """Reads the recipe's files; LazyDiTError when one is unusable or does not fit the model."""
    model = load_checkpoint(recipe.checkpoint, recipe.heads)
    gate_sets = tuple(gates for path in recipe.gates for gates in load_gates(path))
    for gates in gate_sets:
        if not _FILE_NAME.fullmatch(gates.name):
            raise LazyDiTError(
                f"{gates.name!r} cannot be the name of a file: call the gate set otherwise, in "
                "letters, digits, dots and hyphens"
            )
        gates.check_model(model.config)
        gates.check_schedule(Schedule.spaced(gates.steps))
    names = [gates.name for gates in gate_sets]
    for name in names:
        if names.count(name) > 1:
            raise LazyDiTError(f"two gate sets are called {name}: give one of them only")
    return Source(model, checkpoint_sha256(recipe.checkpoint), gate_sets)
