"""Regulation: penalties follow the measured ratio, and a shift closes what is left."""

import pytest
import torch

from lazydit.errors import LazyDiTError
from lazydit.policies import gate_score
from lazydit.regulation import Penalties, Shift, check_target, shift_directions


def test_penalties_rise_when_sampling_is_not_lazy_enough_and_fall_when_it_is_too_lazy():
    penalties = Penalties(attn=1e-3, mlp=4e-3)
    raised, lowered = penalties.regulated(0.2, 0.3), penalties.regulated(0.4, 0.3)
    assert raised.attn > penalties.attn > lowered.attn
    # The proportion of the two kinds is the user's.
    assert raised.mlp / raised.attn == pytest.approx(4.0)
    assert penalties.regulated(0.3, 0.3) == penalties


def test_the_shift_finds_where_a_falling_ratio_meets_the_target():
    shift = Shift()
    for _ in range(16):
        shift = shift.narrowed(lazy_ratio=0.5 - 0.02 * shift.value, target=0.3)
    assert shift.value == pytest.approx(10.0, abs=1e-2)
    assert shift.rounds == 16


def test_directions_raise_every_logit_by_one_at_the_mean_input():
    inputs = torch.randn(3, 4, 8)
    inputs[1, 2] = 0.0
    directions = shift_directions(inputs)
    scores = torch.stack([gate_score(directions[step], inputs[step][:, None]) for step in range(3)])
    expected = torch.full((3, 4), torch.sigmoid(torch.tensor(1.0)).item())
    expected[1, 2] = 0.5
    torch.testing.assert_close(scores, expected)


@pytest.mark.parametrize(
    ("steps", "max_reuse", "largest"), [(10, None, 0.9), (10, 1, 0.5), (10, 2, 0.6), (5, 1, 0.4)]
)
def test_targets_beyond_what_can_be_reused_are_refused(steps, max_reuse, largest):
    check_target(largest - 0.01, steps, max_reuse)
    with pytest.raises(LazyDiTError, match=f"below {largest:.2f}"):
        check_target(largest, steps, max_reuse)
