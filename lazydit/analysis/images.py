"""Which images an analysis draws: their labels, their noise, and what each of them is used for."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lazydit.data import step_generator
from lazydit.errors import LazyDiTError
from lazydit.models.dit import DiTConfig

# For each label, two images to fit on and two held out.
IMAGES_A_LABEL = 4
LEAST_LABELS = 2
LEAST_IMAGES = IMAGES_A_LABEL * LEAST_LABELS


@dataclass(frozen=True, eq=False)
class Images:
    """B images: `labels` int64 [B], `noise` [B, C, H, W] and `held_out` bool [B].

    Labels are spread over all classes, with at least IMAGES_A_LABEL images each; half of a label's
    images are held out.
    """

    labels: Tensor
    noise: Tensor
    held_out: Tensor

    @classmethod
    def plan(cls, config: DiTConfig, count: int, seed: int) -> "Images":
        """Raises LazyDiTError when they are too few for the statistics."""
        if count < LEAST_IMAGES:
            raise LazyDiTError(
                f"{count} images are too few to fit a linear layer on some and to test it on "
                f"others: give at least {LEAST_IMAGES}"
            )
        chosen = min(config.num_classes, count // IMAGES_A_LABEL)
        spread = torch.arange(chosen) * config.num_classes // chosen
        place = torch.arange(count)
        shape = (count, config.in_channels, config.input_size, config.input_size)
        noise = torch.randn(shape, generator=step_generator(seed, 0))
        return cls(spread[place % chosen], noise, place // chosen % 2 == 1)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def chosen_labels(self) -> list[int]:
        """Every label once."""
        return sorted(set(self.labels.tolist()))

    def batches(self, size: int) -> list[Tensor]:
        """The images' numbers, at most `size` at a time."""
        return list(torch.split(torch.arange(len(self)), size))

    def batches_by_label(self, size: int) -> Iterator[Tensor]:
        """The same, label after label: all images of a batch have the same label."""
        for label in self.chosen_labels:
            yield from torch.split(torch.nonzero(self.labels == label).flatten(), size)
