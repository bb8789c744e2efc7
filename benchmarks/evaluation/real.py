"""Features of real images, which the Frechet distance is to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.features import FeatureNetwork
from lazydit.data import LabelledImages, step_generator

BATCH = 100


def real_features(
    data: LabelledImages, network: FeatureNetwork, done: Callable[[], object]
) -> NDArray[np.float32]:
    """Features [M, F] of all images; `done` after each batch."""
    count = len(data.labels)
    chance = torch.rand(count, 2, generator=step_generator(0, 0))
    parts = []
    for indices in torch.arange(count).split(BATCH):
        images = data.images(indices, chance[indices]).numpy()
        parts.append(network.look(images).features)
        done()
    return np.concatenate(parts)
