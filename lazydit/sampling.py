"""DDIM sampling of a DiT under a policy, with a record of every score and decision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lazydit.diffusion import Schedule, ddim_update, guide
from lazydit.errors import LazyDiTError
from lazydit.models.dit import DiT, DiTConfig
from lazydit.policies import Policy

DEFAULT_GUIDANCE = 3.0


@dataclass(frozen=True, eq=False)
class SampleResult:
    """Samples and how they came about.

    `latent` is [B, C, h, w]; `scores` (fp32, NaN where no gate decided) and `ran` (bool) are
    [T, B, S, 2L]: steps in sampling order, S = conditional and unconditional sample (conditional
    alone without guidance), modules attn 0, mlp 0, attn 1, ... Both lie on the CPU.
    """

    latent: Tensor
    scores: Tensor
    ran: Tensor

    @property
    def lazy_ratio(self) -> float:
        """Modules reused / modules reached, the first step included."""
        return 1.0 - self.ran.float().mean().item()


class ModuleCache:
    """Each module's output of the last time it ran, for every sample, and how old it is."""

    def __init__(self, config: DiTConfig, policy: Policy, samples: int) -> None:
        self.step = 0
        self.policy = policy
        self.outputs: list[Tensor | None] = [None] * config.num_modules
        self.reuses = torch.zeros(samples, config.num_modules, dtype=torch.int64)
        self.scores = torch.full((samples, config.num_modules), math.nan)
        self.ran = torch.ones(samples, config.num_modules, dtype=torch.bool)

    def __call__(self, number: int, module: nn.Module, z: Tensor) -> Tensor:
        """A `ModuleCall` that runs or reuses per sample, as the policy says."""
        kept = self.outputs[number]
        if self.step == 0 or kept is None:
            output: Tensor = module(z)
        else:
            run = self._decide(number, z)
            self.ran[:, number] = run
            self.reuses[:, number] = (self.reuses[:, number] + 1).masked_fill(run, 0)
            output = _mixed(module, z, kept, run.to(z.device))
        self.outputs[number] = output
        return output

    def _decide(self, number: int, z: Tensor) -> Tensor:
        decision = self.policy.decide(self.step, number, z)
        if decision.scores is not None:
            self.scores[:, number] = decision.scores.cpu()
        run = decision.run.cpu()
        if self.policy.max_reuse is not None:
            run = run | (self.reuses[:, number] >= self.policy.max_reuse)
        return run


def _mixed(module: nn.Module, z: Tensor, kept: Tensor, run: Tensor) -> Tensor:
    """The module's output for the samples that run, the kept one for the others."""
    if not run.any():
        return kept
    if run.all():
        output: Tensor = module(z)
        return output
    output = kept.clone()
    output[run] = module(z[run])
    return output


@torch.no_grad()
def sample(
    model: DiT,
    labels: Sequence[int] | Tensor,
    noise: Tensor,
    schedule: Schedule,
    policy: Policy,
    guidance: float = DEFAULT_GUIDANCE,
) -> SampleResult:
    """Generate one latent per label from `noise` [B, C, h, w] (on the model's device).

    Guidance 1 is off: only the conditional sample is computed. Otherwise the conditional and the
    unconditional sample run on the same latent and decide separately. Raises LazyDiTError for a
    label out of range and for a policy that fits neither model nor schedule.
    """
    config = model.config
    labels = _checked_labels(labels, config).to(noise.device)
    _check_noise(noise, len(labels), config)
    policy.check(config, schedule)
    guided = guidance != 1.0
    unlabelled = torch.full_like(labels, config.num_classes)
    sample_labels = torch.cat([labels, unlabelled]) if guided else labels
    cache = ModuleCache(config, policy, len(sample_labels))
    scores, ran, x = [], [], noise
    alphas = zip(schedule.alphas_cumprod, schedule.alphas_cumprod_prev, strict=True)
    for timestep, (alpha, alpha_prev) in zip(schedule.timesteps, alphas, strict=True):
        inputs = torch.cat([x, x]) if guided else x
        times = torch.full((len(inputs),), timestep, device=x.device)
        eps = model(inputs, times, sample_labels, cache)[:, : config.in_channels]
        if guided:
            eps = guide(*eps.chunk(2), guidance, config.guidance_channels)
        x = ddim_update(x, eps, alpha.item(), alpha_prev.item())
        scores.append(cache.scores.clone())
        ran.append(cache.ran.clone())
        cache.step += 1
    return SampleResult(x, _by_sample(scores, guided), _by_sample(ran, guided))


def _by_sample(records: list[Tensor], guided: bool) -> Tensor:
    """T records [S*B, 2L] -> [T, B, S, 2L]."""
    stacked = torch.stack(records)
    halves = stacked.view(len(records), 2 if guided else 1, -1, stacked.shape[-1])
    return halves.transpose(1, 2).contiguous()


def _checked_labels(labels: Sequence[int] | Tensor, config: DiTConfig) -> Tensor:
    checked = torch.as_tensor(labels, dtype=torch.int64)
    wrong = checked[(checked < 0) | (checked >= config.num_classes)]
    if len(wrong):
        raise LazyDiTError(
            f"label {wrong[0].item()} is out of range: choose from 0 to {config.num_classes - 1}"
        )
    return checked


def _check_noise(noise: Tensor, count: int, config: DiTConfig) -> None:
    expected = (count, config.in_channels, config.input_size, config.input_size)
    if tuple(noise.shape) != expected:
        raise LazyDiTError(f"the noise is {tuple(noise.shape)}: give noise of shape {expected}")
