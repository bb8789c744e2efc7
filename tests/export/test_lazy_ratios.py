"""The calibration of lazy ratios: what is looked for, and what is found."""

from functools import partial

import numpy as np
import pytest

from lazydit.diffusion import Schedule
from lazydit.gates import GateSet
from lazydit.policies import Lazy
from lazydit_export.verification.lazy_ratios import WISHES, limit_for, measure_ratios, wishes_for
from lazydit_export.verification.runs import Image, Runs, run_policy, spread_images
from tests.conftest import random_dit, random_gates

MODEL = random_dit()
STEPS, IMAGES = 10, 6


def gate_set(name: str, max_reuse: int | None, target: float | None) -> GateSet:
    return random_gates(
        MODEL.config, STEPS, name=name, max_reuse=max_reuse, target_ratio=target, seed=len(name)
    )


SMALL, LARGE = gate_set("10-r30", 1, 0.3), gate_set("10-r50-x", 2, 0.5)


@pytest.mark.parametrize(
    ("max_reuse", "ratio", "expected"),
    [
        (1, 0.3, 1),
        (1, 0.5, 1),
        (1, 0.6, 2),
        (1, 0.8, 4),
        (3, 0.8, 4),
        (4, 0.1, 4),
        (None, 0.3, None),
    ],
)
def test_limit_stays_until_the_ratio_needs_a_larger_one(
    max_reuse: int | None, ratio: float, expected: int | None
) -> None:
    assert limit_for(gate_set("10-r30", max_reuse, 0.3), ratio) == expected


def test_each_ratio_falls_to_the_gate_set_learned_for_the_nearest() -> None:
    wishes = {wish.ratio: (wish.gates.name, wish.max_reuse) for wish in wishes_for([SMALL, LARGE])}
    assert tuple(wishes) == WISHES
    assert wishes[0.05] == wishes[0.3] == wishes[0.35] == ("10-r30", 1)
    assert wishes[0.45] == wishes[0.6] == ("10-r50-x", 2)
    # Two reuses in a row are no more than 60 % of ten steps.
    assert wishes[0.65] == wishes[0.7] == ("10-r50-x", 3)


def test_few_steps_leave_out_what_cannot_be_reached() -> None:
    gates = random_gates(MODEL.config, 2, timesteps=Schedule.spaced(2).timesteps)
    assert [wish.ratio for wish in wishes_for([gates])] == [w for w in WISHES if w <= 0.5]
    assert wishes_for([random_gates(MODEL.config, 1)]) == []


def test_points_reuse_what_was_wished_for_on_other_images_too() -> None:
    sample = partial(run_policy, MODEL, images=spread_images(IMAGES, 5), steps=STEPS, guidance=2.0)
    known = {gates.name: sample(Lazy.stored(gates)) for gates in (SMALL, LARGE)}
    wishes, told = wishes_for([SMALL, LARGE]), []
    asked = []

    def counted(policy: Lazy) -> Runs:
        asked.append(policy)
        return sample(policy)

    found = measure_ratios(wishes, IMAGES, known, counted, told.append)
    assert (found.steps, found.images, len(told)) == (STEPS, IMAGES, len(wishes))
    assert len(asked) <= 2 * len(wishes)
    by_name = {gates.name: gates for gates in (SMALL, LARGE)}
    others = [Image(seed % 5, seed) for seed in range(100, 120)]
    for wish, point in zip(wishes, found.points, strict=True):
        assert point.lazy_ratio == pytest.approx(wish.ratio, abs=0.05)
        pair = (point.thresholds.attn, point.thresholds.mlp)
        policy = Lazy(by_name[point.gates], *pair, point.max_reuse)
        ran = run_policy(MODEL, policy, others, STEPS, 2.0).ran
        # Counted from the trace: modules reused over modules reached.
        assert np.count_nonzero(~ran) / ran.size == pytest.approx(wish.ratio, abs=0.08)
