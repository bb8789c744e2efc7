"""Training a DiT: eps prediction, Muon for the blocks' matrices, AdamW for the rest, EMA."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from lazydit.checkpoints import save_checkpoint
from lazydit.data import LARGEST_SEED, LabelledImages, batch_indices, step_generator
from lazydit.diffusion import TRAIN_TIMESTEPS, add_noise, training_alphas_cumprod
from lazydit.distributed import Interrupt, Workers, autocast_pays
from lazydit.errors import LazyDiTError
from lazydit.files import check_writable
from lazydit.models.dit import DiT, DiTConfig
from lazydit.states import load_state, remove_state, save_state

SAVE_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class TrainRecipe:
    """How a DiT is trained; the defaults draw readable digits after 2,000 steps.

    `snr_limit` caps a timestep's signal-to-noise ratio in the loss weight min(SNR, limit)/SNR.
    """

    steps: int = 5000
    batch_size: int = 64
    muon_lr: float = 2e-3
    adamw_lr: float = 1e-3
    warmup: int = 200
    ema: float = 0.998
    label_drop: float = 0.1
    snr_limit: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise LazyDiTError(f"{self.steps} steps train nothing: choose a number from 1")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise LazyDiTError(f"seed {self.seed} is out of range: choose 0 to {LARGEST_SEED}")


@dataclass(frozen=True)
class TrainProgress:
    """What a progress display is told after each step."""

    step: int
    steps: int
    loss: float


@dataclass(frozen=True)
class NoisyBatch:
    """One training batch: x_t [B, C, H, W], timesteps, labels and loss weights [B], the noise."""

    noisy: Tensor
    timesteps: Tensor
    labels: Tensor
    weights: Tensor
    noise: Tensor


def min_snr_weight(alphas: Tensor, limit: float) -> Tensor:
    """Loss weight min(SNR, limit)/SNR of eps prediction, for cumulative alphas [B] (Hang et al.,
    "Efficient Diffusion Training via Min-SNR Weighting Strategy", 2023)."""
    snr = alphas / (1.0 - alphas)
    return snr.clamp(max=limit) / snr


def lr_factor(step: int, recipe: TrainRecipe) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    warm = min(1.0, (step + 1) / max(1, recipe.warmup))
    return warm * 0.5 * (1.0 + math.cos(math.pi * step / recipe.steps))


def make_batch(
    data: LabelledImages, recipe: TrainRecipe, step: int, workers: Workers
) -> NoisyBatch:
    """This process's part of the batch of one step; the whole depends on seed and step alone."""
    size = recipe.batch_size
    random = step_generator(recipe.seed, step)
    indices = batch_indices(step, size, len(data.labels), recipe.seed)
    chance = torch.rand(size, 2, generator=random)
    timesteps = torch.randint(TRAIN_TIMESTEPS, (size,), generator=random)
    dropped = torch.rand(size, generator=random) < recipe.label_drop
    noise = torch.randn(size, data.channels, data.size, data.size, generator=random)

    labels = data.labels[indices].masked_fill(dropped, data.num_classes)
    clean = data.images(workers.share(indices), workers.share(chance))
    timesteps, labels, noise = (workers.share(part) for part in (timesteps, labels, noise))
    alphas = training_alphas_cumprod()[timesteps]
    weights = min_snr_weight(alphas, recipe.snr_limit).float()
    parts = (add_noise(clean, noise, alphas), timesteps, labels, weights, noise)
    return NoisyBatch(*(part.to(workers.device) for part in parts))


def make_optimizers(model: DiT, recipe: TrainRecipe) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices, then AdamW for everything else."""
    matrices = [p for name, p in model.named_parameters() if _is_block_matrix(name, p)]
    others = [p for name, p in model.named_parameters() if not _is_block_matrix(name, p)]
    muon = torch.optim.Muon(matrices, lr=recipe.muon_lr, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(others, lr=recipe.adamw_lr)]


def _is_block_matrix(name: str, parameter: nn.Parameter) -> bool:
    return name.startswith("blocks.") and parameter.ndim == 2


def train(
    config: DiTConfig,
    data: LabelledImages,
    recipe: TrainRecipe,
    out: Path,
    workers: Workers,
    report: Callable[[TrainProgress], None] = lambda _: None,
) -> None:
    """Train a DiT and write its averaged weights to `out`; goes on where an earlier run stopped.

    On ctrl-C the state is saved and KeyboardInterrupt raised.
    """
    if config.learn_sigma:
        raise LazyDiTError("training predicts the noise alone: set learn_sigma to False")
    workers.check_batch_size(recipe.batch_size)
    check_writable(out, ".safetensors")
    run = _Run(config, recipe, len(data.labels), out, workers)
    with Interrupt() as interrupt:
        while run.step < recipe.steps:
            loss = run.advance(make_batch(data, recipe, run.step, workers))
            report(TrainProgress(run.step, recipe.steps, loss))
            stop = interrupt.asked(workers)
            if workers.main and (stop or run.step % SAVE_EVERY == 0):
                run.save()
            if stop and run.step < recipe.steps:
                raise KeyboardInterrupt
    if workers.main:
        save_checkpoint(cast(DiT, run.average.module), out)
        remove_state(out)


class _Run:
    """A training run between two steps."""

    def __init__(
        self, config: DiTConfig, recipe: TrainRecipe, images: int, out: Path, workers: Workers
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.out, self.step = recipe, out, 0
        self.settings: dict[str, Any] = asdict(config) | asdict(recipe) | {"images": images}
        self.model = DiT(config).to(workers.device)
        # It starts with the weights after the first step: the random ones say nothing.
        self.average = AveragedModel(
            self.model, avg_fn=lambda mean, new, _: mean.lerp(new, 1.0 - recipe.ema)
        )
        self.optimizers = make_optimizers(self.model, recipe)
        self._restore()
        self.parallel: nn.Module = (
            DistributedDataParallel(self.model) if workers.count > 1 else self.model
        )
        self.workers = workers
        self.autocast = autocast_pays(workers.device)

    def advance(self, batch: NoisyBatch) -> float:
        """One optimizer step; returns the loss over all processes."""
        factor = lr_factor(self.step, self.recipe)
        rates = (self.recipe.muon_lr, self.recipe.adamw_lr)
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.workers.device.type, torch.bfloat16, enabled=self.autocast):
            eps = self.parallel(batch.noisy, batch.timesteps, batch.labels)
        errors = (eps.float() - batch.noise).square().mean(dim=(1, 2, 3))
        loss = (batch.weights * errors).mean()
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        self.average.update_parameters(self.model)
        self.step += 1
        return float(self.workers.mean(loss.detach()))

    def save(self) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        save_state(self.out, self.settings, state)

    def _restore(self) -> None:
        state = load_state(self.out, self.settings)
        if state is None:
            return
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
