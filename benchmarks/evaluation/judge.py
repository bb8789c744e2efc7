"""What is found out about a batch of images as soon as it is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.cases import Case
from evaluation.features import FeatureNetwork, imported
from evaluation.runners import Drawn
from evaluation.work import Judged
from lazydit.errors import LazyDiTError

Images = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Decoder:
    """Turns latents [B, C, h, w] into images [B, 3, H, W] in [-1, 1]; `name` is what the user
    called it."""

    name: str
    decode: Callable[[torch.Tensor], torch.Tensor]
    device: torch.device

    @classmethod
    def named(cls, name: str, device: torch.device) -> Decoder:
        """What module:function returns; LazyDiTError when it cannot be imported."""
        decode = imported(name, "--decoder")()
        if isinstance(decode, torch.nn.Module):
            decode.to(device).eval()
        return cls(name, decode, device)

    @torch.no_grad()
    def __call__(self, latents: Images) -> Images:
        images = self.decode(torch.from_numpy(latents).to(self.device))
        if not isinstance(images, torch.Tensor) or images.ndim != 4 or images.shape[1] != 3:
            shape = list(images.shape) if isinstance(images, torch.Tensor) else type(images)
            raise LazyDiTError(
                f"the decoder {self.name} gives {shape} where images [B, 3, H, W] are needed: "
                "return these, with values in [-1, 1]"
            )
        return images.float().cpu().numpy()

    def shape(self, latent: tuple[int, int, int]) -> tuple[int, int, int]:
        """[3, H, W] of the image of a latent [C, h, w]."""
        return self(np.zeros((1, *latent), np.float32)).shape[1:]


@dataclass(frozen=True, eq=False)
class Judge:
    """Compares with the reference and looks through the feature network, if there is one."""

    reference: Case
    network: FeatureNetwork | None
    decoder: Decoder | None

    @property
    def key(self) -> str:
        """Changes with all that `judge` depends on beside the images."""
        network = None if self.network is None else self.network.name
        decoder = None if self.decoder is None else self.decoder.name
        content = repr((self.reference.key, network, decoder))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def decoded(self, drawn: Drawn) -> Images:
        return drawn.images if self.decoder is None else self.decoder(drawn.images)

    def judge(self, case: Case, drawn: Drawn, reference: Images) -> Judged:
        """`reference` is decoded already. Raises LazyDiTError for images that are not finite."""
        images = self.decoded(drawn)
        if not np.isfinite(images).all():
            raise LazyDiTError(
                f"images of {case.name} with {case.steps} steps grow beyond all numbers: leave "
                "this policy out"
            )
        difference = images.astype(np.float64) - reference
        error = np.square(difference).mean(axis=(1, 2, 3))
        features = np.empty((len(images), 0), np.float32)
        predicted = np.empty((len(images), 0), np.int64)
        if self.network is not None:
            seen = self.network.look(images)
            features = seen.features
            predicted = predicted if seen.predicted is None else seen.predicted
        return Judged(error, drawn.runs, features, predicted)
