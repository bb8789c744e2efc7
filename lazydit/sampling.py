"""Sampling with DDIM, guided or not, where a policy decides which modules run.

Letters in shapes: T steps, B images, S samples an image (1, or 2 with guidance: conditional,
unconditional), 2L modules (attn 0, mlp 0, attn 1, ...), C channels, N tokens, D width.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lazydit.caches import ModuleCache
from lazydit.diffusion import Schedule, ddim_update, guide
from lazydit.errors import LazyDiTError
from lazydit.models.dit import DiT
from lazydit.policies import Policy

DEFAULT_GUIDANCE = 3.0


@dataclass(frozen=True, eq=False)
class SampleResult:
    """`latent` [B, C, H, W]; `scores` float [T, B, S, 2L], NaN where no gate decided; `ran` bool
    [T, B, S, 2L], False where a module was reused; `extrapolated` bool [T, B, S, 2L], True where
    what was reused was extrapolated."""

    latent: Tensor
    scores: Tensor
    ran: Tensor
    extrapolated: Tensor

    @property
    def lazy_ratio(self) -> float:
        """Modules reused over modules reached, the first step included."""
        return 1.0 - float(self.ran.float().mean())


@torch.no_grad()
def sample(
    model: DiT,
    labels: Tensor,
    noise: Tensor,
    schedule: Schedule,
    policy: Policy,
    guidance: float | None,
) -> SampleResult:
    """Generate B images from noise [B, C, H, W] for int64 labels [B].

    `guidance` is the scale of classifier-free guidance; None samples conditionally without it.
    Everything stays on the model's device. Raises LazyDiTError when labels, noise or policy do
    not fit the model.
    """
    generation = Generation(model, labels, noise, schedule, policy, guidance)
    while not generation.finished:
        generation.advance()
    return generation.result()


class Generation:
    """A generation between two steps, to be advanced step by step with `torch.no_grad`.

    Arguments and errors are those of `sample`.
    """

    def __init__(
        self,
        model: DiT,
        labels: Tensor,
        noise: Tensor,
        schedule: Schedule,
        policy: Policy,
        guidance: float | None,
    ) -> None:
        policy.check(model.config, schedule)
        _check_inputs(model, labels, noise)
        device = model.pos_embed.device
        self.step, self.x = 0, noise.to(device)
        self._model, self._schedule, self._guidance = model, schedule, guidance
        self._rows, self._samples = labels.to(device), 1
        if guidance is not None:
            unlabelled = torch.full_like(self._rows, model.config.num_classes)
            self._rows, self._samples = torch.cat([self._rows, unlabelled]), 2
        modules = model.config.num_modules
        self._walk = ModuleWalk(policy, modules, len(self._rows), len(schedule), device)

    @property
    def finished(self) -> bool:
        return self.step == len(self._schedule)

    def advance(self) -> None:
        """Take one step."""
        step, config = self.step, self._model.config
        self._walk.step = step
        timesteps = torch.full_like(self._rows, self._schedule.timesteps[step])
        output = self._model(
            self.x.repeat(self._samples, 1, 1, 1), timesteps, self._rows, self._walk
        )
        eps = output[:, : config.in_channels]
        if self._guidance is not None:
            cond, uncond = eps.chunk(2)
            eps = guide(cond, uncond, self._guidance, config.guidance_channels)
        alpha, alpha_prev = self._schedule.levels(step)
        self.x = ddim_update(self.x, eps, alpha, alpha_prev)
        self.step += 1

    def branched(self, policy: Policy, copies: int) -> "Generation":
        """`copies` of every image, which go on under `policy` after the first step; this one stays
        as it is. All images come, then all again. The copies' trace starts here.
        """
        other = copy(self)
        other.x = self.x.repeat(copies, 1, 1, 1)
        other._rows = self._copied(self._rows, copies)
        other._walk = self._walk.branched(policy, lambda rows: self._copied(rows, copies))
        return other

    def result(self) -> SampleResult:
        walk = self._walk
        scores, ran, extrapolated = (
            walk.by_sample(trace, self._samples)
            for trace in (walk.scores, walk.ran, walk.extrapolated)
        )
        return SampleResult(self.x, scores, ran, extrapolated)

    def _copied(self, rows: Tensor, copies: int) -> Tensor:
        by_sample = rows.chunk(self._samples)
        return torch.cat([part.repeat(copies, *[1] * (rows.ndim - 1)) for part in by_sample])


class ModuleWalk:
    """The `ModuleCall` of one generation: runs a module for the rows whose policy says so, reuses
    its cached output for the others, and keeps the trace.

    Rows are the conditional samples of all images, then the unconditional ones. `step` must be
    set before each pass through the model, from 0 upwards.
    """

    def __init__(
        self, policy: Policy, modules: int, rows: int, steps: int, device: torch.device
    ) -> None:
        self.step = 0
        self.scores = torch.full((steps, rows, modules), torch.nan, device=device)
        self.ran = torch.ones((steps, rows, modules), dtype=torch.bool, device=device)
        self.extrapolated = torch.zeros_like(self.ran)
        self._policy = policy
        self._reuses = torch.zeros((rows, modules), dtype=torch.int64, device=device)
        self._caches = [ModuleCache(policy.extrapolate) for _ in range(modules)]

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        cache = self._caches[number]
        if self.step == 0:
            return cache.start(module(z))
        run = self._decide(number, z)
        if bool(run.all()):
            cache.keep(self.step, run, module(z))
        elif bool(run.any()):
            cache.keep(self.step, run, module(z[run]))
        self.extrapolated[self.step, :, number] = ~run & cache.extrapolates
        return cache.outputs(self.step)

    def branched(self, policy: Policy, copied: Callable[[Tensor], Tensor]) -> "ModuleWalk":
        """A walk that goes on from here under `policy`, with its rows `copied`."""
        reuses = copied(self._reuses)
        other = ModuleWalk(policy, reuses.shape[1], len(reuses), len(self.ran), reuses.device)
        other._reuses = reuses
        other._caches = [cache.branched(copied) for cache in self._caches]
        return other

    def _decide(self, number: int, z: Tensor) -> Tensor:
        run, score = self._policy.decide(self.step, number, z)
        reuses = self._reuses[:, number]
        if self._policy.max_reuse is not None:
            run = run | (reuses >= self._policy.max_reuse)
        self._reuses[:, number] = torch.where(run, 0, reuses + 1)
        self.ran[self.step, :, number] = run
        if score is not None:
            self.scores[self.step, :, number] = score
        return run

    @staticmethod
    def by_sample(trace: Tensor, samples: int) -> Tensor:
        """[T, rows, 2L] -> [T, B, S, 2L]."""
        steps, rows, modules = trace.shape
        return trace.view(steps, samples, rows // samples, modules).transpose(1, 2)


def _check_inputs(model: DiT, labels: Tensor, noise: Tensor) -> None:
    config = model.config
    wanted = (len(labels), config.in_channels, config.input_size, config.input_size)
    if tuple(noise.shape) != wanted:
        raise LazyDiTError(
            f"the noise has shape {tuple(noise.shape)}: give {wanted}, one for each label"
        )
    if not bool(((labels >= 0) & (labels < config.num_classes)).all()):
        raise LazyDiTError(
            f"a label is out of range: choose labels from 0 to {config.num_classes - 1}"
        )
