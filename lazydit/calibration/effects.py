"""Measuring what changes of a mask do to the final images.

Letters in shapes: T steps, R rows (samples), P copies of B images, 2L modules.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lazydit.calibration.choosing import Effects
from lazydit.calibration.masks import Change
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.models.dit import DiT, DiTConfig
from lazydit.policies import Decision, FixedSchedule
from lazydit.references import References
from lazydit.sampling import Generation

IMAGES = 16
ROWS = 192


class ChangeEffects:
    """The effects of `changes` of a schedule's mask, measured on the first `images` references.

    Memory stays bounded: no process draws more than about `ROWS` samples at once, and one final
    image a change is kept for each of at most `IMAGES` images a process.
    """

    def __init__(
        self,
        model: DiT,
        references: References,
        images: int,
        schedule: Schedule,
        policy: FixedSchedule,
        changes: Sequence[Change],
        guidance: float,
        workers: Workers,
    ) -> None:
        self._model, self._references, self._images = model, references, images
        self._schedule, self._policy, self._changes = schedule, policy, changes
        self._guidance, self._workers = guidance, workers
        self._gram = torch.zeros(len(changes), len(changes), dtype=torch.float64)
        self._slope = torch.zeros(len(changes), dtype=torch.float64)
        self._start, self._finals = 0, list[Tensor]()
        self._generation: Generation | None = None

    @property
    def work(self) -> int:
        """Changes to be measured, times images."""
        return len(self._changes) * self._images

    @property
    def done(self) -> int:
        batch = min(self._batch, self._images - self._start)
        return self._start * len(self._changes) + len(self._finals) * max(batch, 0)

    @property
    def complete(self) -> bool:
        return self._start >= self._images

    @property
    def _batch(self) -> int:
        return IMAGES * self._workers.count

    def measure_some(self) -> None:
        """Measure a few changes that begin at the same step, for one batch of images."""
        generation = self._generation or self._begin()
        step = self._changes[len(self._finals)].first_step
        while generation.step < step:
            generation.advance()
        copies = max(1, ROWS // (2 * len(generation.x)))
        ahead = self._changes[len(self._finals) : len(self._finals) + copies]
        some = [change for change in ahead if change.first_step == step]
        masks = [change.applied(self._policy.run) for change in some]
        policy = _MaskEach(masks, len(generation.x), self._policy.extrapolate)
        branched = generation.branched(policy, len(some))
        self._finals += self._finish(branched, len(some))
        self._generation = generation
        if len(self._finals) == len(self._changes):
            self._end(generation)

    def result(self) -> Effects:
        return Effects(self._policy.run, self._changes, self._gram, self._slope)

    def state(self) -> dict[str, Any]:
        finals = torch.stack(self._finals) if self._finals else None
        return {"start": self._start, "gram": self._gram, "slope": self._slope, "finals": finals}

    def restore(self, state: dict[str, Any]) -> None:
        self._start, self._gram, self._slope = state["start"], state["gram"], state["slope"]
        self._finals = [] if state["finals"] is None else list(state["finals"])

    def _begin(self) -> Generation:
        batch = slice(self._start, min(self._start + self._batch, self._images))
        references = self._references
        labels, noise = (
            self._workers.share(part[batch]) for part in (references.labels, references.noise)
        )
        return Generation(self._model, labels, noise, self._schedule, self._policy, self._guidance)

    def _finish(self, generation: Generation, copies: int) -> list[Tensor]:
        """The final images [B, C, H, W] of all processes, for each of the copies."""
        while not generation.finished:
            generation.advance()
        latents = torch.stack(generation.x.chunk(copies), dim=1)
        return list(self._workers.gather(latents).cpu().transpose(0, 1))

    def _end(self, generation: Generation) -> None:
        """Add up the inner products of this batch."""
        (unchanged,) = self._finish(generation, 1)
        effects = torch.stack([(final - unchanged).flatten() for final in self._finals])
        error = unchanged - self._references.latents[self._start : self._start + len(unchanged)]
        self._gram += (effects @ effects.T).double()
        self._slope += (effects @ error.flatten()).double()
        self._start += len(unchanged)
        self._finals, self._generation = [], None


class _MaskEach:
    """The policy of P copies of B images, each copy with a mask [T, 2L] of its own."""

    max_reuse: int | None = None

    def __init__(self, masks: Sequence[Tensor], images: int, extrapolate: bool) -> None:
        self.extrapolate = extrapolate
        self._run = torch.stack(list(masks), dim=1).repeat_interleave(images, dim=1)

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        pass

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        run = self._run[step, :, module]
        return Decision(run.repeat(len(z) // len(run)).to(z.device))
