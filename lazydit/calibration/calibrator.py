"""A calibrated schedule: which modules to reuse at which step, found without any training.

Every module and step is reused alone once, for a few images drawn with guidance, and what that
does to the final images is kept: its squared size is the place's sensitivity. The least sensitive
places that reach the wanted lazy ratio make the first mask. Then come rounds: every single change
of the mask is measured, and those that together lower the error of the images against DDIM with
many steps are made (`choosing`). Other images, which nothing was measured on, decide between the
candidates of a round, so that no round makes a mask worse.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lazydit.calibration.choosing import Effects, choose
from lazydit.calibration.effects import ChangeEffects
from lazydit.calibration.masks import check_target, empty_mask, single_changes
from lazydit.calibration.schedule_files import save_schedule
from lazydit.data import LARGEST_SEED
from lazydit.diffusion import Schedule
from lazydit.distributed import Interrupt, Workers
from lazydit.errors import LazyDiTError
from lazydit.files import check_writable
from lazydit.models.dit import DiT
from lazydit.policies import FixedSchedule
from lazydit.references import References
from lazydit.sampling import DEFAULT_GUIDANCE
from lazydit.states import fingerprint, load_state, remove_state, save_state

FEWEST_IMAGES = 4
JUDGES = 2
_SHARES = (0.0, 0.5, 1.0)
_MOST_CHANGES = (16, 8, 4)
# Far below the generators that learning takes from the same seed.
_GENERATOR = -(2**30)


@dataclass(frozen=True, kw_only=True)
class CalibrationRecipe:
    """How a schedule is calibrated for one step count.

    `images` are measured on and twice as many judge. `rounds` is how often changes are measured
    again after the first mask. `reference_steps` of plain DDIM make the images that errors are
    measured against.
    """

    steps: int = 10
    target_ratio: float = 0.3
    max_reuse: int | None = 1
    extrapolate: bool = True
    images: int = 24
    rounds: int = 2
    guidance: float = DEFAULT_GUIDANCE
    reference_steps: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise LazyDiTError(f"{self.steps} steps leave nothing to reuse: choose 2 or more")
        if self.max_reuse is not None and self.max_reuse < 1:
            raise LazyDiTError(f"max_reuse is {self.max_reuse}: choose 1 or more, or no limit")
        if self.images < FEWEST_IMAGES:
            raise LazyDiTError(
                f"{self.images} images are too few to calibrate with: give {FEWEST_IMAGES} or more"
            )
        if self.rounds < 0:
            raise LazyDiTError(f"{self.rounds} rounds cannot be made: choose 0 or more")
        if self.reference_steps < self.steps:
            raise LazyDiTError(
                f"{self.reference_steps} reference steps are fewer than the {self.steps} to "
                "calibrate: choose more"
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise LazyDiTError(f"seed {self.seed} is out of range: choose 0 to {LARGEST_SEED}")
        check_target(self.target_ratio, self.steps, self.max_reuse)


@dataclass(frozen=True)
class Calibrated:
    """A calibrated schedule, the `error` of its images, the mean squared one of the images that
    judge, and `sensitivity` [T, 2L], the squared error that reusing each place alone causes."""

    policy: FixedSchedule
    error: float
    sensitivity: Tensor


@dataclass(frozen=True)
class CalibrationProgress:
    """How far a calibration is: `done` of the `work` of one stage. Stage 0 draws the reference
    images, stages 1 to `stages` measure changes; `error` is that of the best mask so far, the mean
    squared one of the images that judge, NaN before there is one."""

    stage: int
    stages: int
    done: int
    work: int
    error: float

    @property
    def share(self) -> float:
        """The share of all work that is done, from 0 to 1, every stage being equally much."""
        return (self.stage + self.done / self.work) / (1 + self.stages)

    @property
    def text(self) -> str:
        """How it stands, in a few words."""
        if self.stage == 0:
            return "drawing reference images"
        place = f"measuring changes, stage {self.stage} of {self.stages}"
        return place if math.isnan(self.error) else f"{place}, error {self.error:.4f}"


class Calibrator:
    """A calibration, to be advanced bit by bit until it is finished."""

    def __init__(self, model: DiT, recipe: CalibrationRecipe, workers: Workers) -> None:
        self._model, self._recipe, self._workers = model, recipe, workers
        self._schedule = Schedule.spaced(recipe.steps)
        count = math.ceil(recipe.images / workers.count) * workers.count
        self._references = References(
            model,
            (1 + JUDGES) * count,
            steps=recipe.reference_steps,
            guidance=recipe.guidance,
            generator=(recipe.seed, _GENERATOR),
            workers=workers,
        )
        self._measured_images, self._images = count, (1 + JUDGES) * count
        self._reused = round(recipe.target_ratio * recipe.steps * model.config.num_modules)
        self._stage, self._effects = 1, None
        self._error = math.nan
        self._mask = empty_mask(recipe.steps, model.config.num_modules)
        self._sensitivity = torch.full(self._mask.shape, math.inf, dtype=torch.float64)

    _effects: ChangeEffects | None

    @property
    def finished(self) -> bool:
        return self._stage > 1 + self._recipe.rounds

    @torch.no_grad()
    def advance(self) -> CalibrationProgress:
        """Draw a batch of reference images or measure a few changes; after the last change of a
        stage, choose."""
        if not self._references.complete:
            self._references.draw_batch()
            return self._progress(0, self._references.drawn, self._images)
        if self._effects is None:
            self._effects = self._new_effects()
        effects, stage = self._effects, self._stage
        effects.measure_some()
        if effects.complete:
            self._choose(effects.result())
            self._effects = None
        return self._progress(stage, effects.done, effects.work)

    def result(self) -> Calibrated:
        return Calibrated(self._policy(self._mask), self._error, self._sensitivity)

    def state(self) -> dict[str, Any]:
        """What `restore` goes on from."""
        return {
            "stage": self._stage,
            "mask": self._mask,
            "error": self._error,
            "sensitivity": self._sensitivity,
            "references": self._references.latents,
            "effects": None if self._effects is None else self._effects.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._stage, self._mask, self._error = state["stage"], state["mask"], state["error"]
        self._sensitivity = state["sensitivity"]
        self._references.latents = state["references"]
        if state["effects"] is not None:
            self._effects = self._new_effects()
            self._effects.restore(state["effects"])

    def _new_effects(self) -> ChangeEffects:
        recipe = self._recipe
        return ChangeEffects(
            self._model,
            self._references,
            self._measured_images,
            self._schedule,
            self._policy(self._mask),
            single_changes(self._mask, recipe.max_reuse),
            recipe.guidance,
            self._workers,
        )

    def _choose(self, effects: Effects) -> None:
        """Take the best mask that the effects lead to. The first one must reach the ratio; later
        ones, nearer the present mask, are tried until one is better."""
        first = self._stage == 1
        self._stage += 1
        if first:
            self._sensitivity[1:] = effects.gram.diag().view_as(self._sensitivity[1:])
        for most in (None,) if first else _MOST_CHANGES:
            best = self._error
            for share in _SHARES:
                mask = choose(effects.shrunk(share), self._reused, self._recipe.max_reuse, most)
                error = self._judge(mask)
                if not error >= self._error:
                    self._mask, self._error = mask, error
            if first or self._error < best:
                return
        self._stage = 2 + self._recipe.rounds

    def _judge(self, mask: Tensor) -> float:
        first = self._measured_images
        return self._references.judge(self._schedule, self._policy(mask), first).error

    def _policy(self, mask: Tensor) -> FixedSchedule:
        return FixedSchedule(mask, extrapolate=self._recipe.extrapolate)

    def _progress(self, stage: int, done: int, work: int) -> CalibrationProgress:
        return CalibrationProgress(stage, 1 + self._recipe.rounds, done, work, self._error)


def calibrate(
    model: DiT,
    recipe: CalibrationRecipe,
    out: Path,
    workers: Workers,
    report: Callable[[CalibrationProgress], None] = lambda _: None,
) -> Calibrated:
    """Calibrate a schedule and write it to `out`; goes on where an earlier run stopped.

    On ctrl-C the state is saved and KeyboardInterrupt raised.
    """
    check_writable(out, ".json")
    model.to(workers.device).requires_grad_(False).eval()
    settings = asdict(model.config) | asdict(recipe) | {"checkpoint": fingerprint(model)}
    calibrator, state = Calibrator(model, recipe, workers), load_state(out, settings)
    if state is not None:
        calibrator.restore(state["calibration"])
    with Interrupt() as interrupt:
        while not calibrator.finished:
            report(calibrator.advance())
            if interrupt.asked(workers) and not calibrator.finished:
                if workers.main:
                    save_state(out, settings, {"calibration": calibrator.state()})
                raise KeyboardInterrupt
    calibrated = calibrator.result()
    if workers.main:
        schedule = Schedule.spaced(recipe.steps)
        save_schedule(calibrated.policy, schedule, calibrated.error, out)
        remove_state(out)
    return calibrated
