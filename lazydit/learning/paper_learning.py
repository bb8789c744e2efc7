"""The paper's learning: a full step, then a lazy one whose error and whose scores cost.

The loss is that of Shen et al., "LazyDiT: Lazy Learning for the Acceleration of Diffusion
Transformers", 2025: the mean squared error of the model's output, mixed by the scores (`pairs`),
against the full output, plus one penalty times the sum over the blocks of the scores of attention
(a mean over the samples) and another times that of feedforward. Gates start at zero; those of the
full steps, every second one, stay there.
"""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from lazydit.data import LabelledImages, step_generator
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet, gate_set_name
from lazydit.learning.pairs import PairResult, draw_pairs, walk_pairs
from lazydit.learning.recipes import LearnProgress, PaperRecipe
from lazydit.learning.self_images import COUNT, SelfImages
from lazydit.models.dit import DiT
from lazydit.policies import Lazy
from lazydit.sampling import sample

MEASURED_IMAGES = 32
# What this takes from a seed's generators lies below the iterations.
_GENERATOR = -1


def paper_loss(result: PairResult, recipe: PaperRecipe) -> torch.Tensor:
    """The loss [] of one batch of pairs."""
    return (
        result.error
        + recipe.penalty_attn * result.summed_scores(kind=0)
        + recipe.penalty_mlp * result.summed_scores(kind=1)
    )


class PaperRun:
    """Learning with the paper's recipe, between two iterations."""

    def __init__(
        self, model: DiT, data: LabelledImages | None, recipe: PaperRecipe, workers: Workers
    ) -> None:
        workers.check_batch_size(recipe.batch_size)
        self._model, self._recipe, self._workers = model, recipe, workers
        self._drawing = None
        if data is None:
            self._drawing = SelfImages(model, recipe.guidance, recipe.seed, workers)
        self._data: LabelledImages = self._drawing or _fitting(data, model)
        self._schedule = Schedule.spaced(recipe.steps)
        shape = (recipe.steps, model.config.num_modules, model.config.width)
        self._gates = nn.Parameter(torch.zeros(shape, device=workers.device))
        self._optimizer = torch.optim.AdamW([self._gates], lr=recipe.lr)
        self._iteration = 0

    @property
    def finished(self) -> bool:
        return self._iteration == self._recipe.iterations

    def advance(self) -> LearnProgress:
        """One iteration; before the first, one batch of training images that the model draws."""
        if self._drawing is not None and self._drawing.drawn < COUNT:
            self._drawing.draw_batch()
            return LearnProgress(0.0, f"drawing training images: {self._drawing.drawn}")
        recipe = self._recipe
        pairs = draw_pairs(
            self._data,
            self._schedule,
            self._workers,
            rows=recipe.batch_size,
            label_drop=recipe.label_drop,
            seed=recipe.seed,
            iteration=self._iteration,
        )
        loss = paper_loss(walk_pairs(self._model, self._gates, pairs, self._schedule), recipe)
        (gradient,) = torch.autograd.grad(loss, [self._gates])
        self._gates.grad = self._workers.mean(gradient)
        self._optimizer.step()
        self._iteration += 1
        mean = float(self._workers.mean(loss.detach()))
        return LearnProgress(self._iteration / recipe.iterations, f"loss {mean:.2e}")

    def state(self) -> dict[str, Any]:
        return {
            "iteration": self._iteration,
            "gates": self._gates.detach(),
            "optimizer": self._optimizer.state_dict(),
            "latents": None if self._drawing is None else self._drawing.latents,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._iteration = state["iteration"]
        with torch.no_grad():
            self._gates.copy_(state["gates"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._drawing is not None:
            self._drawing.latents = state["latents"]

    def result(self) -> tuple[GateSet, float]:
        """The gates, named after the lazy ratio of guided sampling with them."""
        gates = GateSet(
            name="learned",
            weights=self._gates.detach().cpu(),
            timesteps=self._schedule.timesteps,
        )
        ratio = self._lazy_ratio(gates)
        return replace(gates, name=gate_set_name(self._recipe.steps, ratio)), ratio

    def _lazy_ratio(self, gates: GateSet) -> float:
        count = math.ceil(MEASURED_IMAGES / self._workers.count) * self._workers.count
        random = step_generator(self._recipe.seed, _GENERATOR)
        config = self._model.config
        shape = (count, config.in_channels, config.input_size, config.input_size)
        labels = torch.randint(config.num_classes, (count,), generator=random)
        noise = torch.randn(shape, generator=random)
        labels, noise = self._workers.share(labels), self._workers.share(noise)
        policy, guidance = Lazy.stored(gates), self._recipe.guidance
        result = sample(self._model, labels, noise, self._schedule, policy, guidance)
        return float(
            self._workers.mean(torch.tensor(result.lazy_ratio, device=self._workers.device))
        )


def _fitting(data: LabelledImages | None, model: DiT) -> LabelledImages:
    config = model.config
    assert data is not None
    if (data.channels, data.size) != (config.in_channels, config.input_size):
        raise LazyDiTError(
            f"the model denoises {config.in_channels} x {config.input_size} x {config.input_size} "
            "and not images of this size: learn with --data self"
        )
    if data.num_classes != config.num_classes:
        raise LazyDiTError(
            f"the data has {data.num_classes} classes and the model {config.num_classes}: "
            "give the data that the model was trained on, or learn with --data self"
        )
    return data
