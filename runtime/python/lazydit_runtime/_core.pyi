"""The scheduler, written in C++. Shapes: T steps, S samples, L depth, D width, C channels.

Every function raises LazyDiTError with one sentence when it is given something unusable.
"""

import enum
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

class PolicyKind(enum.Enum):
    ALWAYS = 0
    LAZY = 1
    EVERY_N = 2
    SCHEDULE = 3

class ActivationType(enum.Enum):
    FLOAT32 = 0
    FLOAT16 = 1

class Model:
    """A model's sizes and gate graph. A program's number is its place in `programs`.

    `blocks` are the programs of whole blocks, one per block or none; without `extrapolate` policies
    cannot extrapolate.
    """

    def __init__(
        self,
        *,
        programs: Sequence[str],
        condition: int,
        embed: int,
        modules: Sequence[int],
        reuse: int,
        final: int,
        decode: int | None,
        depth: int,
        width: int,
        tokens: int,
        latent_shape: Sequence[int],
        output_channels: int,
        num_classes: int,
        condition_max_steps: int,
        image_shape: Sequence[int],
        activation_type: ActivationType = ActivationType.FLOAT32,
        blocks: Sequence[int] = (),
        extrapolate: int | None = None,
    ) -> None: ...

class Plan:
    """Steps and policy of a generation.

    `gates` is float32 [T, 2L, D], `schedule` bool [T, 2L] (True: run); `thresholds` are those of
    attention and feedforward; `max_reuse` 0 means no limit; with `extrapolate` what is reused is
    extrapolated from a module's last two outputs.
    """

    def __init__(
        self,
        *,
        timesteps: Sequence[int],
        alphas_cumprod: Sequence[float],
        guided: bool,
        guidance_channels: int,
        kind: PolicyKind,
        gates: NDArray[np.float32] | None = None,
        thresholds: tuple[float, float] = (0.5, 0.5),
        every_n: int = 1,
        schedule: NDArray[np.bool_] | None = None,
        max_reuse: int = 0,
        extrapolate: bool = False,
    ) -> None: ...

class Step:
    """What on_step is told after a step: counts are over all samples of that step."""

    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def reached(self) -> int: ...
    @property
    def reused(self) -> int: ...
    @property
    def step_ms(self) -> float: ...

class Generation:
    """A generation with all its memory. Used by one thread at a time; others may call cancel."""

    def __init__(self, model: Model, plan: Plan) -> None: ...
    def run(
        self,
        executor: Any,
        *,
        label: int,
        seed: int,
        guidance: float,
        noise: NDArray[np.float32] | None = None,
        on_step: Callable[[Step], object] | None = None,
    ) -> None:
        """Generate one image; may be called again.

        `executor` has a method run(program, inputs, outputs), or is a PyCapsule named
        "lazydit_executor" that holds a lazydit_executor pointer and outlives the run. `noise`
        [C, h, w] takes the place of the seed's. A true answer of `on_step` cancels. What the
        executor or `on_step` raises, KeyboardInterrupt included, is raised from here unchanged;
        a cancelled run raises Cancelled.
        """
    def cancel(self) -> None:
        """Stop the run under way, or the next one, before its next program; any thread may."""
    def latent(self) -> NDArray[np.float32] | None:
        """[C, h, w], or None when the last run did not end."""
    def image(self) -> NDArray[np.float32] | None:
        """What decode made, [channels, height, width]; None without decode."""
    def scores(self) -> NDArray[np.float32]:
        """[T, S, 2L]; NaN where no gate decided."""
    def ran(self) -> NDArray[np.bool_]:
        """[T, S, 2L]; False where the module was reused."""
    def extrapolated(self) -> NDArray[np.bool_]:
        """[T, S, 2L]; True where what was reused was extrapolated."""
    def module_ms(self) -> NDArray[np.float64]:
        """[T, S, 2L]: time of the run or reuse."""
    def step_ms(self) -> NDArray[np.float64]:
        """[T]."""
    def timings(self) -> dict[str, float]:
        """Milliseconds by kind of program: the fields of lazydit_timings."""

def memory(model: Model, plan: Plan) -> dict[str, int]:
    """Bytes that Generation(model, plan) would allocate: total, and what it consists of."""

def randn(seed: int, size: int) -> NDArray[np.float32]:
    """[size], as torch.randn draws them on a CPU with this seed (0 to 2^64 - 1)."""

def spaced_timesteps(train_steps: int, steps: int) -> list[int]:
    """The published respacing, descending."""

def alphas_cumprod(train_steps: int, beta_start: float, beta_end: float) -> NDArray[np.float64]:
    """[train_steps], for betas that rise linearly."""

def version() -> str:
    """The version of the core."""
