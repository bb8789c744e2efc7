"""Which cases the rounds time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from lazydit_runtime.manifest import GateSetSpec
from measurement import Timed, equal_latency_steps
from protocol import Case
from schedule import check_ratio, most_ratio

DEFAULT_RATIOS = (0.3, 0.5)
"""Of the schedule that stands in for `lazy` where there are no gates."""


def cases_for(
    steps: int,
    policies: Sequence[str],
    ratios: Sequence[float] | None,
    gate_sets: Sequence[GateSetSpec],
) -> list[Case]:
    """Plain DDIM, and the other policies as asked.

    `lazy` is every gate set of this step count, of the target ratios asked for if any are; where
    the model has none for it, a schedule of every ratio asked for stands in. Raises LazyDiTError
    for a ratio that a schedule cannot reach.
    """
    cases = [Case("always", steps)]
    for policy in policies:
        if policy == "lazy":
            cases += _lazy(steps, ratios, gate_sets) or _schedules(steps, ratios)
        elif policy == "schedule":
            cases += _schedules(steps, ratios)
        else:
            cases.append(Case(policy, steps))
    return list(dict.fromkeys(cases))


def _lazy(
    steps: int, ratios: Sequence[float] | None, gate_sets: Sequence[GateSetSpec]
) -> list[Case]:
    return [
        Case("lazy", steps, gates.name)
        for gates in gate_sets
        if gates.steps == steps and (ratios is None or gates.target_ratio in ratios)
    ]


def _schedules(steps: int, ratios: Sequence[float] | None) -> list[Case]:
    if ratios is None:
        ratios = [ratio for ratio in DEFAULT_RATIOS if ratio <= most_ratio(steps)]
    for ratio in ratios:
        check_ratio(ratio, steps)
    return [Case("schedule", steps, ratio=ratio) for ratio in ratios]


def second_plain_case(steps: int) -> Case:
    """Lazy images take as long as half as many steps or more: a count to interpolate from."""
    return Case("always", steps // 2 or 2)


def equal_latency_cases(pilot: Sequence[Timed], second: Case) -> list[Case]:
    """Plain DDIM with the step counts, up to their own, that take as long as the other cases.

    `pilot` holds a few images of each case of one engine and of `second`, its second_plain_case,
    which comes back where plain DDIM would else be timed at one step count only: two are needed to
    interpolate.
    """
    timed = [entry for entry in pilot if entry.images]
    plain = plain_image_ms(timed)
    if len(plain) < 2:
        return []
    wanted = set()
    for entry in timed:
        if entry.case.policy != "always":
            equal = round(equal_latency_steps(statistics.median(entry.image_ms), plain))
            wanted.add(min(max(equal, 1), entry.case.steps))
    known = plain.keys() - {second.steps}
    if len(wanted | known) < 2:
        wanted.add(second.steps)
    return [Case("always", steps) for steps in sorted(wanted - known)]


def plain_image_ms(entries: Sequence[Timed]) -> dict[int, float]:
    """Median time of an image of plain DDIM by step count."""
    return {
        entry.case.steps: statistics.median(entry.image_ms)
        for entry in entries
        if entry.case.policy == "always"
    }
