"""What a stopped export has finished, for the next one to go on with."""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import lazydit
from lazydit.errors import LazyDiTError
from lazydit.files import replace_file, sha256
from lazydit_export.recipe import ExportRecipe, Source
from lazydit_export.targets.target import Lowered


class KeptFiles:
    """Lowered files beside `out`, each with a record of the settings and the content it has.

    A record is written last and whole, so that a file that has one is finished, whatever ended the
    export: an interrupt, a kill, a power cut. What settings or content do not vouch for is not
    used. Files are linked, where the disk can, and take no room twice.
    """

    def __init__(self, recipe: ExportRecipe, source: Source) -> None:
        self._folder = recipe.out.absolute().parent / f".{recipe.out.name}.kept"
        self._settings = _settings(recipe, source)

    def take(self, file: str, directory: Path) -> list[Lowered] | None:
        """Puts a kept file where the bundle is made, and says what is in it; None if none is kept.

        `file` is its path within the bundle.
        """
        kept, record = self._places(file)
        try:
            content = json.loads(record.read_text(encoding="utf-8"))
            if content["settings"] != self._settings or content["sha256"] != sha256(kept):
                return None
            lowered = [
                Lowered(**{**program, "leftover_ops": tuple(program["leftover_ops"])})
                for program in content["lowered"]
            ]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        _link(kept, directory / file)
        return lowered

    def keep(self, file: str, directory: Path, lowered: Sequence[Lowered]) -> None:
        """Keeps a finished file; where the disk refuses, the next export has to make it again."""
        kept, record = self._places(file)
        content = {
            "settings": self._settings,
            "sha256": sha256(directory / file),
            "lowered": [dataclasses.asdict(program) for program in lowered],
        }
        try:
            self._folder.mkdir(exist_ok=True)
            kept.unlink(missing_ok=True)
            _link(directory / file, kept)
            replace_file(record, lambda path: path.write_text(json.dumps(content)))
        except (OSError, LazyDiTError):
            kept.unlink(missing_ok=True)

    def remove(self) -> None:
        """Nothing is kept any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _places(self, file: str) -> tuple[Path, Path]:
        name = file.replace("/", "-")
        return self._folder / name, self._folder / f"{name}.json"


def _settings(recipe: ExportRecipe, source: Source) -> str:
    """Changes with all that the lowered files are made of."""
    target = recipe.target
    made_of = {
        "checkpoint": source.checkpoint_sha256,
        "config": dataclasses.asdict(source.model.config),
        "target": target.name,
        "precision": target.precision,
        "versions": {package: version(package) for package in ("torch", *target.packages)},
        "lazydit": lazydit.__version__,
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _link(existing: Path, new: Path) -> None:
    try:
        os.link(existing, new)
    except OSError:
        shutil.copyfile(existing, new)
