"""Learning on whole trajectories, from a calibrated schedule on.

First a schedule is calibrated and gates are made that decide as it does. They then learn on guided
trajectories that are drawn as sampling draws them (`trajectories`): the loss is the mean squared
error of the final images against those of plain DDIM in many steps, minus a price times the lazy
ratio. The price follows the ratio until it is the target. Images that nothing was learned on judge
every few iterations, and the best gates that are as lazy as the schedule are kept: at the start
those that decide as the schedule does.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from lazydit.calibration.calibrator import Calibrator
from lazydit.data import batch_indices
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.gates import GateSet, gate_set_name
from lazydit.learning.emulation import emulating_gates
from lazydit.learning.recipes import LearnProgress, TrajectoryRecipe
from lazydit.learning.trajectories import unroll
from lazydit.models.dit import DiT
from lazydit.policies import Lazy
from lazydit.references import BATCH, References

JUDGE_EVERY = 5
AS_LAZY = 0.003
PRICE_GAIN = 4.0
# Between those of calibration and those of self-drawn images.
_GENERATOR = -(2**29)


class TrajectoryRun:
    """Learning with the trajectory recipe, between two bits of work."""

    def __init__(self, model: DiT, recipe: TrajectoryRecipe, workers: Workers) -> None:
        workers.check_batch_size(recipe.batch_size)
        self._model, self._recipe, self._workers = model, recipe, workers
        self._schedule = Schedule.spaced(recipe.steps)
        self._calibrator = Calibrator(model, recipe.calibration, workers)
        self._learned_images = math.ceil(recipe.images / workers.count) * workers.count
        judges = math.ceil(recipe.images / 2 / workers.count) * workers.count
        self._references = References(
            model,
            self._learned_images + judges,
            steps=recipe.calibration.reference_steps,
            guidance=recipe.calibration.guidance,
            generator=(recipe.calibration.seed, _GENERATOR),
            workers=workers,
        )
        self._learner: _Learner | None = None

    @property
    def finished(self) -> bool:
        return self._learner is not None and self._learner.iteration == self._recipe.iterations

    def advance(self) -> LearnProgress:
        """A bit of calibration, a batch of reference images, or an iteration."""
        if not self._calibrator.finished:
            calibrating = self._calibrator.advance()
            return LearnProgress(calibrating.share / 3, f"calibrating: {calibrating.text}")
        if not self._references.complete:
            self._references.draw_batch()
            share = self._references.drawn / len(self._references.labels)
            return LearnProgress((1 + share) / 3, "drawing reference images")
        if self._learner is None:
            self._learner = self._new_learner()
            if self.finished:
                return LearnProgress(1.0, "deciding as the schedule does")
        text = self._learner.advance()
        return LearnProgress((2 + self._learner.iteration / self._recipe.iterations) / 3, text)

    def state(self) -> dict[str, Any]:
        return {
            "calibration": self._calibrator.state(),
            "references": self._references.latents,
            "learner": None if self._learner is None else self._learner.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._calibrator.restore(state["calibration"])
        self._references.latents = state["references"]
        if state["learner"] is not None:
            self._learner = _Learner(
                self._model,
                self._recipe,
                self._references,
                self._learned_images,
                state["learner"]["start"],
                self._workers,
            )
            self._learner.restore(state["learner"])

    def result(self) -> tuple[GateSet, float]:
        assert self._learner is not None
        return self._learner.best, self._learner.lazy_ratio

    def _new_learner(self) -> "_Learner":
        references, learned = self._references, self._learned_images
        start = emulating_gates(
            self._model,
            references.labels[:BATCH],
            references.noise[:BATCH],
            self._schedule,
            self._calibrator.result(),
            self._recipe.calibration.guidance,
            self._workers,
        )
        learner = _Learner(self._model, self._recipe, references, learned, start, self._workers)
        learner.judge()
        return learner


class _Learner:
    """The gates between two iterations, `best` those that were judged to be best so far.

    What is learned is each gate over the length that it started with: gates are as different in
    length as their inputs, and one learning rate must do for all.
    """

    def __init__(
        self,
        model: DiT,
        recipe: TrajectoryRecipe,
        references: References,
        learned_images: int,
        start: Tensor,
        workers: Workers,
    ) -> None:
        self._model, self._recipe, self._workers = model, recipe, workers
        self._references, self._learned_images = references, learned_images
        self._schedule = Schedule.spaced(recipe.steps)
        self._start = start.to(workers.device)
        self._lengths = self._start.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        self._directions = nn.Parameter(self._start / self._lengths)
        self._optimizer = torch.optim.Adam([self._directions], lr=recipe.lr)
        self._price, self._best_weights = 0.0, self._start
        self._scale = self._least_lazy = 0.0
        self.iteration, self.error, self.lazy_ratio = 0, math.inf, 0.0

    @property
    def best(self) -> GateSet:
        return self._gate_set(self._best_weights)

    def advance(self) -> str:
        """One iteration; returns how it stands."""
        recipe, calibration = self._recipe, self._recipe.calibration
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.lr * (1.0 - self.iteration / recipe.iterations)
        rows = batch_indices(
            self.iteration, recipe.batch_size, self._learned_images, calibration.seed
        )
        labels, noise, reference = (
            self._workers.share(part[rows]).to(self._workers.device)
            for part in (self._references.labels, self._references.noise, self._references.latents)
        )
        drawn = unroll(
            self._model,
            self._directions * self._lengths,
            labels,
            noise,
            self._schedule,
            calibration.guidance,
            max_reuse=calibration.max_reuse,
            extrapolate=calibration.extrapolate,
        )
        loss = (drawn.latent - reference).square().mean() - self._price * drawn.lazy_ratio
        (gradient,) = torch.autograd.grad(loss, [self._directions])
        self._directions.grad = self._workers.mean(gradient)
        self._optimizer.step()
        ratio = float(self._workers.mean(drawn.lazy_ratio.detach()))
        self._price += PRICE_GAIN * self._scale * (calibration.target_ratio - ratio)
        self.iteration += 1
        if self.iteration % JUDGE_EVERY == 0 or self.iteration == recipe.iterations:
            self.judge()
        return f"lazy ratio {ratio:.3f}, best error {self.error:.4f} at {self.lazy_ratio:.3f}"

    def judge(self) -> None:
        """Keep the present gates if they are better than the best and as lazy as the first."""
        weights = (self._directions * self._lengths).detach()
        policy = Lazy.stored(self._gate_set(weights))
        judged = self._references.judge(self._schedule, policy, self._learned_images)
        if self.error == math.inf:
            self._least_lazy, self._scale = judged.lazy_ratio - AS_LAZY, judged.error
        if judged.error < self.error and judged.lazy_ratio >= self._least_lazy:
            self._best_weights = weights
            self.error, self.lazy_ratio = judged.error, judged.lazy_ratio

    def state(self) -> dict[str, Any]:
        return {
            "start": self._start,
            "directions": self._directions.detach(),
            "optimizer": self._optimizer.state_dict(),
            "best_weights": self._best_weights,
            "numbers": {name: getattr(self, name) for name in _NUMBERS},
        }

    def restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            self._directions.copy_(state["directions"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._best_weights = state["best_weights"]
        for name in _NUMBERS:
            setattr(self, name, state["numbers"][name])

    def _gate_set(self, weights: Tensor) -> GateSet:
        calibration = self._recipe.calibration
        return GateSet(
            name=gate_set_name(calibration.steps, calibration.target_ratio),
            weights=weights.cpu(),
            timesteps=self._schedule.timesteps,
            max_reuse=calibration.max_reuse,
            extrapolate=calibration.extrapolate,
            target_ratio=calibration.target_ratio,
        )


_NUMBERS = ("iteration", "error", "lazy_ratio", "_price", "_scale", "_least_lazy")
