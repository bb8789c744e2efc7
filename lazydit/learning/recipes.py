"""How gates are learned: the recipes, apart from what carries them out."""

import math
from dataclasses import dataclass

from lazydit.calibration.calibrator import CalibrationRecipe
from lazydit.data import LARGEST_SEED
from lazydit.errors import LazyDiTError
from lazydit.sampling import DEFAULT_GUIDANCE


@dataclass(frozen=True, kw_only=True)
class PaperRecipe:
    """The procedure of Shen et al., "LazyDiT: Lazy Learning for the Acceleration of Diffusion
    Transformers", 2025 (`paper_learning`); the penalties are those of their DiT-XL.

    `guidance` is used where the model draws its own training images.
    """

    steps: int
    penalty_attn: float = 1e-7
    penalty_mlp: float = 1e-7
    iterations: int = 500
    batch_size: int = 32
    lr: float = 1e-4
    label_drop: float = 0.1
    guidance: float = DEFAULT_GUIDANCE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise LazyDiTError(f"{self.steps} steps leave nothing to reuse: choose 2 or more")
        if self.iterations < 1:
            raise LazyDiTError(f"{self.iterations} iterations learn nothing: choose 1 or more")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise LazyDiTError(f"seed {self.seed} is out of range: choose 0 to {LARGEST_SEED}")
        penalties = (self.penalty_attn, self.penalty_mlp)
        if any(not 0 < penalty < math.inf for penalty in penalties):
            raise LazyDiTError("a penalty must be above 0: give a small number, such as 1e-7")


@dataclass(frozen=True, kw_only=True)
class TrajectoryRecipe:
    """Whole trajectories, from a calibrated schedule on (`trajectory_learning`).

    `images` are learned on and half as many judge which gates to keep. Without `iterations` gates
    decide as the schedule does.
    """

    calibration: CalibrationRecipe
    iterations: int = 60
    batch_size: int = 16
    lr: float = 0.01
    images: int = 128

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise LazyDiTError(f"{self.iterations} iterations cannot be made: choose 0 or more")
        if self.images < self.batch_size:
            raise LazyDiTError(
                f"{self.images} images do not fill a batch of {self.batch_size}: give more images"
            )

    @property
    def steps(self) -> int:
        return self.calibration.steps


LearnRecipe = PaperRecipe | TrajectoryRecipe


@dataclass(frozen=True)
class LearnProgress:
    """What a progress display is told after each bit of work: the `share` of all work that is
    done, from 0 to 1, and in a few words how it stands."""

    share: float
    text: str
