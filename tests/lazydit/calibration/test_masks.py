"""Masks and their single changes against plain counting."""

import itertools

import pytest
import torch

from lazydit.calibration.masks import (
    Change,
    Place,
    check_target,
    empty_mask,
    keeps_limit,
    single_changes,
)
from lazydit.errors import LazyDiTError

ALL_COLUMNS = list(itertools.product([True, False], repeat=5))


def longest_reuse(column):
    return max((len(list(run)) for ran, run in itertools.groupby(column) if not ran), default=0)


@pytest.mark.parametrize("max_reuse", [None, 1, 2, 7])
def test_a_limit_is_kept_where_no_reuse_is_longer(max_reuse):
    for column in ALL_COLUMNS:
        mask = torch.tensor(column)[:, None]
        allowed = max_reuse is None or longest_reuse(column) <= max_reuse
        assert keeps_limit(mask, max_reuse) == (column[0] and allowed)


@pytest.mark.parametrize("max_reuse", [None, 1, 2])
def test_single_changes_are_all_flips_and_the_moves_of_flips_that_the_limit_forbids(max_reuse):
    for column in ALL_COLUMNS:
        mask = torch.tensor(column)[:, None]
        if not keeps_limit(mask, max_reuse):
            continue
        expected = set()
        for step in range(1, 5):
            flipped = flip(column, step)
            if keeps_limit(torch.tensor(flipped)[:, None], max_reuse):
                expected.add(flipped)
                continue
            for other in {step - 1, step + 1} & set(range(1, 5)):
                moved = flip(flipped, other)
                if not column[other] and keeps_limit(torch.tensor(moved)[:, None], max_reuse):
                    expected.add(moved)
        changes = single_changes(mask, max_reuse)
        reached = [tuple(change.applied(mask)[:, 0].tolist()) for change in changes]
        assert set(reached) == expected and len(reached) == len(expected)
        first_steps = [change.first_step for change in changes]
        assert first_steps == sorted(first_steps)


def flip(column, step):
    return (*column[:step], not column[step], *column[step + 1 :])


def test_a_change_leaves_the_mask_it_is_applied_to_as_it_is():
    mask = empty_mask(3, 2)
    changed = Change(reuse=(Place(1, 1),)).applied(mask)
    assert changed.tolist() == [[True, True], [True, False], [True, True]]
    assert mask.all()
    assert Change(run=(Place(1, 1),)).applied(changed).equal(mask)


@pytest.mark.parametrize(
    ("steps", "max_reuse", "largest"), [(10, None, 0.9), (10, 1, 0.5), (10, 2, 0.6), (5, 1, 0.4)]
)
def test_targets_beyond_what_can_be_reused_are_refused(steps, max_reuse, largest):
    check_target(largest, steps, max_reuse)
    for target in (largest + 0.01, 0.0):
        with pytest.raises(LazyDiTError, match=f"at most {largest:.2f}"):
            check_target(target, steps, max_reuse)
