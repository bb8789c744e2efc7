"""Maps of laziness, and thresholds that make gates as lazy as wanted."""

import pytest
import torch

from lazydit.analysis.laziness import ratio_at, reused_share, threshold_for, varying_share
from lazydit.diffusion import Schedule
from lazydit.policies import Lazy
from lazydit.sampling import sample
from tests.conftest import random_gates


def test_a_map_is_the_share_of_samples_that_reuse():
    ran = torch.ones(3, 2, 2, 4, dtype=torch.bool)
    ran[1, 0, 0, 2] = False
    ran[2, :, :, 3] = False
    share = reused_share(ran)
    assert share.shape == (3, 4)
    assert share[1, 2] == 0.25 and share[2, 3] == 1.0
    assert share.sum() == 1.25
    assert varying_share(ran) == pytest.approx(1 / 12)


def test_a_ratio_counts_the_first_step_and_scores_below_the_threshold():
    scores = torch.tensor([[torch.nan, torch.nan], [0.1, 0.6], [0.4, 0.5]])
    assert ratio_at(scores, 0.5, None) == pytest.approx(2 / 6)
    assert ratio_at(scores, 0.0, None) == 0.0


@pytest.mark.parametrize(("max_reuse", "ratio"), [(1, 3 / 6), (2, 4 / 6), (None, 5 / 6)])
def test_a_module_that_was_reused_too_often_runs(max_reuse, ratio):
    assert ratio_at(torch.zeros(6, 1), 0.5, max_reuse) == pytest.approx(ratio)


@pytest.mark.parametrize("max_reuse", [None, 1, 2])
def test_the_ratio_at_the_stored_threshold_is_the_samplers(max_reuse, random_dit):
    model = random_dit()
    policy = Lazy.stored(random_gates(model.config, 6, max_reuse=max_reuse))
    labels, noise = torch.tensor([0, 3]), torch.randn(2, 3, 8, 8)
    result = sample(model, labels, noise, Schedule.spaced(6), policy, 2.0)
    assert result.lazy_ratio > 0
    assert ratio_at(result.scores, 0.5, max_reuse) == pytest.approx(result.lazy_ratio)


def test_the_lowest_threshold_that_gives_a_ratio_is_found():
    scores = torch.rand(11, 10, generator=torch.Generator().manual_seed(0))
    threshold = threshold_for(scores, 0.3, None)
    assert ratio_at(scores, threshold, None) == pytest.approx(33 / 110)
    highest_reused = scores[1:][scores[1:] < threshold].max().item()
    assert ratio_at(scores, highest_reused, None) < 0.3


def test_no_laziness_needs_no_threshold():
    assert threshold_for(torch.rand(4, 2), 0.0, None) == 0.0


def test_a_ratio_that_cannot_be_reached_gets_the_highest_threshold():
    assert threshold_for(torch.rand(4, 2), 0.9, 1) == 1.0
