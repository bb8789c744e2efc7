"""Damaged bundles for ONNX Runtime and Core ML, in Python: a sentence, or one image.

20 of each, or as many as LAZYDIT_OTHER_MUTATIONS says, counted from seed LAZYDIT_FIRST_MUTATION.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from lazydit.errors import LazyDiTError
from lazydit_export.export import export
from lazydit_export.recipe import ExportRecipe
from lazydit_export.report import Report
from lazydit_export.targets import find_target
from lazydit_export.targets.target import TargetOptions
from lazydit_runtime import Pipeline
from tests.conftest import SmallBundle
from tests.fuzz.mutations import Files, Mutation, mutate

MUTATIONS = int(os.environ.get("LAZYDIT_OTHER_MUTATIONS", "20"))
FIRST = int(os.environ.get("LAZYDIT_FIRST_MUTATION", "0"))
EXECUTORS = {"onnx": "onnxruntime", "ios": "coreml-evaluator"}


@pytest.fixture(scope="module", params=EXECUTORS)
def target(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def files(
    target: str, small_bundle: SmallBundle, tmp_path_factory: pytest.TempPathFactory
) -> Files:
    folder = tmp_path_factory.mktemp(target) / "bundle"
    gates, recipe_target = (small_bundle.gate_file,), find_target(target, TargetOptions("fp32"))
    recipe = ExportRecipe(small_bundle.checkpoint, gates, recipe_target, folder, "small")
    export(recipe, Report(Console(quiet=True), verbose=False))
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def drawn(bundle: Path, executor: str, seed: int) -> "str | np.ndarray":
    """The sentence or the latent; half of the bundles draw with their gates."""
    try:
        with Pipeline.load(bundle, executor) as pipeline:
            if seed % 2:
                return pipeline.generate(0, policy="always", steps=2).latent
            return pipeline.generate(0, policy="lazy").latent
    except LazyDiTError as error:
        return str(error)


def test_damaged_bundles_are_refused_with_a_sentence_or_drawn(
    files: Files, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = tmp_path / "sound"
    Mutation("none", files).write(sound)
    assert isinstance(drawn(sound, EXECUTORS[target], 0), np.ndarray)
    outcomes: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + MUTATIONS):
        bundle = tmp_path / str(seed)
        bundle.mkdir()
        mutate(files, seed).write(bundle)
        try:
            outcome = drawn(bundle, EXECUTORS[target], seed)
        except Exception as error:
            raise AssertionError(f"mutation {seed}, left in {bundle}: {error!r}") from error
        if isinstance(outcome, str):
            assert outcome and "\n" not in outcome, repr(outcome)
        outcomes["refused" if isinstance(outcome, str) else "an image"] += 1
        shutil.rmtree(bundle)
    with capsys.disabled():
        print(f"\n{target}: {dict(outcomes)}", end="")
    assert outcomes["refused"]
