"""The schedule that stands in for gates."""

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from schedule import spread_schedule


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.3, 0.5, 0.9])
def test_schedule_reuses_the_asked_share_and_never_in_the_first_step(ratio: float) -> None:
    run = spread_schedule(10, 24, ratio)
    assert run.shape == (10, 24)
    assert run[0].all()
    assert (~run).sum() == round(ratio * 240)


def test_reuses_are_spread_over_steps_modules_and_kinds() -> None:
    reused = ~spread_schedule(20, 24, 0.5)
    per_step, per_module = reused[1:].sum(axis=1), reused.sum(axis=0)
    assert np.ptp(per_step) <= 4
    assert np.ptp(per_module) <= 4
    assert abs(int(reused[:, 0::2].sum()) - int(reused[:, 1::2].sum())) <= 6


def test_a_ratio_beyond_the_steps_after_the_first_is_refused() -> None:
    with pytest.raises(LazyDiTError, match="ratio 0.8 cannot be reached in 4 steps.*0 to 0.75"):
        spread_schedule(4, 4, 0.8)
