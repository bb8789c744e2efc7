"""Lazy chains: what gates are learned on.

A chain is one full DDIM step, which fills the cache, and the lazy steps that follow it. In a lazy
step every module's output is its own and its cached output, mixed by the gate's score, so that
the loss has a gradient. Shen et al. ("LazyDiT", 2025) learn on chains with one lazy step; longer
ones show the gates caches as old as sampling lets them grow.

Letters in shapes: R rows (samples, each at a step of its own), T steps, L blocks, D width.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lazydit.data import LabelledImages, batch_indices, step_generator
from lazydit.diffusion import Schedule, add_noise
from lazydit.distributed import Workers
from lazydit.models.dit import DiT
from lazydit.policies import gate_score

Precision = Callable[[], AbstractContextManager[object]]
"""Makes the context that a model is run in: bf16 autocast, or nothing."""


@dataclass(frozen=True, kw_only=True)
class ChainStart:
    """Where R chains start: x [R, C, H, W] at the noise of step `step` [R], labels [R]; each goes
    on for `lazy_steps` lazy steps."""

    x: Tensor
    step: Tensor
    labels: Tensor
    lazy_steps: int


@dataclass(frozen=True)
class ChainResult:
    """Of all rows: `errors` [R] against full steps; `scores` [lazy steps][2L] of [R] each."""

    errors: Tensor
    scores: list[list[Tensor]]

    def mean_scores(self, kind: int) -> Tensor:
        """Sum over the blocks of the mean score of attention (kind 0) or feedforward (kind 1)."""
        means = [torch.stack(scores[kind::2]).mean(dim=1).sum() for scores in self.scores]
        return torch.stack(means).mean()


class ChainSteps:
    """A schedule's steps on one device, each row of a batch being at a step of its own.

    `weights` [T] tell how much of a squared error of eps a step hands on to the next x. Weighted
    like this, errors of different steps can be compared: a full step keeps the variance of x, so
    that what is handed on neither grows nor shrinks much before the last step.
    """

    def __init__(self, schedule: Schedule, device: torch.device) -> None:
        # A DDIM step is linear in x and eps: these are the two factors.
        alphas, alphas_prev = schedule.alphas_cumprod, schedule.alphas_cumprod_prev
        of_x = (alphas_prev / alphas).sqrt()
        of_eps = (1 - alphas_prev).sqrt() - of_x * (1 - alphas).sqrt()
        self.timesteps = torch.tensor(schedule.timesteps, device=device)
        self.weights = of_eps.square().float().to(device)
        self._of_x = of_x.float().to(device).view(-1, 1, 1, 1)
        self._of_eps = of_eps.float().to(device).view(-1, 1, 1, 1)

    def update(self, x: Tensor, eps: Tensor, step: Tensor) -> Tensor:
        """One DDIM step of every row."""
        return self._of_x[step] * x + self._of_eps[step] * eps


def draw_chains(
    data: LabelledImages,
    schedule: Schedule,
    workers: Workers,
    *,
    rows: int,
    longest: int,
    label_drop: float,
    seed: int,
    iteration: int,
) -> ChainStart:
    """This process's part of the chains of one iteration; the whole depends on `seed` and
    `iteration` alone. Chains have 1 to `longest` lazy steps, all of one iteration equally many.
    """
    random = step_generator(seed, iteration)
    lazy_steps = int(torch.randint(1, longest + 1, (), generator=random))
    step = torch.randint(len(schedule) - lazy_steps, (rows,), generator=random)
    dropped = torch.rand(rows, generator=random) < label_drop
    chance = torch.rand(rows, 2, generator=random)
    noise = torch.randn(rows, data.channels, data.size, data.size, generator=random)
    indices = batch_indices(iteration, rows, len(data.labels), seed)

    labels = data.labels[indices].masked_fill(dropped, data.num_classes)
    clean = data.images(workers.share(indices), workers.share(chance))
    step, labels, noise = (workers.share(part) for part in (step, labels, noise))
    x = add_noise(clean, noise, schedule.alphas_cumprod[step])
    x, step, labels = (part.to(workers.device) for part in (x, step, labels))
    return ChainStart(x=x, step=step, labels=labels, lazy_steps=lazy_steps)


def walk_chains(
    model: DiT, gates: Tensor, start: ChainStart, steps: ChainSteps, precision: Precision
) -> ChainResult:
    """Walk the chains with gates [T, 2L, D] and keep the gradient to the gates."""

    def predict(x: Tensor, step: Tensor, call: "_Fill | _Mix") -> Tensor:
        with precision():
            output: Tensor = model(x, steps.timesteps[step], start.labels, call)
        return output[:, : model.config.in_channels].float()

    step, fill = start.step, _Fill()
    with torch.no_grad():
        x = steps.update(start.x, predict(start.x, step, fill), step)
    cache = fill.outputs
    errors, scores = torch.zeros(len(x), device=x.device), []
    for _ in range(start.lazy_steps):
        step = step + 1
        with torch.no_grad():
            full = predict(x, step, _Fill())
        mix = _Mix(gates[step], cache)
        mixed = predict(x, step, mix)
        errors = errors + steps.weights[step] * (mixed - full).square().mean(dim=(1, 2, 3))
        scores.append(mix.scores)
        cache = mix.kept
        x = steps.update(x, mixed.detach(), step)
    return ChainResult(errors / start.lazy_steps, scores)


class _Fill:
    """The `ModuleCall` of a full step: runs every module and keeps its output."""

    def __init__(self) -> None:
        self.outputs: list[Tensor] = []

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        output: Tensor = module(z)
        self.outputs.append(output)
        return output


class _Mix:
    """The `ModuleCall` of a lazy step, with gates [R, 2L, D] and cached outputs of all modules.

    `kept` is the cache that sampling would be left with: it decides, it does not mix.
    """

    def __init__(self, gates: Tensor, cache: list[Tensor]) -> None:
        self.scores: list[Tensor] = []
        self.kept: list[Tensor] = []
        self._gates, self._cache = gates, cache

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        output, cached = module(z), self._cache[number]
        score = gate_score(self._gates[:, number], z)
        share = score.view(-1, 1, 1)
        self.scores.append(score)
        self.kept.append(torch.where(share.detach() < 0.5, cached, output.detach()))
        mixed: Tensor = share * output + (1 - share) * cached
        return mixed
