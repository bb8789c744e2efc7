"""The measures of all cases: error, PSNR, accuracy and Frechet distance, each with replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.frechet import fit, frechet_distance
from evaluation.replicates import Replicated, bootstrap, groups_left_out, jackknife
from evaluation.work import Judged

PEAK = 2.0
"""Images lie in [-1, 1]."""

LEAST_ERROR = 1e-14
"""Float32's rounding at PEAK: a PSNR of 146 dB, where equal images would have an infinite one."""


@dataclass(frozen=True, eq=False)
class Measures:
    """Of K cases, in their order; None where the images allow no such measure."""

    error: Replicated
    psnr: Replicated | None
    accuracy: Replicated | None
    frechet: Replicated | None


def measures_of(
    judged: Sequence[Judged],
    labels: NDArray[np.int64],
    pixels: bool,
    frechet_to: NDArray[np.float32] | Judged | None,
) -> Measures:
    """`labels` [N] are those asked for. `frechet_to` is the features [M, F] of real images or what
    was judged of the reference; None leaves the Frechet distance out.

    Raises LazyDiTError when images are too few.
    """
    error = np.stack([case.error for case in judged], axis=1)
    predicted = [case.predicted for case in judged]
    accuracy = None
    if all(found.ndim == 1 for found in predicted):
        accuracy = bootstrap(
            np.stack([found == labels for found in predicted], axis=1).astype(float)
        )
    return Measures(
        error=bootstrap(error),
        psnr=bootstrap(psnr_of(error)) if pixels else None,
        accuracy=accuracy,
        frechet=None if frechet_to is None else _frechet(judged, frechet_to),
    )


def psnr_of(error: NDArray[np.float64]) -> NDArray[np.float64]:
    """dB of mean squared errors of images in [-1, 1]."""
    decibels: NDArray[np.float64] = 10 * np.log10(PEAK**2 / np.maximum(error, LEAST_ERROR))
    return decibels


def _frechet(judged: Sequence[Judged], to: NDArray[np.float32] | Judged) -> Replicated:
    images = len(judged[0].features)
    rows = [np.ones(images, np.bool_), *groups_left_out(images)]
    distances = np.empty((len(rows), len(judged)))
    real = None if isinstance(to, Judged) else fit(to)
    for i, chosen in enumerate(rows):
        # Noise is shared with the reference, so that its images are left out together with ours.
        target = fit(to.features[chosen]) if isinstance(to, Judged) else real
        for k, case in enumerate(judged):
            distances[i, k] = frechet_distance(fit(case.features[chosen]), target)
    return jackknife(distances[0], distances[1:])
