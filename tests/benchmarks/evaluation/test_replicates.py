"""Confidence intervals, against normal theory and SciPy's bootstrap."""

import numpy as np
import pytest
import scipy.stats

from evaluation.replicates import (
    GROUPS,
    bootstrap,
    check_enough,
    fewest_left,
    groups_left_out,
    jackknife,
)
from lazydit.errors import LazyDiTError


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).gamma(2.0, size=(400, 1))


def test_the_interval_of_a_mean_is_that_of_scipy(values) -> None:
    found = bootstrap(values).estimate(0)
    theirs = scipy.stats.bootstrap((values[:, 0],), np.mean, method="percentile", rng=1)
    low, high = theirs.confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(low, rel=0.02)
    assert found.high == pytest.approx(high, rel=0.02)


def test_what_images_share_does_not_widen_the_interval_of_a_ratio(values) -> None:
    # 10 % better on every image, whose own values differ by far more than that.
    noise = np.random.default_rng(1).normal(scale=0.01, size=values.shape)
    pair = bootstrap(np.concatenate([0.9 * values + noise, values], axis=1))
    ratio = pair.of(lambda means: means[..., 0] / means[..., 1])
    assert ratio.value == pytest.approx(0.9, abs=0.01)
    assert ratio.high - ratio.low < 0.01
    alone = pair.estimate(0)
    assert (alone.high - alone.low) / alone.value > 0.1


def test_the_jackknife_of_a_mean_is_the_textbook_interval() -> None:
    # One image a group: the delete-one jackknife, which is the mean's own standard error.
    values = np.random.default_rng(2).normal(size=GROUPS)
    left_out = np.array([[values[kept].mean()] for kept in groups_left_out(GROUPS)])
    found = jackknife(np.array([values.mean()]), left_out).estimate(0)
    theirs = scipy.stats.t.interval(
        0.95, GROUPS - 1, loc=values.mean(), scale=scipy.stats.sem(values)
    )
    assert (found.low, found.high) == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("images", [20, 25, 301])
def test_every_image_is_left_out_once(images: int) -> None:
    kept = np.array(list(groups_left_out(images)))
    assert ((~kept).sum(axis=0) == 1).all()
    assert kept.sum(axis=1).min() == fewest_left(images)


def test_too_few_images_are_told() -> None:
    with pytest.raises(LazyDiTError, match="19 images are too few for a confidence interval"):
        check_enough(19)
    check_enough(20)
