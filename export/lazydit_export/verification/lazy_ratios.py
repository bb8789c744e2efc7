"""Which gate set, thresholds and limit give which lazy ratio: measured with PyTorch's sampler.

Thresholds are moved by equal shifts of their logits. What a shift will give is foretold from the
scores of a generation with another one, so that a ratio takes about one generation to find.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from lazydit.gates import GateSet
from lazydit.policies import Lazy
from lazydit_export.verification.runs import Runs
from lazydit_runtime.manifest import LazyRatios, RatioPoint, Thresholds

WISHES = tuple(hundredths / 100 for hundredths in range(5, 85, 5))
"""The ratios that are looked for, where they can be reached. Beyond these, images fall apart."""

NEAR = 0.02
"""How near a point has to come to its wish to be taken at once."""

TRIES = 3

LARGEST_LOGIT = 16.0
"""Scores of larger logits are 0 or 1 in float32."""

UNKNOWN_TARGET = 0.5

Sampler = Callable[[Lazy], Runs]


@dataclass(frozen=True, eq=False)
class Wish:
    """A lazy ratio to look for, and with which gate set and limit."""

    ratio: float
    gates: GateSet
    max_reuse: int | None


def wishes_for(gate_sets: Sequence[GateSet]) -> list[Wish]:
    """The ratios to look for, ascending, with gate sets of one step count.

    Each ratio falls to the gate set that was learned for the nearest one, with its own limit or,
    where that does not let so much be reused, the next that does.
    """
    reachable = [ratio for ratio in WISHES if ratio <= _most(gate_sets[0].steps, None)]
    nearest = [min(gate_sets, key=partial(_distance, ratio)) for ratio in reachable]
    return [
        Wish(ratio, gates, limit_for(gates, ratio))
        for ratio, gates in zip(reachable, nearest, strict=True)
    ]


def limit_for(gates: GateSet, ratio: float) -> int | None:
    """The smallest `max_reuse` from the gate set's own on that lets so much be reused."""
    limits = range(gates.max_reuse or gates.steps, gates.steps)
    return next((limit for limit in limits if _most(gates.steps, limit) >= ratio), None)


def measure_ratios(
    wishes: Sequence[Wish],
    images: int,
    known: Mapping[str, Runs],
    sample: Sampler,
    done: Callable[[str], None],
) -> LazyRatios:
    """Points of ascending lazy ratio for `wishes`, all of one step count.

    `sample` generates `images` images, the same for every policy. `known` holds a generation of
    each gate set, by name, from which the first shift is foretold.
    """
    seen = {name: [runs] for name, runs in known.items()}
    steps = wishes[0].gates.steps
    points = []
    for wish in wishes:
        points.append(_find(wish, seen[wish.gates.name], sample))
        done(f"{steps} steps, {wish.ratio:.0%} reused")
    return LazyRatios(steps, images, tuple(sorted(points, key=lambda point: point.lazy_ratio)))


def _find(wish: Wish, seen: list[Runs], sample: Sampler) -> RatioPoint:
    """The point that comes nearest to `wish`; the generations that it took are added to `seen`."""
    tried: dict[float, float] = {}
    for _ in range(TRIES):
        nearest = min(seen, key=lambda runs: abs(runs.lazy_ratio - wish.ratio))
        shift = _foretold_shift(wish, nearest)
        if shift in tried:
            break
        attn, mlp = _shifted(wish.gates, shift)
        runs = sample(Lazy(wish.gates, attn, mlp, wish.max_reuse, wish.gates.extrapolate))
        seen.append(runs)
        tried[shift] = runs.lazy_ratio
        if abs(runs.lazy_ratio - wish.ratio) <= NEAR:
            break
    shift, ratio = min(tried.items(), key=lambda one: abs(one[1] - wish.ratio))
    thresholds = Thresholds(*_shifted(wish.gates, shift))
    return RatioPoint(wish.gates.name, thresholds, wish.max_reuse, round(ratio, 4))


def _foretold_shift(wish: Wish, runs: Runs) -> float:
    """The shift at which the decisions of these scores would reuse the wished share."""
    kinds = [_logit(wish.gates.threshold_attn), _logit(wish.gates.threshold_mlp)]
    distance = _logits(runs.scores) - np.tile(kinds, runs.scores.shape[-1] // 2)
    low, high = -3 * LARGEST_LOGIT, 3 * LARGEST_LOGIT
    for _ in range(40):
        middle = (low + high) / 2
        if _ratio(distance >= middle, wish.max_reuse) < wish.ratio:
            low = middle
        else:
            high = middle
    return high


def _ratio(willing: npt.NDArray[np.bool_], max_reuse: int | None) -> float:
    """The share reused where modules run that are `willing` [T, B, S, 2L] or at their limit."""
    reuses = np.zeros(willing.shape[1:], dtype=np.int64)
    reused = 0
    for step, step_willing in enumerate(willing):
        limited = reuses >= (len(willing) if max_reuse is None else max_reuse)
        run = step_willing | limited if step > 0 else np.ones_like(step_willing)
        reuses = np.where(run, 0, reuses + 1)
        reused += int((~run).sum())
    return reused / willing.size


def _shifted(gates: GateSet, shift: float) -> tuple[float, float]:
    """Both thresholds, moved by `shift` logits."""
    attn, mlp = (
        1 / (1 + math.exp(-max(min(_logit(threshold) + shift, LARGEST_LOGIT), -LARGEST_LOGIT)))
        for threshold in (gates.threshold_attn, gates.threshold_mlp)
    )
    return attn, mlp


def _logit(score: float) -> float:
    return float(_logits(np.array(score)))


def _logits(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    edge = 1 / (1 + math.exp(LARGEST_LOGIT))
    clipped = np.clip(scores.astype(np.float64), edge, 1 - edge)
    logits: npt.NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return logits


def _distance(ratio: float, gates: GateSet) -> float:
    """How far from `ratio` the one lies that the gates were learned for."""
    target = UNKNOWN_TARGET if gates.target_ratio is None else gates.target_ratio
    return abs(target - ratio)


def _most(steps: int, max_reuse: int | None) -> float:
    """The largest share that can be reused: the first step runs, and one in `max_reuse` + 1."""
    runs = 1 if max_reuse is None else math.ceil(steps / (max_reuse + 1))
    return 1 - runs / steps
