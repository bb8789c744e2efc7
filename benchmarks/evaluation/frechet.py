"""The Frechet distance between two sets of features (Heusel et al., "GANs Trained by a Two
Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017), in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The normal distribution fitted to features: `mean` [F] and `root` [F, F], the symmetric
    square root of their covariance."""

    mean: NDArray[np.float64]
    root: NDArray[np.float64]

    @property
    def variance(self) -> float:
        """The trace of the covariance."""
        return float(np.square(self.root).sum())


def fit(features: NDArray[np.floating]) -> Gaussian:
    """The Gaussian of features [N, F]; LazyDiTError where N is not above F, so
    that the covariance has not its full rank."""
    count, width = features.shape
    if count <= width:
        raise LazyDiTError(
            f"{count} images are too few for the Frechet distance of {width} features: take more "
            f"than {width}"
        )
    rows = features.astype(np.float64)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    # Rounding may leave an eigenvalue of zero slightly below it.
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return Gaussian(rows.mean(axis=0), root)


def frechet_distance(left: Gaussian, right: Gaussian) -> float:
    """|mean - mean|^2 + tr(C + C' - 2 (C C')^1/2).

    tr (C C')^1/2 is the sum of the singular values of C^1/2 C'^1/2: unlike the square root of a
    product that is not symmetric, these are real and stable.
    """
    shared = np.linalg.svd(left.root @ right.root, compute_uv=False).sum()
    apart = np.square(left.mean - right.mean).sum()
    return float(max(apart + left.variance + right.variance - 2.0 * shared, 0.0))
