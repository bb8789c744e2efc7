"""What an image takes: rounds, in each of which every case draws one image, alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evaluation.cases import Case
from evaluation.drawing import Plan
from evaluation.runners import Runner
from lazydit.quality import ImageTime
from verdict import BUSY_SPREAD, FEWEST_ROUNDS, spread

WARM_UP = 1

ImageMs = Callable[[Case, int, int], float]
"""Milliseconds of one image of a case, a label and a seed."""


def wall_ms(runner: Runner) -> ImageMs:
    """As the runner itself takes it."""
    return runner.image_ms


def processor_ms(runner: Runner) -> ImageMs:
    """Processor time of this process's threads: what other processes take does not count."""

    def measure(case: Case, label: int, seed: int) -> float:
        began = time.process_time()
        runner.image_ms(case, label, seed)
        return (time.process_time() - began) * 1e3

    return measure


IMAGE_MS: Mapping[str, Callable[[Runner], ImageMs]] = {"wall": wall_ms, "processor": processor_ms}


def time_cases(
    image_ms: ImageMs,
    cases: Sequence[Case],
    rounds: int,
    plan: Plan,
    done: Callable[[], object],
) -> dict[Case, list[float]]:
    """Milliseconds of an image, by round, in one process; `done` after each image.

    Within a round all draw the same label and noise, and their order is shuffled, so that a slow
    spell of the machine falls on all of them. A round to warm up goes before and does not count.
    """
    shuffle = random.Random(0)
    times: dict[Case, list[float]] = {case: [] for case in cases}
    for index in range(-WARM_UP if rounds else 0, rounds):
        image = index % plan.images
        for case in shuffle.sample(cases, len(cases)):
            took = image_ms(case, plan.label(image), plan.seed(image))
            if index >= 0:
                times[case].append(took)
            done()
    return times


def image_time(times: Sequence[float]) -> ImageTime | None:
    """Median and quartiles; None of no rounds."""
    if not times:
        return None
    low, median, high = np.quantile(times, (0.25, 0.5, 0.75))
    return ImageTime(float(median), float(low), float(high))


def doubts_of(times: dict[Case, list[float]]) -> list[str]:
    """Whether rounds are too few, or plain DDIM, which does the same in each, took unlike times."""
    plain = [spread(ms) for case, ms in times.items() if case.policy == "always" and ms]
    if not plain:
        return []
    if min(len(ms) for ms in times.values()) < FEWEST_ROUNDS:
        return [f"times of fewer than {FEWEST_ROUNDS} rounds say little: raise --rounds"]
    found = float(np.median(plain))
    if found <= BUSY_SPREAD:
        return []
    return [
        f"this machine is busy: the same image of plain DDIM varies by {found:.0%} between rounds; "
        "end other work and run again before you trust a time"
    ]
