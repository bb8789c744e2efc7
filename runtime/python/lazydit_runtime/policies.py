"""Who decides whether a module runs: the policies `always`, `lazy`, `every-n` and `schedule`.

Step 0 runs every module whatever the policy says, since nothing is cached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError

POLICY_NAMES = ("always", "lazy", "every-n", "schedule")

MaxReuse = int | None | Literal["stored"]
"""How many steps in a row one module may be reused; None: no limit; "stored": what the gate set
was made with, which for the policies without gates is no limit."""

Extrapolate = bool | Literal["stored"]
"""Whether a reused output is not the last one as it is but continues the straight line through the
last two that the module computed; "stored": as the gate set was made, which for the policies
without gates is no."""

ThresholdPair = tuple[float, float]


@dataclass(frozen=True)
class Always:
    """Run every module: plain DDIM."""

    name: ClassVar[str] = "always"


@dataclass(frozen=True)
class Lazy:
    """The gates decide, per module, step and sample.

    `gates` names a gate set; None takes the bundle's first for the step count. `thresholds` is one
    number for all modules or (attention, feedforward); None takes the gate set's own. `lazy_ratio`,
    from 0 (`always`), is the share of modules to be reused on average: the bundle's calibration
    then picks all the rest.
    """

    gates: str | None = None
    thresholds: float | ThresholdPair | None = None
    max_reuse: MaxReuse = "stored"
    extrapolate: Extrapolate = "stored"
    lazy_ratio: float | None = None
    name: ClassVar[str] = "lazy"

    def __post_init__(self) -> None:
        _check_max_reuse(self.max_reuse)
        rest = (self.gates, self.thresholds, self.max_reuse, self.extrapolate)
        if self.lazy_ratio is not None and rest != (None, None, "stored", "stored"):
            raise LazyDiTError(
                "a lazy ratio picks gates, thresholds, max_reuse and extrapolate: leave these out"
            )
        if not all(0 <= value <= 1 for value in self.threshold_pair or ()):
            raise LazyDiTError(
                f"thresholds {self.thresholds} are not all from 0 to 1: scores lie between these"
            )

    @property
    def threshold_pair(self) -> ThresholdPair | None:
        """Thresholds of attention and feedforward, if the policy says any."""
        if self.thresholds is None or isinstance(self.thresholds, tuple):
            return self.thresholds
        return float(self.thresholds), float(self.thresholds)


@dataclass(frozen=True)
class EveryN:
    """Run every module at steps 0, n, 2n, ...; reuse at all others."""

    n: int = 2
    max_reuse: MaxReuse = "stored"
    extrapolate: Extrapolate = "stored"
    name: ClassVar[str] = "every-n"

    def __post_init__(self) -> None:
        _check_max_reuse(self.max_reuse)
        if self.n < 1:
            raise LazyDiTError(f"every-n with n = {self.n} never runs a module: choose n from 1")


@dataclass(frozen=True)
class FixedSchedule:
    """A fixed mask decides, per module and step.

    `run` is [steps][2 * depth], true where the module runs; any sequence of sequences or boolean
    array is taken. None: attention runs at even steps and feedforward at odd ones, so that
    nothing is reused twice in a row.
    """

    run: Sequence[Sequence[bool]] | None = None
    max_reuse: MaxReuse = "stored"
    extrapolate: Extrapolate = "stored"
    name: ClassVar[str] = "schedule"

    def __post_init__(self) -> None:
        _check_max_reuse(self.max_reuse)
        if self.run is None:
            return
        rows = tuple(tuple(bool(run) for run in row) for row in self.run)
        if len({len(row) for row in rows}) != 1:
            raise LazyDiTError("the schedule's rows differ in length: give one row per step")
        object.__setattr__(self, "run", rows)

    def mask(self, steps: int, depth: int) -> NDArray[np.bool_]:
        """`run` as [steps, 2 * depth]; LazyDiTError when it has another shape."""
        shape = (steps, 2 * depth)
        if self.run is None:
            step, module = np.indices(shape)
            alternating: NDArray[np.bool_] = step % 2 == module % 2
            return alternating
        mask = np.array(self.run, dtype=np.bool_)
        if mask.shape != shape:
            raise LazyDiTError(
                f"the schedule is for {mask.shape[0]} steps and {mask.shape[1]} modules, not for "
                f"{steps} and {2 * depth}: give one made for this step count and model"
            )
        return mask


Policy = Always | Lazy | EveryN | FixedSchedule


def named_policy(
    name: str,
    *,
    gates: str | None = None,
    thresholds: float | ThresholdPair | None = None,
    max_reuse: MaxReuse = "stored",
    extrapolate: Extrapolate = "stored",
    lazy_ratio: float | None = None,
) -> Policy:
    """The policy of that name; LazyDiTError for other names and for gates without `lazy`."""
    if name == "lazy":
        return Lazy(gates, thresholds, max_reuse, extrapolate, lazy_ratio)
    if lazy_ratio is not None:
        raise LazyDiTError(
            f"a lazy ratio means nothing to policy {name}: leave it out, or choose policy lazy"
        )
    if gates is not None or thresholds is not None:
        raise LazyDiTError(f"gates and thresholds mean nothing to policy {name}: leave them out")
    if name == "always":
        if (max_reuse, extrapolate) != ("stored", "stored"):
            raise LazyDiTError("policy always reuses nothing: leave max_reuse and extrapolate out")
        return Always()
    if name == "every-n":
        return EveryN(max_reuse=max_reuse, extrapolate=extrapolate)
    if name == "schedule":
        return FixedSchedule(max_reuse=max_reuse, extrapolate=extrapolate)
    raise LazyDiTError(f"there is no policy {name}: choose from {', '.join(POLICY_NAMES)}")


def _check_max_reuse(max_reuse: MaxReuse) -> None:
    if isinstance(max_reuse, int) and max_reuse < 1:
        raise LazyDiTError(
            f"max_reuse is {max_reuse}: choose a number of steps from 1, or None for no limit"
        )
