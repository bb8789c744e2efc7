"""The Frechet distance, against known Gaussians and SciPy's matrix square root."""

import numpy as np
import pytest
import scipy.linalg

from evaluation.frechet import Gaussian, fit, frechet_distance
from lazydit.errors import LazyDiTError


def gaussian(mean, covariance) -> Gaussian:
    root = scipy.linalg.sqrtm(np.asarray(covariance, dtype=float)).real
    return Gaussian(np.asarray(mean, dtype=float), root)


def test_diagonal_gaussians_have_the_distance_of_their_deviations() -> None:
    # Independent coordinates: (m - m')^2 + (s - s')^2 for each.
    left = gaussian([0, 1, 2], np.diag([1.0, 4.0, 9.0]))
    right = gaussian([3, 1, 0], np.diag([4.0, 4.0, 1.0]))
    assert frechet_distance(left, right) == pytest.approx(9 + 4 + 1 + 0 + 4)


def test_it_is_the_published_formula_on_correlated_features() -> None:
    random = np.random.default_rng(0)
    left = random.normal(size=(60, 12)) @ random.normal(size=(12, 12))
    right = random.normal(size=(80, 12)) @ random.normal(size=(12, 12)) + 0.5
    covariances = [np.cov(rows, rowvar=False) for rows in (left, right)]
    shared = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    apart = np.square(left.mean(axis=0) - right.mean(axis=0)).sum()
    wanted = apart + np.trace(covariances[0] + covariances[1] - 2 * shared)
    assert frechet_distance(fit(left), fit(right)) == pytest.approx(wanted, rel=1e-9)


def test_equal_features_have_none_even_where_one_never_changes() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    rows[:, 3] = 7.0
    assert frechet_distance(fit(rows), fit(rows)) == pytest.approx(0.0, abs=1e-9)


def test_features_far_from_zero_keep_their_digits() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(500, 4))
    near = frechet_distance(fit(rows), fit(rows * 2))
    far = frechet_distance(fit(rows + 1e4), fit(rows * 2 + 1e4))
    assert far == pytest.approx(near, rel=1e-6)


def test_too_few_images_are_told() -> None:
    with pytest.raises(LazyDiTError, match="8 images are too few for .* of 8 features: take more"):
        fit(np.zeros((8, 8)))
