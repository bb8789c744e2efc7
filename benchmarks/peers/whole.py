"""What all peers have in common: the whole model in one call, both samples of guidance at once."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lazydit.checkpoints import load_checkpoint
from lazydit.diffusion import Schedule, ddim_update, guide
from lazydit.models.dit import DiT
from protocol import Case, EngineSpec, ImageTimes

Call = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(latent [2, C, h, w], timesteps [2] int64, labels [2] int64) -> [2, C or 2C, h, w]."""

INPUT_NAMES = ("latent", "timesteps", "labels")


class WholeModel(ABC):
    """An engine that knows nothing of modules: every step is one call of the whole model.

    Making one sets PyTorch's threads, which draw the noise and add up DDIM's step for all peers.
    """

    def __init__(self, spec: EngineSpec) -> None:
        assert spec.checkpoint is not None
        self._spec = spec
        self._checkpoint = Path(spec.checkpoint)
        self._call: Call | None = None
        torch.set_num_threads(spec.threads)

    @abstractmethod
    def open(self) -> Call:
        """Load the model into the engine."""

    @property
    def threads(self) -> int:
        return self._spec.threads

    def model(self) -> DiT:
        return load_checkpoint(self._checkpoint)

    def example(self) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs of one call: the same noise for a class and for none."""
        return self._noise(seed=0).repeat(2, 1, 1, 1), torch.tensor([500, 500]), self._labels(0)

    def prepare(self, folder: Path) -> Path | None:
        return None

    def files(self) -> Iterable[Path]:
        return [self._checkpoint]

    def load(self) -> dict[str, Any]:
        with torch.inference_mode():
            self._call = self.open()
        return {}

    def error(self) -> float:
        assert self._call is not None
        with torch.inference_mode():
            wanted = self.model()(*self.example())
            found = self._call(*self.example())
        return float((found - wanted).abs().max() / wanted.abs().max())

    @torch.inference_mode()
    def image(self, case: Case, label: int, seed: int) -> ImageTimes:
        assert self._call is not None
        schedule = Schedule.spaced(case.steps)
        levels = zip(
            schedule.timesteps,
            schedule.alphas_cumprod.tolist(),
            schedule.alphas_cumprod_prev.tolist(),
            strict=True,
        )
        labels, step_ms = self._labels(label), []
        began = time.perf_counter()
        x = self._noise(seed)
        for timestep, alpha, alpha_prev in levels:
            step_began = time.perf_counter()
            timesteps = torch.tensor([timestep, timestep])
            output = self._call(x.repeat(2, 1, 1, 1), timesteps, labels)
            eps = output[:, : x.shape[1]]
            eps = guide(eps[:1], eps[1:], self._spec.guidance, self._spec.guidance_channels)
            x = ddim_update(x, eps, alpha, alpha_prev)
            step_ms.append((time.perf_counter() - step_began) * 1e3)
        return ImageTimes((time.perf_counter() - began) * 1e3, step_ms)

    def _noise(self, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(1, *self._spec.latent_shape, generator=generator)

    def _labels(self, label: int) -> Tensor:
        return torch.tensor([label, self._spec.num_classes])


class ExportedModel(WholeModel):
    """A peer that makes a file of the weights once and keeps it."""

    suffix: str
    """Of the file."""

    @abstractmethod
    def write(self, model: DiT, path: Path) -> None:
        """Make the file that `open` reads."""

    @property
    def path(self) -> Path:
        """Where the file is kept."""
        return Path(f"{self._spec.kept}{self.suffix}")

    def prepare(self, folder: Path) -> Path | None:
        if self.path.is_file():
            return None
        made = folder / self.path.name
        self.write(self.model(), made)
        return made

    def files(self) -> Iterable[Path]:
        return [self.path]
