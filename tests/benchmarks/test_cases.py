"""Which cases are timed."""

import pytest

from cases import cases_for, equal_latency_cases, second_plain_case
from lazydit.errors import LazyDiTError
from lazydit_runtime.manifest import GateSetSpec, Thresholds
from protocol import Case


def gate_set(name: str, steps: int, target: float) -> GateSetSpec:
    return GateSetSpec(name, steps, (), (), "", Thresholds(0.5, 0.5), None, target, ())


GATES = (gate_set("10-r30", 10, 0.3), gate_set("10-r50", 10, 0.5), gate_set("20-r30", 20, 0.3))


def test_lazy_is_every_gate_set_of_the_step_count() -> None:
    assert cases_for(10, ["lazy", "every-n"], None, GATES) == [
        Case("always", 10),
        Case("lazy", 10, "10-r30"),
        Case("lazy", 10, "10-r50"),
        Case("every-n", 10),
    ]


def test_ratios_choose_among_gate_sets_and_schedules_stand_in_where_there_are_none() -> None:
    assert cases_for(10, ["lazy"], [0.5], GATES)[1:] == [Case("lazy", 10, "10-r50")]
    assert cases_for(30, ["lazy"], [0.1, 0.2], GATES)[1:] == [
        Case("schedule", 30, ratio=0.1),
        Case("schedule", 30, ratio=0.2),
    ]
    assert [case.name for case in cases_for(30, ["lazy"], None, ())] == [
        "always",
        "schedule 0.3",
        "schedule 0.5",
    ]


def test_an_asked_ratio_out_of_reach_is_refused_and_a_default_one_left_out() -> None:
    with pytest.raises(LazyDiTError, match="ratio 0.9 cannot be reached in 2 steps"):
        cases_for(2, ["lazy"], [0.9], ())
    assert cases_for(1, ["lazy"], None, ()) == [Case("always", 1)]


def test_always_is_there_once_however_it_is_asked_for() -> None:
    assert cases_for(4, ["always", "lazy", "schedule"], [0.5], ()) == [
        Case("always", 4),
        Case("schedule", 4, ratio=0.5),
    ]


@pytest.mark.parametrize(
    ("steps", "lazy_ms", "added"),
    [
        (10, 71.0, {7}),
        (10, 100.0, {5}),  # As slow as plain DDIM: another count, to interpolate from.
        (10, 700.0, {5}),  # Never more steps than the case itself.
        (1, 10.0, {2}),
        (1000, 7000.0, {700}),
    ],
)
def test_plain_ddim_of_equal_latency_is_added_and_never_stands_alone(
    timed, steps: int, lazy_ms: float, added: set[int]
) -> None:
    second = second_plain_case(steps)
    pilot = [
        timed(Case("always", steps), [10.0 * steps]),
        timed(Case("every-n", steps), [lazy_ms]),
        timed(second, [10.0 * second.steps]),
    ]
    assert {case.steps for case in equal_latency_cases(pilot, second)} == added
