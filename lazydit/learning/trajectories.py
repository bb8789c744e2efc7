"""Whole sampling trajectories with a gradient to the gates that decided in them.

Decisions are as hard as in sampling: the limit on reuses, the caches and their ages, extrapolation
and guidance are what the gates will meet. The gradient takes a decision for its score (Bengio et
al., "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation",
2013, the straight-through estimator).

Letters in shapes: R rows (the conditional samples, then the unconditional ones), T steps, 2L
modules, D width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lazydit.caches import ModuleCache
from lazydit.diffusion import Schedule, ddim_update, guide
from lazydit.models.dit import DiT
from lazydit.policies import gate_score


@dataclass(frozen=True)
class Trajectory:
    """`latent` [B, C, H, W] and `lazy_ratio` [], both with a gradient to the gates."""

    latent: Tensor
    lazy_ratio: Tensor


def unroll(
    model: DiT,
    gates: Tensor,
    labels: Tensor,
    noise: Tensor,
    schedule: Schedule,
    guidance: float,
    *,
    max_reuse: int | None,
    extrapolate: bool,
) -> Trajectory:
    """Sample as `sampling.sample` does with policy `Lazy`, thresholds 0.5 and gates [T, 2L, D].

    Every module's output at every step stays in memory, what happens inside modules does not.
    """
    config = model.config
    rows = torch.cat([labels, torch.full_like(labels, config.num_classes)])
    walk = _StraightThrough(gates, len(rows), max_reuse, extrapolate)
    x = noise
    for step, timestep in enumerate(schedule.timesteps):
        walk.step = step
        output = model(x.repeat(2, 1, 1, 1), torch.full_like(rows, timestep), rows, walk)
        cond, uncond = output[:, : config.in_channels].chunk(2)
        eps = guide(cond, uncond, guidance, config.guidance_channels)
        x = ddim_update(x, eps, *schedule.levels(step))
    return Trajectory(x, walk.reused / (len(schedule) * config.num_modules))


class _StraightThrough:
    """The `ModuleCall` of a trajectory: computes every module for all rows, hands on its output or
    the reused one. `reused` is the number of reuses so far, a mean over the rows."""

    def __init__(self, gates: Tensor, rows: int, max_reuse: int | None, extrapolate: bool) -> None:
        self.step = 0
        self.reused = torch.zeros((), device=gates.device)
        self._gates, self._max_reuse = gates, max_reuse
        modules = gates.shape[1]
        self._reuses = torch.zeros((modules, rows), dtype=torch.int64, device=gates.device)
        self._caches = [ModuleCache(extrapolate) for _ in range(modules)]

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        output: Tensor = checkpoint(module, z, use_reentrant=False)
        cache = self._caches[number]
        if self.step == 0:
            return cache.start(output)
        run, diligence = self._decide(number, z)
        share = diligence.view(-1, 1, 1)
        handed_on: Tensor = share * output + (1 - share) * cache.outputs(self.step)
        if bool(run.any()):
            cache.keep(self.step, run, output if bool(run.all()) else output[run])
        self.reused = self.reused + (1 - diligence).mean()
        return handed_on

    def _decide(self, number: int, z: Tensor) -> tuple[Tensor, Tensor]:
        """Who runs, bool [R], and the same as 0 or 1 with the gradient of the scores."""
        score = gate_score(self._gates[self.step, number], z.detach())
        run = score >= 0.5
        diligence = run.float() + score - score.detach()
        reuses = self._reuses[number]
        if self._max_reuse is not None:
            forced = reuses >= self._max_reuse
            run, diligence = run | forced, diligence.masked_fill(forced, 1.0)
        self._reuses[number] = torch.where(run, 0, reuses + 1)
        return run, diligence
