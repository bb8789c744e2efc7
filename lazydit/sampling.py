"""Sampling with DDIM, guided or not, where a policy decides which modules run.

Letters in shapes: T steps, B images, S samples an image (1, or 2 with guidance: conditional,
unconditional), 2L modules (attn 0, mlp 0, attn 1, ...), C channels, N tokens, D width.
"""

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
    policy.check(model.config, schedule)
    _check_inputs(model, labels, noise)
    device = model.pos_embed.device
    x, rows = noise.to(device), labels.to(device)
    samples = 1 if guidance is None else 2
    if guidance is not None:
        rows = torch.cat([rows, torch.full_like(rows, model.config.num_classes)])
    walk = ModuleWalk(policy, model.config.num_modules, len(rows), len(schedule), device)
    levels = zip(
        schedule.timesteps,
        schedule.alphas_cumprod.tolist(),
        schedule.alphas_cumprod_prev.tolist(),
        strict=True,
    )
    for step, (timestep, alpha, alpha_prev) in enumerate(levels):
        walk.step = step
        timesteps = torch.full((len(rows),), timestep, device=device)
        output = model(x.repeat(samples, 1, 1, 1), timesteps, rows, walk)
        eps = output[:, : model.config.in_channels]
        if guidance is not None:
            cond, uncond = eps.chunk(2)
            eps = guide(cond, uncond, guidance, model.config.guidance_channels)
        x = ddim_update(x, eps, alpha, alpha_prev)
    scores, ran, extrapolated = (
        walk.by_sample(trace, samples) for trace in (walk.scores, walk.ran, walk.extrapolated)
    )
    return SampleResult(x, scores, ran, extrapolated)


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
