"""Outputs of the paper's public reference code, through an exported bundle and the core."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from lazydit_export.export import export
from lazydit_export.recipe import ExportRecipe
from lazydit_export.report import Report
from lazydit_export.targets import find_target
from lazydit_runtime import Pipeline

REFERENCE = Path(__file__).parent.parent / "data" / "reference"


@pytest.fixture(scope="module", params=itertools.product(("android", "onnx"), (7, 10)), ids=str)
def reference(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Pipeline]]:
    name, steps = request.param
    target = find_target(name)
    recipe = ExportRecipe(
        checkpoint=REFERENCE / f"dit_{steps}.pt",
        gates=(REFERENCE / f"gates_{steps}.pt",),
        target=target,
        out=tmp_path_factory.mktemp("reference") / "bundle",
        name="reference",
        heads=4,
    )
    export(recipe, Report(Console(quiet=True), verbose=False))
    with Pipeline.load(recipe.out, target.executor) as pipeline:
        yield steps, pipeline


def test_scores_decisions_and_latents(reference: tuple[int, Pipeline]) -> None:
    steps, pipeline = reference
    expected = np.load(REFERENCE / f"expected_{steps}.npz")
    cases = [name.removeprefix("latent_") for name in expected if name.startswith("latent_")]
    assert cases
    for case in cases:
        label, seed, scale = case.split("_")
        result = pipeline.generate(int(label), int(seed), steps=steps, guidance=float(scale))
        scores = expected[f"scores_{case}"].transpose(0, 2, 1)
        np.testing.assert_allclose(result.trace.scores[1:], scores, atol=1e-4)
        np.testing.assert_array_equal(result.trace.ran[1:], scores >= 0.5)
        assert result.trace.ran[0].all()
        np.testing.assert_allclose(result.latent, expected[f"latent_{case}"], atol=1e-3)
