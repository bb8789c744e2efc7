"""The diffusion process: linear betas, the published respacing, DDIM with eta 0, guidance.

Steps are counted in sampling order everywhere: step 0 is the first one sampled (the noisiest).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lazydit.errors import LazyDiTError

TRAIN_TIMESTEPS = 1000
BETA_START = 1e-4
BETA_END = 0.02


def training_alphas_cumprod(
    train_timesteps: int = TRAIN_TIMESTEPS,
    beta_start: float = BETA_START,
    beta_end: float = BETA_END,
) -> Tensor:
    """Cumulative product of 1 - beta for every training timestep, fp64 [train_timesteps]."""
    betas = torch.linspace(beta_start, beta_end, train_timesteps, dtype=torch.float64)
    return torch.cumprod(1.0 - betas, dim=0)


@dataclass(frozen=True, eq=False)
class Schedule:
    """The timesteps of one generation and their noise levels, in sampling order.

    `timesteps` descend; `alphas_cumprod` and `alphas_cumprod_prev` are fp64 [T]: a step goes from
    noise level `alphas_cumprod[k]` to `alphas_cumprod_prev[k]`, the last one to 1 (no noise).
    """

    timesteps: tuple[int, ...]
    alphas_cumprod: Tensor
    alphas_cumprod_prev: Tensor

    @classmethod
    def spaced(
        cls,
        steps: int,
        train_timesteps: int = TRAIN_TIMESTEPS,
        beta_start: float = BETA_START,
        beta_end: float = BETA_END,
    ) -> "Schedule":
        """`steps` timesteps spread evenly over the training timesteps, both ends included.

        This is the respacing of Nichol and Dhariwal ("Improved Denoising Diffusion Probabilistic
        Models", 2021) for one section, its float accumulation included.
        """
        if not 1 <= steps <= train_timesteps:
            raise LazyDiTError(f"{steps} steps asked for: choose from 1 to {train_timesteps}")
        stride = (train_timesteps - 1) / (steps - 1) if steps > 1 else 1.0
        position, ascending = 0.0, []
        for _ in range(steps):
            ascending.append(round(position))
            position += stride
        levels = training_alphas_cumprod(train_timesteps, beta_start, beta_end)[ascending]
        before = torch.cat([torch.ones(1, dtype=torch.float64), levels[:-1]])
        return cls(tuple(reversed(ascending)), levels.flip(0), before.flip(0))

    def __len__(self) -> int:
        return len(self.timesteps)

    def levels(self, step: int) -> tuple[float, float]:
        """The cumulative alphas that a step goes from and to."""
        return float(self.alphas_cumprod[step]), float(self.alphas_cumprod_prev[step])


def ddim_update(x: Tensor, eps: Tensor, alpha: float, alpha_prev: float) -> Tensor:
    """One DDIM step with eta 0 (Song et al., "Denoising Diffusion Implicit Models", 2021).

    x and the predicted noise eps have the same shape; `alpha` and `alpha_prev` are the cumulative
    alphas of this step and of the one that follows. Nothing is clipped.
    """
    clean = (x - math.sqrt(1.0 - alpha) * eps) / math.sqrt(alpha)
    return math.sqrt(alpha_prev) * clean + math.sqrt(1.0 - alpha_prev) * eps


def add_noise(clean: Tensor, noise: Tensor, alphas: Tensor) -> Tensor:
    """Forward process: clean and noise [B, C, H, W], cumulative alphas [B] -> x_t."""
    level = alphas.to(clean.dtype).view(-1, 1, 1, 1)
    return level.sqrt() * clean + (1.0 - level).sqrt() * noise


def guide(cond: Tensor, uncond: Tensor, scale: float, guidance_channels: int | None) -> Tensor:
    """Classifier-free guidance (Ho and Salimans, 2022) on the leading channels of eps.

    cond and uncond are [B, C, H, W]; the first `guidance_channels` (None: all) become
    uncond + scale * (cond - uncond), the others stay the conditional sample's.
    """
    count = cond.shape[1] if guidance_channels is None else guidance_channels
    mixed = uncond[:, :count] + scale * (cond[:, :count] - uncond[:, :count])
    return torch.cat([mixed, cond[:, count:]], dim=1)
