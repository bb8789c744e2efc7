"""The work folder: what was drawn and judged so far, so that an interrupted run goes on.

One file per case and batch, each written whole or not at all; several processes may share it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluation.cases import Case
from evaluation.runners import Drawn
from lazydit.errors import LazyDiTError
from lazydit.files import replace_file

SETTINGS = "settings.json"


@dataclass(frozen=True, eq=False)
class Judged:
    """Of a batch of B images: `error` float64 [B], the mean squared one against the reference;
    `runs` int64 [B, 2] as in Drawn; `features` float32 [B, F] and `predicted` int64 [B], both empty
    [B, 0] without a network for them."""

    error: NDArray[np.float64]
    runs: NDArray[np.int64]
    features: NDArray[np.float32]
    predicted: NDArray[np.int64]


Part = TypeVar("Part", Drawn, Judged)


class WorkFolder:
    """Reads and writes the files of one run."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Make the folder, or open the one that a run with the same `settings` has made.

        Raises LazyDiTError when it belongs to other settings or is no such folder.
        """
        self._folder = folder
        path = folder / SETTINGS
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LazyDiTError(
                f"cannot make {folder} ({error.strerror}): give another folder with --work"
            ) from error
        if path.exists():
            self._check(path, settings)
        elif any(folder.iterdir()):
            raise LazyDiTError(f"{folder} holds other files: give a folder of its own with --work")
        else:
            text = json.dumps(dict(settings), indent=1)
            replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    def drawn(self, case: Case, batch: int, count: int) -> Drawn | None:
        """What was kept of batch number `batch`; None unless it has `count` images."""
        return _read(self._path(case, batch, "drawn"), Drawn, count)

    def keep_drawn(self, case: Case, batch: int, drawn: Drawn) -> None:
        self._write(self._path(case, batch, "drawn"), drawn)

    def judged(self, case: Case, batch: int, count: int, judge: str) -> Judged | None:
        """The same of what `judge`, whose name goes into a file name, has found."""
        return _read(self._path(case, batch, f"judged-{judge}"), Judged, count)

    def keep_judged(self, case: Case, batch: int, judge: str, judged: Judged) -> None:
        self._write(self._path(case, batch, f"judged-{judge}"), judged)

    def _path(self, case: Case, batch: int, what: str) -> Path:
        return self._folder / case.key / f"{what}-{batch:05}.npz"

    def _write(self, path: Path, part: Drawn | Judged) -> None:
        path.parent.mkdir(exist_ok=True)
        arrays = {field.name: getattr(part, field.name) for field in fields(part)}

        def write(temporary: Path) -> None:
            with temporary.open("wb") as opened:
                np.savez(opened, **arrays)

        replace_file(path, write)

    def _check(self, path: Path, settings: Mapping[str, Any]) -> None:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            differing = [name for name in settings if kept.get(name) != settings[name]]
        except (OSError, ValueError, AttributeError) as error:
            raise LazyDiTError(
                f"{path} cannot be read: remove {self._folder} to start anew"
            ) from error
        if differing:
            raise LazyDiTError(
                f"{self._folder} holds images of another {', '.join(differing)}: give another "
                "folder with --work, or remove this one to start anew"
            )


def _read(path: Path, kind: type[Part], count: int) -> Part | None:
    names = [field.name for field in fields(kind)]
    try:
        with np.load(path, allow_pickle=False) as arrays:
            part = kind(**{name: arrays[name] for name in names})
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        # Missing or damaged: it is made again.
        return None
    return part if len(part.runs) == count else None
