"""How well a linear layer on a module's input foretells the similarity (the paper's Theorem 3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Array = NDArray[np.float64]

Integers = NDArray[np.int64]

PENALTIES = np.logspace(-1, 6, 8)
FOLDS = 4


@dataclass(frozen=True, eq=False)
class Foretelling:
    """What a linear layer foretells of S held-out samples, beside what was `measured` [S].

    `r2` is the share of the variance that it explains, None where nothing varies.
    """

    measured: Array
    foretold: Array
    r2: float | None

    @property
    def rmse(self) -> float:
        return float(np.sqrt(np.mean(np.square(self.measured - self.foretold))))

    @property
    def spread(self) -> float:
        """The standard deviation of what was measured."""
        return float(np.std(self.measured))


def foretell(
    inputs: Array, similarities: Array, images: Integers, held_out: NDArray[np.bool_]
) -> Foretelling:
    """Fit a linear layer with a bias on module inputs [S, D], summed over the tokens as a gate
    sums them, to similarities [S]; then foretell those of the samples `held_out` [S].

    Ridge regression, since there may be fewer samples than channels. Its penalty is the one that
    foretells best what was left out of the fit. Samples of one image, of which `images` [S] has the
    numbers, resemble one another: they are left out together. Needs FOLDS images to fit on.
    """
    fitted = ~held_out
    folds = list(GroupKFold(FOLDS).split(inputs[fitted], groups=images[fitted]))
    layer = make_pipeline(StandardScaler(), RidgeCV(PENALTIES, cv=folds))
    layer.fit(inputs[fitted], similarities[fitted])
    measured = similarities[held_out]
    foretold = layer.predict(inputs[held_out])
    varies = bool(np.ptp(measured) > 0)
    return Foretelling(measured, foretold, float(r2_score(measured, foretold)) if varies else None)
