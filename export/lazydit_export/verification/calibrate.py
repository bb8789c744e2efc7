"""What a gate set's threshold trades: the lazy ratio against the likeness to policy `always`."""

import math
from collections.abc import Sequence

import numpy as np

from lazydit_export.verification.compare import psnr
from lazydit_export.verification.runs import Case, Image, Runs, run_bundle
from lazydit_runtime.manifest import CalibrationPoint
from lazydit_runtime.pipeline import Pipeline

SHARES = (0.1, 0.25, 0.5, 0.75)
"""The shares of a gate set's scores that the thresholds lie above.

Learned gates answer near 0 or near 1: thresholds at equal distances would all do the same.
"""


def calibrate(
    pipeline: Pipeline,
    case: Case,
    images: Sequence[Image],
    stored: Runs,
    always: Runs,
    peak: float | None,
) -> tuple[CalibrationPoint, ...]:
    """Points of ascending threshold for the gate set of `case`.

    `stored` and `always` are the bundle's own runs of the same images, with the gate set's own
    thresholds and without gates. With a `peak`, latents are images in [-1, 1].
    """
    gates = case.gates
    assert gates is not None
    runs = {
        threshold: run_bundle(pipeline, case, images, threshold)
        for threshold in _thresholds(stored)
    }
    if gates.threshold_attn == gates.threshold_mlp:
        runs[gates.threshold_attn] = stored
    return tuple(
        CalibrationPoint(threshold, round(run.lazy_ratio, 4), _likeness(always, run, peak))
        for threshold, run in sorted(runs.items())
    )


def _thresholds(stored: Runs) -> list[float]:
    scores = stored.scores[np.isfinite(stored.scores)]
    if scores.size == 0:
        return []
    return sorted({float(f"{value:.4g}") for value in np.quantile(scores, SHARES)})


def _likeness(always: Runs, run: Runs, peak: float | None) -> float | None:
    """PSNR in dB over all images, None where they are equal."""
    reference, found = always.latents, run.latents
    if peak is not None:
        reference, found = np.clip(reference, -1, 1), np.clip(found, -1, 1)
    value = psnr(reference, found, peak)
    return round(value, 2) if math.isfinite(value) else None
