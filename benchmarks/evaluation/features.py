"""Feature networks: what tells whether an image looks right, where the error only tells whether it
looks like the reference.

A user names a function of a module that can be imported, which returns the network: running it is
what was asked for. No file is loaded as code.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lazydit.demo import demo_classifier
from lazydit.errors import LazyDiTError

DIGITS = "digits"
"""The demo's own network."""

Network = Callable[[Tensor], Any]
"""Images [B, 3, H, W] in [-1, 1] -> features [B, F], or (features, class logits [B, K])."""


@dataclass(frozen=True, eq=False)
class Seen:
    """`features` float32 [B, F], and `predicted` int64 [B], None from a network without classes."""

    features: NDArray[np.float32]
    predicted: NDArray[np.int64] | None


class FeatureNetwork:
    """A network whose outputs have been checked; `name` is what the user called it."""

    def __init__(
        self,
        name: str,
        network: Network,
        shape: tuple[int, int, int],
        classes: int,
        device: torch.device,
    ) -> None:
        """`shape` [C, H, W] is that of the images, `classes` of the model that draws them.

        Raises LazyDiTError when the network does not take such images or its output has another
        shape.
        """
        self.name, self.shape = name, shape
        self._network, self._classes, self._device = network, classes, device
        if isinstance(network, torch.nn.Module):
            network.to(device).eval()
        seen = self.look(np.zeros((2, *shape), np.float32))
        self.width, self.predicts = seen.features.shape[1], seen.predicted is not None

    @torch.no_grad()
    def look(self, images: NDArray[np.float32]) -> Seen:
        """Of images [B, C, H, W]; values beyond [-1, 1] are cut, as a picture's are."""
        batch = torch.from_numpy(images).clamp(-1.0, 1.0).to(self._device)
        try:
            output = self._network(batch)
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise LazyDiTError(
                f"the feature network {self.name} fails on images {list(images.shape)} "
                f"({type(error).__name__}: {reason}): give one that takes them"
            ) from error
        features, logits = output if isinstance(output, tuple) else (output, None)
        self._check(features, len(images), None, "features [B, F]")
        if logits is None:
            return Seen(features.float().cpu().numpy(), None)
        self._check(logits, len(images), self._classes, f"logits [B, {self._classes}]")
        return Seen(features.float().cpu().numpy(), logits.argmax(dim=1).cpu().numpy())

    def _check(self, output: object, rows: int, columns: int | None, wanted: str) -> None:
        shape = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
        fits = isinstance(output, Tensor) and output.ndim == 2 and len(output) == rows
        if not fits or columns not in (None, shape[1]):
            raise LazyDiTError(
                f"the feature network {self.name} gives {shape} for {rows} images where {wanted} "
                "are needed: return features, or features and logits of the model's classes"
            )


def find_network(name: str) -> Network:
    """The network called `name`: "digits", or what module:function returns.

    Raises LazyDiTError when it cannot be imported or made.
    """
    if name != DIGITS:
        network: Network = imported(name, "--features")()
        return network
    return DigitNetwork()


class DigitNetwork(torch.nn.Module):
    """The classifier that comes with the demo model."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = demo_classifier()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.classifier.features(images), self.classifier(images)


def imported(name: str, option: str) -> Callable[..., Any]:
    """The function that module:function names; LazyDiTError when there is none."""
    module, colon, function = name.partition(":")
    if not colon or not function:
        raise LazyDiTError(f"{option} {name} is not module:function: name the function to import")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise LazyDiTError(
            f"{option} {name} cannot be imported ({error}): put the module's folder on PYTHONPATH"
        ) from error
    return found
