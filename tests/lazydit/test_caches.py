"""What a module's cache hands on: the last output, or a straight line through the last two."""

import pytest
import torch

from lazydit.caches import ModuleCache

SLOPE, START = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))


def line(step):
    """Outputs of three rows, linear in the step."""
    return START + SLOPE * step


def fill(cache, steps, run):
    """Compute at step 0 and then, where `run` [step] says so for a row, at `steps`."""
    cache.start(line(0))
    for step in steps:
        rows = run(step)
        cache.keep(step, rows, line(step)[rows])


def test_reuse_hands_on_the_last_output_as_it_is():
    cache = ModuleCache(extrapolate=False)
    fill(cache, (1, 2), lambda step: torch.tensor([True, step == 1, False]))
    expected = torch.stack([line(2)[0], line(1)[1], line(0)[2]])
    torch.testing.assert_close(cache.outputs(4), expected, rtol=0, atol=0)
    assert not cache.extrapolates.any()


def test_outputs_that_change_evenly_are_extrapolated_exactly_at_any_distance():
    cache = ModuleCache(extrapolate=True)
    fill(cache, (1, 3), lambda step: torch.tensor([True, step == 3, step == 1]))
    assert cache.extrapolates.all()
    for step in (4, 7):
        torch.testing.assert_close(cache.outputs(step), line(step))


def test_a_single_output_is_held_by_the_rows_that_have_no_more():
    cache = ModuleCache(extrapolate=True)
    fill(cache, (2,), lambda _: torch.tensor([False, True, False]))
    torch.testing.assert_close(cache.outputs(3), torch.stack([START[0], line(3)[1], START[2]]))
    assert cache.extrapolates.tolist() == [False, True, False]


@pytest.mark.parametrize("extrapolate", [False, True])
def test_an_output_computed_at_this_step_is_handed_on_as_it_is(extrapolate):
    cache = ModuleCache(extrapolate)
    fill(cache, (1, 2), lambda _: torch.ones(3, dtype=torch.bool))
    torch.testing.assert_close(cache.outputs(2), line(2), rtol=0, atol=0)
