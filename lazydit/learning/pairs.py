"""Pairs of neighbouring steps, a full one and a lazy one: what the paper's gates are learned on.

In the lazy step every module's output is its own and the one cached in the full step, mixed by the
gate's score, so that the loss has a gradient. After Shen et al., "LazyDiT", 2025.

Letters in shapes: R rows (samples, each at a step of its own), T steps, L blocks, D width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lazydit.data import LabelledImages, batch_indices, step_generator
from lazydit.diffusion import Schedule, add_noise
from lazydit.distributed import Workers
from lazydit.models.dit import DiT
from lazydit.policies import gate_score


@dataclass(frozen=True)
class Pairs:
    """R pairs: x [R, C, H, W] at the noise of the full step `step` [R], labels [R]."""

    x: Tensor
    step: Tensor
    labels: Tensor


@dataclass(frozen=True)
class PairResult:
    """The mean squared `error` of the mixed model outputs against the full ones, and the scores
    [R] of each of the 2L modules."""

    error: Tensor
    scores: list[Tensor]

    def summed_scores(self, kind: int) -> Tensor:
        """Sum over the blocks of the mean score of attention (kind 0) or feedforward (kind 1)."""
        return torch.stack(self.scores[kind::2]).mean(dim=1).sum()


def draw_pairs(
    data: LabelledImages,
    schedule: Schedule,
    workers: Workers,
    *,
    rows: int,
    label_drop: float,
    seed: int,
    iteration: int,
) -> Pairs:
    """This process's part of the pairs of one iteration; the whole depends on `seed` and
    `iteration` alone. Pairs are steps 0 and 1, 2 and 3, ..., each as likely as the others."""
    random = step_generator(seed, iteration)
    step = 2 * torch.randint(len(schedule) // 2, (rows,), generator=random)
    dropped = torch.rand(rows, generator=random) < label_drop
    chance = torch.rand(rows, 2, generator=random)
    noise = torch.randn(rows, data.channels, data.size, data.size, generator=random)
    indices = batch_indices(iteration, rows, len(data.labels), seed)

    labels = data.labels[indices].masked_fill(dropped, data.num_classes)
    clean = data.images(workers.share(indices), workers.share(chance))
    step, labels, noise = (workers.share(part) for part in (step, labels, noise))
    x = add_noise(clean, noise, schedule.alphas_cumprod[step])
    return Pairs(*(part.to(workers.device) for part in (x, step, labels)))


def walk_pairs(model: DiT, gates: Tensor, pairs: Pairs, schedule: Schedule) -> PairResult:
    """Take the full and the lazy step with gates [T, 2L, D] and keep the gradient to the gates."""
    timesteps = torch.tensor(schedule.timesteps, device=pairs.x.device)
    filled, lazy_step = _Fill(), pairs.step + 1
    with torch.no_grad():
        output = model(pairs.x, timesteps[pairs.step], pairs.labels, filled)
        x = _ddim_step(schedule, pairs, output[:, : model.config.in_channels])
        full = model(x, timesteps[lazy_step], pairs.labels)
    mix = _Mix(gates[lazy_step], filled.outputs)
    mixed = model(x, timesteps[lazy_step], pairs.labels, mix)
    return PairResult((mixed.float() - full.float()).square().mean(), mix.scores)


def _ddim_step(schedule: Schedule, pairs: Pairs, eps: Tensor) -> Tensor:
    """`diffusion.ddim_update` of every row at its own step."""
    levels = (schedule.alphas_cumprod, schedule.alphas_cumprod_prev)
    alpha, alpha_prev = (level[pairs.step.cpu()].view(-1, 1, 1, 1) for level in levels)
    of_x = (alpha_prev / alpha).sqrt()
    of_eps = (1 - alpha_prev).sqrt() - of_x * (1 - alpha).sqrt()
    of_x, of_eps = (factor.float().to(eps.device) for factor in (of_x, of_eps))
    return of_x * pairs.x + of_eps * eps.float()


class _Fill:
    """The `ModuleCall` of a full step: runs every module and keeps its output."""

    def __init__(self) -> None:
        self.outputs: list[Tensor] = []

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        output: Tensor = module(z)
        self.outputs.append(output)
        return output


class _Mix:
    """The `ModuleCall` of a lazy step, with gates [R, 2L, D] and cached outputs of all modules."""

    def __init__(self, gates: Tensor, cached: list[Tensor]) -> None:
        self.scores: list[Tensor] = []
        self._gates, self._cached = gates, cached

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        score = gate_score(self._gates[:, number], z)
        self.scores.append(score)
        share = score.view(-1, 1, 1)
        mixed: Tensor = share * module(z) + (1 - share) * self._cached[number]
        return mixed
