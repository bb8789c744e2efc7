"""Which policies draw."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.cases import GateChoice, Wanted, cases_for, skipping_mask
from lazydit.errors import LazyDiTError

GATES = (
    GateChoice("10-r30", 10, 0.3, False, "a"),
    GateChoice("10-r50", 10, 0.5, True, "b"),
    GateChoice("20-r30", 20, 0.3, False, "c"),
)
NOTHING = Wanted([10], [10], [], None, [], [], [], [False])


def names(wanted: Wanted) -> list[tuple[str, int]]:
    return [(case.name, case.steps) for case in cases_for(wanted, GATES, modules=4)]


def test_every_gate_set_of_the_step_counts_asked_for() -> None:
    wanted = replace(NOTHING, policies=["lazy"])
    assert names(wanted)[1:] == [("lazy 10-r30", 10), ("lazy 10-r50, extrapolated", 10)]
    assert names(replace(wanted, ratios=[0.3], steps=[10, 20]))[1:] == [
        ("lazy 10-r30", 10),
        ("lazy 20-r30", 20),
    ]


def test_plain_ddim_covers_what_the_others_may_cost() -> None:
    assert names(replace(NOTHING, plain=None)) == [("always", n) for n in range(4, 11)]
    assert names(replace(NOTHING, plain=[3, 30])) == [("always", 3), ("always", 30)]


def test_reuse_as_it_is_and_extrapolated_stand_side_by_side() -> None:
    wanted = replace(
        NOTHING, policies=["every-n", "skip"], every=[2], skipped=[0.3], extrapolate=[False, True]
    )
    cases = cases_for(wanted, GATES, modules=4)[1:]
    assert [(case.name, case.extrapolate) for case in cases] == [
        ("every 2", False),
        ("every 2, extrapolated", True),
        ("skip 0.3", False),
        ("skip 0.3, extrapolated", True),
    ]
    assert len({case.key for case in cases}) == len({case.family for case in cases}) == 4


def test_a_schedule_file_brings_its_own_steps(tmp_path: Path) -> None:
    path = tmp_path / "calibrated.json"
    run = [[True] * 4, [False, True] * 2, [True] * 4]
    path.write_text(json.dumps({"steps": 3, "modules": 4, "run": run}))
    wanted = replace(NOTHING, plain=None, steps=[], schedules=[path])
    assert names(wanted) == [("always", 1), ("always", 2), ("always", 3), ("calibrated", 3)]
    with pytest.raises(LazyDiTError, match="is for 4 modules and the model has 6"):
        cases_for(wanted, GATES, modules=6)


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.3, 0.5, 0.9])
def test_whole_steps_are_skipped_and_never_the_first(ratio: float) -> None:
    mask = np.array(skipping_mask(10, 4, ratio))
    assert (mask.all(axis=1) | ~mask.any(axis=1)).all()
    assert mask[0].all()
    assert 1 - mask.mean() == pytest.approx(ratio)


def test_skipped_steps_are_spread() -> None:
    skipped = np.flatnonzero(~np.array(skipping_mask(10, 2, 0.3))[:, 0])
    assert skipped.tolist() == [2, 5, 8]


def test_more_than_all_but_the_first_step_cannot_be_skipped() -> None:
    with pytest.raises(LazyDiTError, match="ratio 0.95 cannot be reached in 10 steps"):
        skipping_mask(10, 4, 0.95)
