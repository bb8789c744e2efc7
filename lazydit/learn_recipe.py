"""How gates are learned, and what is told while they are."""

import math
from dataclasses import dataclass

from lazydit.data import LARGEST_SEED
from lazydit.errors import LazyDiTError
from lazydit.regulation import check_target
from lazydit.sampling import DEFAULT_GUIDANCE

UNLIMITED_CHAIN = 3


@dataclass(frozen=True, kw_only=True)
class LearnRecipe:
    """How the gates of one step count are learned.

    With a `target_ratio` the penalties are regulated to it, starting from the penalties given or,
    without them, from the sensitivities of the modules, until the measured lazy ratio has settled.
    Without one both penalties must be given and stay as they are. `max_reuse` is how many steps in
    a row one module may be reused (None: no limit). `guidance` is what sampling uses.
    """

    steps: int
    target_ratio: float | None = None
    penalty_attn: float | None = None
    penalty_mlp: float | None = None
    max_reuse: int | None = None
    iterations: int = 200
    batch_size: int = 32
    lr: float = 1e-4
    final_lr: float = 1e-5
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
        if self.max_reuse is not None and self.max_reuse < 1:
            raise LazyDiTError(f"max_reuse is {self.max_reuse}: choose 1 or more, or no limit")
        penalties = (self.penalty_attn, self.penalty_mlp)
        if any(penalty is not None and not 0 < penalty < math.inf for penalty in penalties):
            raise LazyDiTError("a penalty must be above 0: give a small number, such as 1e-4")
        if self.target_ratio is not None:
            check_target(self.target_ratio, self.steps, self.max_reuse)
        elif None in penalties:
            raise LazyDiTError("nothing says how lazy to be: give a target ratio or both penalties")

    @property
    def longest_chain(self) -> int:
        """Lazy steps in a row that gates are learned on."""
        return min(self.max_reuse or UNLIMITED_CHAIN, self.steps - 1)


@dataclass(frozen=True)
class LearnProgress:
    """What a progress display is told after each iteration.

    `lazy_ratio` is the one measured last; `drawn` counts the training images drawn from the model
    while that goes on, before the first iteration, and `settling` the measurements after the last.
    """

    iteration: int
    iterations: int
    loss: float
    lazy_ratio: float
    drawn: int | None = None
    settling: int = 0
