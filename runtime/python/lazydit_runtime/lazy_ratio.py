"""From a lazy ratio that is wished for to the gate set, thresholds and limit that give it."""

import math
from collections.abc import Sequence

from lazydit.errors import LazyDiTError
from lazydit_runtime.manifest import LazyRatios, Manifest, RatioPoint
from lazydit_runtime.policies import Always, Lazy, ThresholdPair

SLACK = 0.02
"""How far beyond the largest ratio that was measured a wish may lie: few images were measured."""


def policy_for(manifest: Manifest, steps: int, ratio: float) -> Always | Lazy:
    """The policy that reuses about `ratio` of the modules on average: `always` for 0.

    The calibration of the step count decides. Between two points of one gate set and limit, the
    thresholds' logits are interpolated; elsewhere the nearer point is taken.
    Raises LazyDiTError where the bundle's calibration does not reach so far.
    """
    if ratio == 0:
        return Always()
    points = _calibration(manifest.lazy_ratios, steps).points
    highest = points[-1].lazy_ratio
    if not 0 < ratio <= highest + SLACK:
        raise LazyDiTError(
            f"a lazy ratio of {ratio:g} is out of reach at {steps} steps: choose from 0 to "
            f"{highest:g}"
        )
    after = next((place for place, point in enumerate(points) if point.lazy_ratio >= ratio), None)
    if after is None:
        return _at(points[-1], _pair(points[-1]))
    if after == 0:
        lowest = points[0]
        return Always() if ratio < lowest.lazy_ratio / 2 else _at(lowest, _pair(lowest))
    return _between(points[after - 1], points[after], ratio)


def _calibration(calibrated: Sequence[LazyRatios], steps: int) -> LazyRatios:
    if not calibrated:
        raise LazyDiTError(
            "this bundle has no calibration of lazy ratios: export it again, or choose gates and "
            "thresholds"
        )
    found = next((ratios for ratios in calibrated if ratios.steps == steps), None)
    if found is None:
        known = ", ".join(str(ratios.steps) for ratios in calibrated)
        raise LazyDiTError(
            f"this bundle's lazy ratios are calibrated for {known} steps, not for {steps}: choose "
            "one of these"
        )
    return found


def _between(below: RatioPoint, above: RatioPoint, ratio: float) -> Lazy:
    share = (ratio - below.lazy_ratio) / max(above.lazy_ratio - below.lazy_ratio, 1e-9)
    if (below.gates, below.max_reuse) == (above.gates, above.max_reuse):
        (attn, mlp), (attn_above, mlp_above) = _pair(below), _pair(above)
        return _at(above, (_mixed(attn, attn_above, share), _mixed(mlp, mlp_above, share)))
    nearer = below if share < 0.5 else above
    return _at(nearer, _pair(nearer))


def _mixed(below: float, above: float, share: float) -> float:
    """The score whose logit lies `share` of the way between those of two scores within 0 .. 1."""
    low, high = (math.log(score) - math.log1p(-score) for score in (below, above))
    return 1 / (1 + math.exp(-(low + share * (high - low))))


def _pair(point: RatioPoint) -> ThresholdPair:
    return point.thresholds.attn, point.thresholds.mlp


def _at(point: RatioPoint, thresholds: ThresholdPair) -> Lazy:
    return Lazy(point.gates, thresholds, point.max_reuse)
