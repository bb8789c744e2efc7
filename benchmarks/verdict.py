"""Whether the rounds allow a conclusion: ratios pair by pair, round by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

FEWEST_ROUNDS = 5
WIDEST_SPREAD = 0.25
"""The distance of the quartiles over the median, beyond which a ratio says nothing."""

BUSY_SPREAD = 0.1
"""The same of matrix products that do the same in every round: what the machine alone adds."""

Verdict = Literal["faster", "slower", "unclear"]


@dataclass(frozen=True)
class Conclusion:
    """The ratio of two cases' times: median and quartiles of the rounds."""

    ratio: float
    low: float
    high: float
    verdict: Verdict


def spread(values: Sequence[float]) -> float:
    """The distance of the quartiles over the median."""
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return float((high - low) / median)


def conclude(times: Sequence[float], baseline: Sequence[float]) -> Conclusion:
    """`times` over `baseline`, both by round.

    The verdict is "unclear" when half of the rounds lie on either side of 1 or far apart, or when
    there are too few.
    """
    ratios = [ours / theirs for ours, theirs in zip(times, baseline, strict=True)]
    low, high = (float(value) for value in np.quantile(ratios, (0.25, 0.75)))
    verdict: Verdict = "faster" if high < 1 else "slower"
    if low <= 1 <= high or len(ratios) < FEWEST_ROUNDS or spread(ratios) > WIDEST_SPREAD:
        verdict = "unclear"
    return Conclusion(statistics.median(ratios), low, high, verdict)
