"""From what was measured to the rows of a QualityRun: costs, and plain DDIM at equal cost."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.cases import Case
from evaluation.equal_cost import Between, locate
from evaluation.measures import Measures
from evaluation.multiply_adds import MultiplyAdds
from evaluation.timing import image_time
from lazydit.quality import Comparison, EqualCost, Estimate, PolicyQuality


@dataclass(frozen=True, eq=False)
class Costs:
    """Of K cases: lazy ratios, multiply-adds of an image, its milliseconds by round; None where
    they are not known."""

    lazy_ratio: Sequence[float]
    multiply_adds: Sequence[float] | None
    times: Sequence[Sequence[float]] | None


def costs_of(
    cases: Sequence[Case],
    runs: NDArray[np.float64],
    modules: int,
    samples: int,
    counts: MultiplyAdds | None,
    times: dict[Case, list[float]] | None,
) -> Costs:
    """`runs` [K, 2] is the mean of the attention and feedforward modules that ran for an image, in
    all steps and `samples` samples."""
    reached = [case.steps * samples * modules for case in cases]
    lazy = [1.0 - float(ran.sum()) / whole for ran, whole in zip(runs, reached, strict=True)]
    work = None
    if counts is not None:
        work = [
            counts.of_image(case.steps, samples, *ran.tolist())
            for case, ran in zip(cases, runs, strict=True)
        ]
    return Costs(lazy, work, None if times is None else [times[case] for case in cases])


def rank(cases: Sequence[Case], measures: Measures, costs: Costs) -> tuple[PolicyQuality, ...]:
    """The rows, in the order of the cases."""
    return tuple(_row(k, cases, measures, costs) for k in range(len(cases)))


def _row(k: int, cases: Sequence[Case], measures: Measures, costs: Costs) -> PolicyQuality:
    case = cases[k]
    return PolicyQuality(
        name=case.name,
        policy=case.policy,
        family=case.family,
        steps=case.steps,
        gates=case.gates,
        extrapolate=case.extrapolate,
        lazy_ratio=costs.lazy_ratio[k],
        multiply_adds=None if costs.multiply_adds is None else costs.multiply_adds[k],
        image_ms=None if costs.times is None else image_time(costs.times[k]),
        error=measures.error.estimate(k),
        psnr=None if measures.psnr is None else measures.psnr.estimate(k),
        frechet=None if measures.frechet is None else measures.frechet.estimate(k),
        accuracy=None if measures.accuracy is None else measures.accuracy.estimate(k),
        comparisons=() if case.policy == "always" else _comparisons(k, cases, measures, costs),
    )


def _comparisons(
    k: int, cases: Sequence[Case], measures: Measures, costs: Costs
) -> tuple[Comparison, ...]:
    plain = sorted(
        (i for i, c in enumerate(cases) if c.policy == "always"), key=lambda i: cases[i].steps
    )
    steps = [cases[i].steps for i in plain]
    whole = max(round(cases[k].steps * (1.0 - costs.lazy_ratio[k])), 1)
    found: list[tuple[EqualCost, Between | None]] = []
    if whole in steps:
        found.append(("modules", Between(steps.index(whole), steps.index(whole), 0.0)))
    if costs.multiply_adds is not None:
        work = costs.multiply_adds
        found.append(("multiply-adds", locate(work[k], [work[i] for i in plain])))
    if costs.times is not None:
        medians = [statistics.median(ms) for ms in costs.times]
        found.append(("time", locate(medians[k], [medians[i] for i in plain])))
    return tuple(
        _compare(equal, k, plain, steps, place, measures)
        for equal, place in found
        if place is not None
    )


def _compare(
    equal: EqualCost,
    k: int,
    plain: Sequence[int],
    steps: Sequence[int],
    place: Between,
    measures: Measures,
) -> Comparison:
    def ratio(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[..., k] / place.power(values[..., plain])

    def difference(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[..., k] - place.straight(values[..., plain])

    def optional(measure: str, function: object) -> Estimate | None:
        found = getattr(measures, measure)
        return None if found is None else found.of(function)

    return Comparison(
        equal=equal,
        steps=float(place.power(np.array(steps, dtype=np.float64))),
        error=measures.error.of(ratio),
        frechet=optional("frechet", ratio),
        accuracy=optional("accuracy", difference),
    )
