"""The slider on the demo's bundle: a wish for a lazy ratio, counted on a hundred other images."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lazydit_export.verification.gate import CALIBRATION_IMAGES, Subject, measure_all_ratios
from lazydit_export.verification.runs import Case, run_bundle
from lazydit_runtime import Pipeline

IMAGES = 100
FIRST_SEED = 1000


@pytest.fixture(scope="module")
def calibrated(open_demo: Callable[[str, str], Any]) -> Pipeline:
    """The demo on ExecuTorch with the lazy ratios that an export would have measured."""
    demo = open_demo("android", "fp32")
    bundle, gate_sets = demo.pipeline.bundle, demo.source.gate_sets
    subject = Subject(demo.pipeline, demo.source.model, (), gate_sets)
    guidance = bundle.manifest.defaults.guidance
    cases = [Case(gates.steps, guidance, gates) for gates in gate_sets]
    runs = {case: run_bundle(demo.pipeline, case, subject.images) for case in cases}
    ratios = measure_all_ratios(subject, runs, CALIBRATION_IMAGES, lambda _: None)
    manifest = dataclasses.replace(bundle.manifest, lazy_ratios=ratios)
    return Pipeline(dataclasses.replace(bundle, manifest=manifest), demo.pipeline.executor)


@pytest.mark.parametrize(
    ("steps", "wish"), [(10, 0.12), (10, 0.3), (10, 0.42), (10, 0.7), (20, 0.2), (20, 0.55)]
)
def test_a_wish_is_met_within_five_points_on_average(
    calibrated: Pipeline, steps: int, wish: float
) -> None:
    reused = [
        np.mean(
            ~calibrated.generate(
                index % 10, seed=FIRST_SEED + index, steps=steps, lazy_ratio=wish
            ).trace.ran
        )
        for index in range(IMAGES)
    ]
    assert np.mean(reused) == pytest.approx(wish, abs=0.05)


def test_nothing_to_reuse_is_plain_ddim_bit_for_bit(calibrated: Pipeline) -> None:
    lazy = calibrated.generate(3, seed=1, steps=10, lazy_ratio=0)
    np.testing.assert_array_equal(
        lazy.latent, calibrated.generate(3, seed=1, steps=10, policy="always").latent
    )
