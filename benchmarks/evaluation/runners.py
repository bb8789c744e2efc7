"""What draws the images: the checkpoint in PyTorch, or a bundle on an executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.cases import Case, GateChoice
from lazydit.models.dit import DiTConfig

UNGUIDED = 1.0
"""The guidance scale at which the unconditional sample is left out."""


@dataclass(frozen=True)
class Subject:
    """The model that draws.

    `shape` is [C, H, W] of what a runner draws: images in [-1, 1] where `pixels`, else latents.
    `config` None: the shape of the model is not known.
    """

    name: str
    checkpoint_sha256: str
    precision: str
    num_classes: int
    modules: int
    shape: tuple[int, int, int]
    pixels: bool
    config: DiTConfig | None


@dataclass(frozen=True, eq=False)
class Drawn:
    """`images` float32 [B, C, H, W], and `runs` int64 [B, 2]: how many attention and feedforward
    modules ran for each, in all steps and samples."""

    images: NDArray[np.float32]
    runs: NDArray[np.int64]


class Runner(Protocol):
    """Draws one image per label and seed; seeds are those of torch.randn on a CPU."""

    @property
    def engine(self) -> str:
        """ "torch", or the executor's name."""
        ...

    @property
    def subject(self) -> Subject: ...

    @property
    def gate_sets(self) -> Sequence[GateChoice]: ...

    @property
    def extrapolates(self) -> bool:
        """Whether reused outputs can be extrapolated."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """What the images depend on beside the case, as plain values."""
        ...

    def check(self, case: Case) -> None:
        """Raises LazyDiTError when this case cannot be drawn."""
        ...

    def draw(self, case: Case, labels: Sequence[int], seeds: Sequence[int]) -> Drawn: ...

    def image_ms(self, case: Case, label: int, seed: int) -> float:
        """Milliseconds from noise to image or latent, drawn alone."""
        ...

    def close(self) -> None: ...


def noise_of(seed: int, shape: Sequence[int]) -> torch.Tensor:
    """The noise float32 `shape` of one image, the same on every machine."""
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(seed))
