"""Drawing all images of an analysis under many policies, and what is kept of each.

Letters in shapes: B images, T steps, S samples an image, 2L modules.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lazydit.analysis.images import Images
from lazydit.analysis.schema import Point
from lazydit.diffusion import Schedule
from lazydit.models.dit import DiT
from lazydit.policies import Always, Lazy, Policy
from lazydit.sampling import SampleResult, sample

REFERENCE_STEPS = 100
_REFERENCE = "reference"


@dataclass(frozen=True)
class Job:
    """All images under one policy with so many steps; jobs of the same name are the same job.

    With `trace` the scores and decisions are kept as well.
    """

    name: str
    policy: Policy
    steps: int
    trace: bool = False


REFERENCE = Job(_REFERENCE, Always(), REFERENCE_STEPS)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is kept of a job: `errors` [B] against the reference, `ratios` [B, 2], the lazy ratio of
    attention and of feedforward; with a trace `scores` and `ran` [B, T, S, 2L]."""

    errors: Tensor
    ratios: Tensor
    scores: Tensor | None = None
    ran: Tensor | None = None

    @property
    def error(self) -> float:
        return float(self.errors.mean())

    @property
    def standard_error(self) -> float:
        return float(self.errors.std() / len(self.errors) ** 0.5)


class Drawing:
    """Draws jobs a batch at a time; the reference must be drawn first."""

    def __init__(self, model: DiT, images: Images, guidance: float, batch_size: int) -> None:
        self._model, self._images, self._guidance = model, images, guidance
        self._batches = images.batches(batch_size)
        self._kept: dict[str, list[dict[str, Tensor]]] = {}

    @property
    def batches(self) -> int:
        """Of every job."""
        return len(self._batches)

    @property
    def done(self) -> int:
        """Batches drawn, of all jobs."""
        return sum(map(len, self._kept.values()))

    def finished(self, job: Job) -> bool:
        return len(self._kept.get(job.name, ())) == self.batches

    def advance(self, job: Job) -> None:
        """Draw one more batch of a job."""
        kept = self._kept.setdefault(job.name, [])
        number = len(kept)
        batch = self._batches[number]
        labels, noise = self._images.labels[batch], self._images.noise[batch]
        schedule = Schedule.spaced(job.steps)
        result = sample(self._model, labels, noise, schedule, job.policy, self._guidance)
        if job.name == _REFERENCE:
            kept.append({"latent": result.latent.cpu()})
        else:
            kept.append(_judged(result, self._kept[_REFERENCE][number]["latent"], job.trace))

    def drawn(self, job: Job) -> Drawn:
        """What a finished job has left."""
        kept = self._kept[job.name]
        return Drawn(**{name: torch.cat([part[name] for part in kept]) for name in kept[0]})

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on from here."""
        return self._kept

    def restore(self, state: dict[str, Any]) -> None:
        self._kept = state


def point(policy: Lazy, penalty: float | None, drawn: Drawn) -> Point:
    """A policy's place on a curve."""
    attn, mlp = drawn.ratios.mean(dim=0).tolist()
    return Point(
        threshold_attn=policy.threshold_attn,
        threshold_mlp=policy.threshold_mlp,
        penalty=penalty,
        lazy_ratio=(attn + mlp) / 2,
        ratio_attn=attn,
        ratio_mlp=mlp,
        error=drawn.error,
        standard_error=drawn.standard_error,
    )


def _judged(result: SampleResult, reference: Tensor, trace: bool) -> dict[str, Tensor]:
    reused = 1.0 - result.ran.double()
    kinds = [reused[..., kind::2].mean(dim=(0, 2, 3)) for kind in (0, 1)]
    kept = {
        "errors": (result.latent.cpu() - reference).double().square().mean(dim=(1, 2, 3)),
        "ratios": torch.stack(kinds, dim=1).cpu(),
    }
    if trace:
        kept["scores"] = result.scores.transpose(0, 1).cpu()
        kept["ran"] = result.ran.transpose(0, 1).cpu()
    return kept
