"""Plain DDIM that costs as much as another policy: between two step counts, by interpolation.

Error and cost are interpolated as powers of each other, straight lines in logarithms: DDIM's error
falls steeply with the steps, and a straight line between two counts would lie above it, which would
flatter whoever is compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOSE = 0.02
"""As far beyond the counts that were drawn, relative, an end counts as reached."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Between:
    """A place between the entries `low` and `high` of a list, `share` of the way to `high`."""

    low: int
    high: int
    share: float

    def straight(self, values: Array) -> Array:
        """Values [..., K] there."""
        return values[..., self.low] * (1 - self.share) + values[..., self.high] * self.share

    def power(self, values: Array) -> Array:
        """Positive values [..., K] there, along a power law."""
        # A policy that draws the very reference has no error, whose logarithm would be infinite.
        return np.exp(self.straight(np.log(np.maximum(values, np.finfo(np.float64).tiny))))


def locate(cost: float, costs: Sequence[float]) -> Between | None:
    """Where `cost` lies among ascending `costs`, by their logarithms; None outside of them.

    Costs that noise has put out of order are passed over: the first pair that encloses counts.
    """
    if not costs:
        return None
    if math.isclose(cost, costs[0], rel_tol=CLOSE):
        return Between(0, 0, 0.0)
    for low, high in zip(range(len(costs)), range(1, len(costs)), strict=False):
        if costs[low] <= cost <= costs[high]:
            share = math.log(cost / costs[low]) / math.log(costs[high] / costs[low])
            return Between(low, high, share)
    last = len(costs) - 1
    return Between(last, last, 0.0) if math.isclose(cost, costs[-1], rel_tol=CLOSE) else None
