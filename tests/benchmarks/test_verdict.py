"""When the rounds allow a conclusion."""

import pytest

from verdict import conclude, spread


def test_ratios_are_taken_within_rounds_and_not_between_medians() -> None:
    # Each round is twice as slow as the one before: the medians alone would say nothing of it.
    baseline = [10.0, 20.0, 40.0, 80.0, 160.0]
    found = conclude([8.0, 16.0, 32.0, 64.0, 128.0], baseline)
    assert (found.ratio, found.low, found.high) == pytest.approx((0.8, 0.8, 0.8))
    assert found.verdict == "faster"
    assert conclude(baseline, [value / 2 for value in baseline]).verdict == "slower"


def test_quartiles_around_one_are_unclear() -> None:
    found = conclude([0.9, 0.96, 1.0, 1.02, 1.1], [1.0] * 5)
    assert (found.low, found.ratio, found.high) == pytest.approx((0.96, 1.0, 1.02))
    assert found.verdict == "unclear"


def test_a_wide_spread_is_unclear_however_far_from_one() -> None:
    assert conclude([2.0, 2.5, 3.0, 3.5, 4.0], [1.0] * 5).verdict == "unclear"
    assert conclude([2.8, 2.9, 3.0, 3.1, 3.2], [1.0] * 5).verdict == "slower"


def test_few_rounds_are_unclear_even_when_they_agree() -> None:
    assert conclude([0.5] * 4, [1.0] * 4).verdict == "unclear"
    assert conclude([0.5] * 5, [1.0] * 5).verdict == "faster"


def test_spread_is_the_distance_of_the_quartiles_over_the_median() -> None:
    assert spread([9.0, 10.0, 11.0, 8.0, 12.0]) == pytest.approx(0.2)
