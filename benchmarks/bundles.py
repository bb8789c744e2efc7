"""Bundles of the models to measure, exported once and kept in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from apple import swift
from lazydit import __version__
from lazydit.errors import LazyDiTError
from lazydit.files import existing_file, sha256
from lazydit.quiet import quiet_stderr
from lazydit_runtime.executors import executor_for
from lazydit_runtime.manifest import FILE_NAME
from models import Weights

if TYPE_CHECKING:
    from lazydit_export.recipe import ExportRecipe

TARGETS = ("android", "onnx", "ios")

TOOLS = ("torch", "executorch", "onnx", "onnxruntime", "torchao")
"""The packages that make the files that are kept."""


def default_cache() -> Path:
    """The folder `lazydit-benchmarks` under the user's cache directory."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "lazydit-benchmarks"


def make_cache(folder: Path) -> Path:
    """Makes the folder where it is missing; LazyDiTError when that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LazyDiTError(
            f"cannot make {folder} ({error.strerror}): give another folder with --cache"
        ) from error
    return folder


def target_for(executor: str | None) -> str:
    """The target whose bundles `executor` is made for; android for one that takes any."""
    engine = (executor or "").partition(":")[0]
    if engine in swift.TARGETS:
        return swift.TARGETS[engine]
    return next((name for name in TARGETS if executor_for(name) == engine), "android")


def versions() -> dict[str, str]:
    """What makes and runs the programs, as far as it is installed."""
    found = {"lazydit": __version__}
    for tool in TOOLS:
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found


def cache_key(weights: Weights) -> str:
    """Changes with whatever the kept files are made of: weights, gates, tools, the exporter.

    The exporter's sources count too, so that a new cut is never measured by an old file.
    """
    import lazydit_export

    folder = Path(lazydit_export.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    made_of = {
        "weights": [sha256(existing_file(p, "file")) for p in (weights.checkpoint, *weights.gates)],
        "versions": versions(),
        "sources": [sha256(path) for path in sources],
    }
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]


def find_bundle(weights: Weights, target: str, precision: str, cache: Path) -> Path:
    """The bundle of this model, exported into `cache` where it is not there yet.

    The parity gate is part of the export. Raises LazyDiTError when it cannot be made.
    """
    folder = cache / f"{weights.name}-{target}-{precision}-{cache_key(weights)}"
    if not (folder / FILE_NAME).is_file():
        with quiet_stderr():
            recipe = recipe_for(weights, target, precision, folder)
        print(f"exporting {weights.name} for {target}, {precision}, once", file=sys.stderr)
        with quiet_stderr():
            export_bundle(recipe)
    return folder


# The imports of these two are local: what the exporter needs takes seconds, and a bundle that is
# kept needs none of it.


def recipe_for(weights: Weights, target: str, precision: str, folder: Path) -> ExportRecipe:
    """Raises LazyDiTError when the target has no such precision."""
    from lazydit_export.recipe import ExportRecipe
    from lazydit_export.targets import find_target
    from lazydit_export.targets.target import TargetOptions

    return ExportRecipe(
        checkpoint=weights.checkpoint,
        gates=weights.gates,
        target=find_target(target, TargetOptions(precision)),
        out=folder,
        name=weights.name,
    )


def export_bundle(recipe: ExportRecipe) -> None:
    """Exports without a word; the progress bar shows on a terminal."""
    from rich.console import Console

    from lazydit_export.export import export
    from lazydit_export.report import Report

    export(recipe, Report(Console(quiet=True), verbose=False))
