"""A schedule that reuses an asked share of the modules, for models that have no gates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError

# The two-dimensional golden ratio: the multiples of these two spread evenly over the unit square.
PLASTIC = 1.32471795724474602596


def most_ratio(steps: int) -> float:
    """The largest lazy ratio: the first step runs everything."""
    return (steps - 1) / steps


def check_ratio(ratio: float, steps: int) -> None:
    """Raises LazyDiTError when so much cannot be reused."""
    most = most_ratio(steps)
    if not 0 <= ratio <= most:
        raise LazyDiTError(
            f"ratio {ratio:g} cannot be reached in {steps} steps, whose first runs everything: "
            f"choose from 0 to {most:g}"
        )


def spread_schedule(steps: int, modules: int, ratio: float) -> NDArray[np.bool_]:
    """A mask [steps, modules], true where a module runs, of lazy ratio `ratio` as near as can be.

    The first step runs everything; reuses are spread evenly over the other steps and the modules.
    Raises LazyDiTError when `ratio` cannot be reached.
    """
    check_ratio(ratio, steps)
    run = np.ones((steps, modules), dtype=np.bool_)
    step, module = np.indices((steps - 1, modules))
    place = (step / PLASTIC + module / PLASTIC**2) % 1.0
    reused = np.argsort(place, axis=None, kind="stable")[: round(ratio * steps * modules)]
    run[1:].flat[reused] = False
    return run
