"""What each policy decides, and when it refuses to."""

import math

import pytest
import torch

from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.policies import Always, EveryN, FixedSchedule, Lazy, gate_score


def gates_for(steps, weights, **changes):
    timesteps = Schedule.spaced(steps).timesteps
    return GateSet(name="test", weights=weights, timesteps=timesteps, **changes)


def test_a_score_is_the_sigmoid_of_the_gate_summed_over_tokens():
    z = torch.tensor([[[1.0, 2.0], [3.0, -1.0]], [[0.0, 0.0], [0.5, 0.0]]])
    gate = torch.tensor([0.5, 0.25])
    first, second = 0.5 * 4 + 0.25 * 1, 0.5 * 0.5
    expected = [1 / (1 + math.exp(-first)), 1 / (1 + math.exp(-second))]
    assert gate_score(gate, z).tolist() == pytest.approx(expected)
    each = torch.stack([gate, -gate])
    expected = [1 / (1 + math.exp(-first)), 1 / (1 + math.exp(second))]
    assert gate_score(each, z).tolist() == pytest.approx(expected)


def test_scores_stay_fp32_under_autocast():
    z, gate = torch.randn(4, 64, 32) * 10, torch.randn(32)
    expected = gate_score(gate, z)
    with torch.autocast("cpu", torch.bfloat16):
        assert gate_score(gate, z).equal(expected)


def test_a_module_runs_iff_its_score_reaches_the_threshold_of_its_kind():
    # A score of exactly 0.5: the gate is zero.
    gates = gates_for(3, torch.zeros(3, 2, 4))
    z = torch.randn(1, 5, 4)
    attn, mlp = 0, 1
    assert Lazy.stored(gates).decide(1, attn, z).run.item()
    assert not Lazy(gates, 0.51, 0.5, None).decide(1, attn, z).run.item()
    assert Lazy(gates, 0.51, 0.5, None).decide(1, mlp, z).run.item()
    assert not Lazy(gates, 0.5, 0.51, None).decide(1, mlp, z).run.item()


def test_a_score_that_is_not_a_number_runs():
    gates = gates_for(3, torch.ones(3, 2, 4))
    assert Lazy.stored(gates).decide(1, 0, torch.full((1, 5, 4), torch.nan)).run.item()


def test_stored_takes_thresholds_and_limit_from_the_gate_set():
    gates = gates_for(3, torch.zeros(3, 2, 4), threshold_attn=0.1, threshold_mlp=0.9, max_reuse=2)
    policy = Lazy.stored(gates)
    assert (policy.threshold_attn, policy.threshold_mlp, policy.max_reuse) == (0.1, 0.9, 2)


def test_every_n_runs_at_multiples_of_n():
    z = torch.randn(2, 5, 4)
    ran = [EveryN(3).decide(step, 1, z).run.tolist() for step in range(7)]
    assert ran == [[step in (0, 3, 6)] * 2 for step in range(7)]


def test_a_fixed_schedule_follows_its_mask():
    mask = torch.tensor([[True, True], [False, True], [True, False]])
    z = torch.randn(2, 5, 4)
    for step in range(3):
        for module in range(2):
            run = FixedSchedule(mask).decide(step, module, z).run
            assert run.tolist() == [mask[step, module].item()] * 2


def test_only_gates_have_scores():
    z = torch.randn(1, 5, 4)
    policies = (Always(), EveryN(2), FixedSchedule(torch.ones(3, 2, dtype=torch.bool)))
    assert [policy.decide(1, 0, z).score for policy in policies] == [None] * 3
    assert Lazy.stored(gates_for(3, torch.zeros(3, 2, 4))).decide(1, 0, z).score is not None


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (EveryN(0), "choose n from 1"),
        (EveryN(2, max_reuse=0), "max_reuse is 0"),
        (FixedSchedule(torch.ones(3, 4, dtype=torch.bool)), r"shape \(4, 4\)"),
        (FixedSchedule(torch.ones(4, 4)), "booleans"),
        (Lazy.stored(gates_for(4, torch.zeros(4, 4, 16))), "width 16"),
        (Lazy.stored(gates_for(4, torch.zeros(4, 6, 32))), "depth 3"),
        (Lazy.stored(gates_for(5, torch.zeros(5, 4, 32))), "for 5 steps and not for 4"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused(policy, sentence, random_dit):
    with pytest.raises(LazyDiTError, match=sentence):
        policy.check(random_dit(width=32, depth=2).config, Schedule.spaced(4))
