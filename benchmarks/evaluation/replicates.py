"""Confidence intervals, paired: all policies drew the same labels from the same noise, so that what
one image has by chance, it has under all of them, and their ratio is known better than either.

Means of images are resampled (the bootstrap's percentiles: Efron and Tibshirani, "An Introduction
to the Bootstrap", 1993). The Frechet distance grows when images come twice, as they do in a
resample: for it a tenth of the images is left out in turn (the delete-a-group jackknife: Kott,
"The Delete-a-Group Jackknife", 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError
from lazydit.quality import Estimate

Array = NDArray[np.float64]

FEWEST_IMAGES = 20
RESAMPLES = 2000
GROUPS = 10
SEED = 0
_BLOCK = 50
_T_9_DEGREES = 2.2622
"""The 97.5 % quantile of Student's t distribution with GROUPS - 1 degrees of freedom."""


@dataclass(frozen=True, eq=False)
class Replicated:
    """A statistic of K cases: `value` [K] of all images, `replicates` [R, K] of parts of them, each
    row of the same part, and `interval`, which makes an Estimate of a value and its replicates."""

    value: Array
    replicates: Array
    interval: Callable[[float, Array], Estimate]

    def estimate(self, case: int) -> Estimate:
        return self.of(lambda values: values[..., case])

    def of(self, function: Callable[[Array], Array]) -> Estimate:
        """The estimate of a function of the K statistics, [..., K] -> [...]."""
        return self.interval(float(function(self.value)), function(self.replicates))


def check_enough(images: int) -> None:
    """Raises LazyDiTError where an interval would mean nothing."""
    if images < FEWEST_IMAGES:
        raise LazyDiTError(
            f"{images} images are too few for a confidence interval: draw at least "
            f"{FEWEST_IMAGES} with --images"
        )


def bootstrap(values: Array) -> Replicated:
    """The means of values [N, K] over the images."""
    count = len(values)
    random = np.random.default_rng(SEED)
    means = []
    for _ in range(RESAMPLES // _BLOCK):
        times = random.multinomial(count, np.full(count, 1 / count), size=_BLOCK)
        means.append(times @ values / count)
    return Replicated(values.mean(axis=0), np.concatenate(means), _percentiles)


def fewest_left(images: int) -> int:
    """How many images the smallest of the parts of `groups_left_out` has."""
    return images - -(-images // GROUPS)


def groups_left_out(images: int) -> Iterator[NDArray[np.bool_]]:
    """GROUPS masks [images]: each leaves out another tenth, chosen at random."""
    group = np.random.default_rng(SEED).permutation(images) % GROUPS
    return (group != left_out for left_out in range(GROUPS))


def jackknife(value: Array, left_out: Array) -> Replicated:
    """A statistic [K] of all images, and [GROUPS, K] of those that `groups_left_out` leaves."""
    return Replicated(value, left_out, _jackknife_interval)


def _percentiles(value: float, replicates: Array) -> Estimate:
    low, high = np.quantile(replicates, (0.025, 0.975))
    return Estimate(value, float(low), float(high))


def _jackknife_interval(value: float, replicates: Array) -> Estimate:
    count = len(replicates)
    deviation = np.sqrt((count - 1) / count * np.square(replicates - replicates.mean()).sum())
    half = float(_T_9_DEGREES * deviation)
    return Estimate(value, value - half, value + half)
