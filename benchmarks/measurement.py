"""What the rounds gave, case by case, and the arithmetic of the table's columns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contestants import Contestant
from protocol import Case, ImageTimes
from verdict import Conclusion

SAMPLES = 2
"""With guidance: the conditional and the unconditional one."""


@dataclass
class Timed:
    """A case of an engine, and its images by round."""

    contestant: Contestant
    case: Case
    images: list[ImageTimes] = field(default_factory=list)

    @property
    def image_ms(self) -> list[float]:
        return [image.image_ms for image in self.images]

    @property
    def steady_ms(self) -> list[float]:
        """The steps of all images but each one's first, where every policy runs everything."""
        return [ms for image in self.images for ms in image.step_ms[1:]]


@dataclass(frozen=True)
class Work:
    """The mean of what an image needed: `flops` of matrix products, and the `limit_ms` that these
    alone take at best."""

    flops: float
    limit_ms: float


def work_of(timed: Timed, limit: Timed, depth: int) -> Work:
    """Of the modules that ran. `limit` times the products of one run of a module; its fastest round
    counts, which is the nearest to what the machine can do."""
    per_run = limit.contestant.flops
    best = {kind: min(image.kind_ms[kind] for image in limit.images) for kind in per_run}
    everything = dict.fromkeys(per_run, SAMPLES * timed.case.steps * depth)
    runs = [image.runs or everything for image in timed.images]
    mean = {kind: statistics.fmean(n[kind] for n in runs) for kind in per_run}
    return Work(
        flops=sum(mean[kind] * per_run[kind] for kind in per_run),
        limit_ms=sum(mean[kind] * best[kind] for kind in per_run),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def equal_latency_steps(image_ms: float, plain: dict[int, float]) -> float:
    """How many plain DDIM steps take `image_ms`.

    Args:
        image_ms: the time of an image.
        plain: times of an image under policy `always` by step count; at least two counts. The
            time is linear between neighbouring counts, and goes on so past the ends.
    """
    counts = sorted(plain)
    pairs = list(zip(counts, counts[1:], strict=False))
    low, high = next((p for p in pairs if image_ms <= plain[p[1]]), pairs[-1])
    slope = (plain[high] - plain[low]) / (high - low)
    return low + (image_ms - plain[low]) / slope


def identity(timed: Timed) -> dict[str, Any]:
    """The columns that say which case a row is."""
    spec, case = timed.contestant.spec, timed.case
    return {
        "engine": spec.name,
        "policy": case.name,
        "threads": spec.threads,
        "precision": spec.precision,
        "steps": case.steps,
    }


def times(timed: Timed) -> dict[str, Any]:
    """The columns of times in milliseconds: medians where nothing else is said."""
    steady = timed.steady_ms
    image_ms = timed.image_ms
    return {
        "lazy_ratio": statistics.fmean(image.lazy_ratio for image in timed.images),
        "load_cold_ms": timed.contestant.load_cold_ms,
        "load_warm_ms": timed.contestant.load_warm_ms,
        "first_step_ms": statistics.median(image.step_ms[0] for image in timed.images),
        "step_ms": statistics.median(steady) if steady else None,
        "step_ms_p90": percentile(steady, 0.9) if steady else None,
        "step_ms_deviation": statistics.stdev(steady) if len(steady) > 1 else None,
        "image_ms": statistics.median(image_ms),
        "image_ms_p90": percentile(image_ms, 0.9),
    }


def kinds(timed: Timed) -> dict[str, Any]:
    """Milliseconds of an image by kind of program, and the scheduler's share of the image."""
    names = timed.images[0].kind_ms
    columns: dict[str, Any] = {
        f"{name}_ms": statistics.median(image.kind_ms[name] for image in timed.images)
        for name in names
    }
    shares = [i.kind_ms["scheduler"] / i.image_ms for i in timed.images if "scheduler" in i.kind_ms]
    columns["scheduler_share"] = statistics.median(shares) if shares else None
    return columns


def limits(timed: Timed, work: Work | None) -> dict[str, Any]:
    """How near the image comes to the machine's limit."""
    if work is None:
        return {"gflops": None, "limit_gflops": None, "limit_share": None}
    image_ms = statistics.median(timed.image_ms)
    return {
        "gflops": work.flops / image_ms / 1e6,
        "limit_gflops": work.flops / work.limit_ms / 1e6,
        "limit_share": work.limit_ms / image_ms,
    }


def ratio_columns(name: str, conclusion: Conclusion | None) -> dict[str, Any]:
    """The columns of a ratio: median, quartiles, verdict."""
    if conclusion is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high", f"{name}_verdict"))
    return {
        name: conclusion.ratio,
        f"{name}_low": conclusion.low,
        f"{name}_high": conclusion.high,
        f"{name}_verdict": conclusion.verdict,
    }
