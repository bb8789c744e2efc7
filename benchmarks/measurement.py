"""Timing of generations side by side: every round times every case once, in shuffled order."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from lazydit_runtime import Pipeline, Result

PROGRAM_KINDS = ("condition", "embed", "attn", "mlp", "block", "reuse", "final", "decode")


@dataclass(frozen=True)
class Case:
    """One line of the table: a policy at a step count, with the gate set that `lazy` uses."""

    policy: str
    steps: int
    gates: str | None = None

    @property
    def name(self) -> str:
        return f"{self.policy} {self.gates}" if self.gates else self.policy


@dataclass
class Samples:
    """What the rounds measured for one case; all times in milliseconds."""

    image_ms: list[float] = field(default_factory=list)
    step_ms: list[float] = field(default_factory=list)
    lazy_ratio: list[float] = field(default_factory=list)
    kind_ms: dict[str, list[float]] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        timings = result.timings
        self.image_ms.append(timings.total_ms)
        self.step_ms.extend(timings.step_ms)
        self.lazy_ratio.append(result.lazy_ratio)
        for kind in (*PROGRAM_KINDS, "scheduler"):
            self.kind_ms.setdefault(kind, []).append(getattr(timings, f"{kind}_ms"))


@dataclass(frozen=True)
class Measurement:
    """The summary of one case. `ddim_steps` is how many plain DDIM steps take the same time."""

    policy: str
    steps: int
    lazy_ratio: float
    step_ms: float
    step_ms_p90: float
    image_ms: float
    image_ms_p90: float
    kind_ms: dict[str, float]
    ddim_steps: float


def run_case(pipeline: Pipeline, case: Case, label: int, seed: int) -> Result:
    """Generates one image as the case says, at the bundle's default guidance."""
    return pipeline.generate(
        label, seed=seed, steps=case.steps, policy=case.policy, gates=case.gates
    )


def interleave(
    pipeline: Pipeline, cases: Sequence[Case], rounds: int
) -> Iterator[tuple[Case, Result]]:
    """Yields one result per case and round.

    Within a round all cases share label and seed, and their order is shuffled, so that a slow
    spell of the machine falls on all of them.
    """
    order = random.Random(0)
    for index in range(rounds):
        for case in order.sample(cases, len(cases)):
            yield case, run_case(pipeline, case, index % pipeline.num_classes, index)


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


def summarize(case: Case, samples: Samples, plain: dict[int, float]) -> Measurement:
    image_ms = statistics.median(samples.image_ms)
    return Measurement(
        policy=case.name,
        steps=case.steps,
        lazy_ratio=statistics.fmean(samples.lazy_ratio),
        step_ms=statistics.median(samples.step_ms),
        step_ms_p90=percentile(samples.step_ms, 0.9),
        image_ms=image_ms,
        image_ms_p90=percentile(samples.image_ms, 0.9),
        kind_ms={kind: statistics.median(values) for kind, values in samples.kind_ms.items()},
        ddim_steps=equal_latency_steps(image_ms, plain),
    )
