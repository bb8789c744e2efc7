"""Plain DDIM between two step counts."""

import numpy as np
import pytest

from evaluation.equal_cost import locate

COSTS = [4.0, 8.0, 16.0]


def test_a_power_law_is_met_exactly_between_the_counts() -> None:
    place = locate(11.0, COSTS)
    assert place.power(np.array(COSTS) ** -2.5) == pytest.approx(11.0**-2.5)
    assert place.power(np.array(COSTS)) == pytest.approx(11.0)


def test_a_straight_line_in_the_logarithm_of_the_cost_is_met_too() -> None:
    place = locate(6.0, COSTS)
    assert place.straight(np.log(COSTS)) == pytest.approx(np.log(6.0))


@pytest.mark.parametrize("cost", COSTS)
def test_a_count_that_was_drawn_stands_for_itself(cost: float) -> None:
    values = np.array([3.0, 2.0, 1.0])
    assert locate(cost, COSTS).power(values) == pytest.approx(values[COSTS.index(cost)])


@pytest.mark.parametrize("cost", [3.5, 17.0])
def test_nothing_is_made_up_beyond_the_counts(cost: float) -> None:
    assert locate(cost, COSTS) is None
    assert locate(cost, []) is None


def test_a_cost_that_misses_an_end_by_noise_counts_as_it() -> None:
    assert locate(3.95, COSTS).power(np.array(COSTS)) == pytest.approx(4.0)
    assert locate(16.2, COSTS).power(np.array(COSTS)) == pytest.approx(16.0)


def test_rows_of_replicates_are_interpolated_together() -> None:
    rows = np.array([[4.0, 8.0, 16.0], [40.0, 80.0, 160.0]])
    assert locate(6.0, COSTS).power(rows) == pytest.approx([6.0, 60.0])
