"""The foretold peak memory, held against what a process really takes."""

import dataclasses
import multiprocessing
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from lazydit.checkpoints import save_checkpoint
from lazydit_export.export import split_for, write_bundle
from lazydit_export.recipe import ExportRecipe, read_source
from lazydit_export.report import Report
from lazydit_export.targets import find_target
from lazydit_runtime import Pipeline, planning
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import find_executor
from lazydit_runtime.manifest import Manifest
from lazydit_runtime.peak_memory import PeakMemory, peak_memory
from resident import peak_growth
from tests.conftest import SmallBundle, random_dit

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

STEPS = 10
WITHIN = 0.1

TOUCHED_CODE = 3_500_000
"""Of the engine. The system brings in more with it: how much more, the file system decides."""


@pytest.fixture(scope="module")
def medium_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """42 MB of fp32 weights: large against what a process takes by chance."""
    folder = tmp_path_factory.mktemp("medium")
    sizes = {"input_size": 32, "in_channels": 4, "width": 512, "heads": 8}
    save_checkpoint(random_dit(**sizes), folder / "medium.safetensors")
    (folder / "bundle").mkdir()
    target = find_target("android")
    recipe = ExportRecipe(folder / "medium.safetensors", (), target, folder / "bundle", "medium")
    source = read_source(recipe)
    programs = split_for(target, source.model)
    write_bundle(recipe, source, programs, recipe.out, Report(Console(quiet=True), verbose=False))
    return recipe.out


def measured(bundle: Path, weight_cache: str) -> int:
    """Bytes by which a process grows from before it opens the bundle to its first image."""
    os.environ["LAZYDIT_WEIGHT_CACHE"] = weight_cache
    # What Python itself takes, the engine's library included, is not the bundle's.
    find_executor("executorch")

    def draw() -> None:
        with Pipeline.load(bundle) as pipeline:
            pipeline.generate(0, steps=STEPS, policy="always")

    before = resident_code()
    growth = peak_growth(draw)
    return growth - max(0, resident_code() - before - TOUCHED_CODE)


def resident_code() -> int:
    """Bytes of shared libraries that are in this process's memory."""
    code, resident = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):
            code = ".so" in Path(line.split()[-1]).name
        elif name == "Rss:" and code:
            resident += int(rest.split()[0]) * 1024
    return resident


def in_child(bundle: Path, weight_cache: str) -> int:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (bundle, weight_cache))


def foretold(directory: Path, *, kept_weights: bool) -> PeakMemory:
    bundle = Bundle.open(directory)
    setting = planning.resolve(bundle, STEPS, None, "always")
    peak = peak_memory(bundle, setting, kept_weights=kept_weights)
    assert peak is not None
    return peak


@linux
def test_peak_without_a_weight_cache_is_as_foretold(medium_bundle: Path) -> None:
    peak = foretold(medium_bundle, kept_weights=False).total
    assert in_child(medium_bundle, "off") == pytest.approx(peak, rel=WITHIN)


@linux
def test_peak_with_kept_weights_is_as_foretold(medium_bundle: Path, tmp_path: Path) -> None:
    in_child(medium_bundle, str(tmp_path))
    assert list(tmp_path.glob("*.weights")), "the first process was to keep its weights"
    peak = foretold(medium_bundle, kept_weights=True).total
    assert in_child(medium_bundle, str(tmp_path)) == pytest.approx(peak, rel=WITHIN)


def test_more_steps_take_more_while_condition_runs(small_bundle: SmallBundle) -> None:
    bundle = Bundle.open(small_bundle.directory)
    few, many = (
        peak_memory(bundle, planning.resolve(bundle, steps, None, "always"), kept_weights=True)
        for steps in (2, 60)
    )
    assert few is not None and many is not None
    model = bundle.manifest.model
    values = 6 * model.depth * model.width + 2 * model.width
    assert many.condition - few.condition >= 58 * values * 4


def test_weights_are_those_of_the_model(small_bundle: SmallBundle) -> None:
    """All but the table of labels, the positions and what is folded into other forms."""
    programs = Manifest.read(small_bundle.directory / "manifest.json").programs
    stored = sum(spec.weight_bytes for spec in programs.values())
    blocks = sum(weight.nbytes for weight in small_bundle.model.blocks.parameters())
    every = sum(weight.nbytes for weight in small_bundle.model.parameters())
    assert blocks <= stored <= 1.2 * every


def test_bundle_that_does_not_tell_gets_no_forecast(small_bundle: SmallBundle) -> None:
    bundle = Bundle.open(small_bundle.directory)
    silent = {
        name: dataclasses.replace(spec, weight_bytes=0)
        for name, spec in bundle.manifest.programs.items()
    }
    bundle = dataclasses.replace(
        bundle, manifest=dataclasses.replace(bundle.manifest, programs=silent)
    )
    setting = planning.resolve(bundle, STEPS, None, "always")
    assert peak_memory(bundle, setting, kept_weights=True) is None
