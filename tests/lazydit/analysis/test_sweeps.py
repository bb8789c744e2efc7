"""Which thresholds the curves ask for."""

import math

import pytest
import torch

from lazydit.analysis.sweeps import FIXED_ATTN, FIXED_MLP, POINTS, trials
from lazydit.policies import Lazy
from tests.conftest import random_gates

STEPS = 11


@pytest.fixture
def policy(random_dit):
    return Lazy.stored(random_gates(random_dit().config, STEPS, extrapolate=True))


@pytest.fixture
def curves(policy):
    """The trials of every curve; all scores differ."""
    scores = torch.rand(STEPS, 8, 2, 4, generator=torch.Generator().manual_seed(0))
    found = {}
    for trial in trials(policy, scores):
        found.setdefault(trial.what, []).append(trial)
    return found


def test_thresholds_rise_along_every_curve(curves):
    for what, kinds in (("both", (0, 1)), ("attn", (0,)), ("mlp", (1,))):
        thresholds = [
            (trial.policy.threshold_attn, trial.policy.threshold_mlp) for trial in curves[what]
        ]
        assert thresholds[0] == (0.0, 0.0)
        for kind in kinds:
            values = [pair[kind] for pair in thresholds]
            assert values == sorted(set(values)) and len(values) == 6


def test_one_kind_alone_leaves_the_other_running(curves):
    assert {trial.policy.threshold_mlp for trial in curves["attn"]} == {0.0}
    assert {trial.policy.threshold_attn for trial in curves["mlp"]} == {0.0}


def test_scores_spread_evenly_need_thresholds_in_proportion_to_the_ratio(curves):
    # Ten of eleven steps can be reused.
    for place, trial in enumerate(curves["attn"]):
        assert trial.policy.threshold_attn == pytest.approx(0.1 * place * 1.1, abs=0.06)
    for trial in curves["mlp-varied"]:
        assert trial.policy.threshold_attn == pytest.approx(FIXED_ATTN * 1.1, abs=0.06)
    for trial in curves["attn-varied"]:
        assert trial.policy.threshold_mlp == pytest.approx(FIXED_MLP * 1.1, abs=0.06)


def test_a_penalty_is_the_logit_of_one_threshold_for_both(curves):
    nothing, *charged = curves["both"]
    assert nothing.penalty is None
    for trial in charged:
        threshold = trial.policy.threshold_attn
        assert 1 / (1 + math.exp(-trial.penalty)) == pytest.approx(threshold)
    assert all(trial.penalty is None for trial in curves["attn"])


def test_all_but_the_thresholds_is_as_stored(curves, policy):
    for trial in sum(curves.values(), []):
        assert (trial.policy.gates, trial.policy.max_reuse) == (policy.gates, policy.max_reuse)
        assert trial.policy.extrapolate


def test_points_that_curves_share_are_drawn_once(curves):
    everything = sum(curves.values(), [])
    assert len({trial.job.name for trial in everything}) == POINTS < len(everything)


def test_ratios_beyond_reach_are_left_out(random_dit):
    policy = Lazy.stored(random_gates(random_dit().config, 3, max_reuse=1))
    scores = torch.rand(3, 8, 2, 4, generator=torch.Generator().manual_seed(0))
    both = [trial for trial in trials(policy, scores) if trial.what == "both"]
    # At most one of three steps: 0, 0.1, 0.2, 0.3, and the most there is.
    assert len(both) == 5
    assert both[-1].policy.threshold_attn == 1.0
