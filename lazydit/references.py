"""Reference images: what plain DDIM makes of some noise in many steps.

A policy is judged by how far from them its images are, for the same labels and noise.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lazydit.data import step_generator
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.models.dit import DiT
from lazydit.policies import Always, Policy
from lazydit.sampling import sample

BATCH = 32


@dataclass(frozen=True)
class Judgement:
    """Mean squared error against the references, and the lazy ratio."""

    error: float
    lazy_ratio: float


class References:
    """`count` guided images, drawn batch by batch; every process draws its share of a batch.

    `labels` [count] and `noise` [count, C, H, W] are random and depend on `generator` (a seed and
    a number, see `step_generator`) alone. `latents` are those drawn so far; they may be kept and
    handed in again to go on from there. `count` must be a multiple of the processes.
    """

    def __init__(
        self,
        model: DiT,
        count: int,
        *,
        steps: int,
        guidance: float,
        generator: tuple[int, int],
        workers: Workers,
    ) -> None:
        config = model.config
        random = step_generator(*generator)
        shape = (count, config.in_channels, config.input_size, config.input_size)
        self.labels = torch.randint(config.num_classes, (count,), generator=random)
        self.noise: Tensor = torch.randn(shape, generator=random)
        self.latents = self.noise[:0]
        self._model, self._schedule, self._guidance = model, Schedule.spaced(steps), guidance
        self._workers = workers
        self._batch = BATCH * workers.count

    @property
    def drawn(self) -> int:
        return len(self.latents)

    @property
    def complete(self) -> bool:
        return self.drawn == len(self.labels)

    def draw_batch(self) -> None:
        latents, _ = self._draw(self.drawn, self._schedule, Always())
        self.latents = torch.cat([self.latents, latents])

    def judge(self, schedule: Schedule, policy: Policy, first: int) -> Judgement:
        """The images from `first` on, drawn with another schedule and policy."""
        errors, reuses = [], []
        for start in range(first, len(self.labels), self._batch):
            latents, ran = self._draw(start, schedule, policy)
            errors.append(latents - self.latents[start : start + self._batch])
            reuses.append(1.0 - ran.mean(dim=(1, 2, 3)))
        return Judgement(float(torch.cat(errors).square().mean()), float(torch.cat(reuses).mean()))

    def _draw(self, start: int, schedule: Schedule, policy: Policy) -> tuple[Tensor, Tensor]:
        """Latents [B, C, H, W] of all processes and what ran, as numbers [B, T, S, 2L]."""
        batch = slice(start, start + self._batch)
        labels, noise = (self._workers.share(part[batch]) for part in (self.labels, self.noise))
        result = sample(self._model, labels, noise, schedule, policy, self._guidance)
        ran = result.ran.transpose(0, 1).float()
        return self._workers.gather(result.latent).cpu(), self._workers.gather(ran).cpu()
