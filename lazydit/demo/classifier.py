"""A small classifier that reads digits, to judge what the demo model draws."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from lazydit.data import LabelledImages, step_generator
from lazydit.files import existing_file


class DigitClassifier(nn.Module):
    """Images [B, 3, 32, 32] in [-1, 1] -> logits [B, 10]; colour is not looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_stage(1, 16), *_stage(16, 32), *_stage(32, 64), nn.Flatten(), nn.Linear(1024, 10)
        )

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images.amax(dim=1, keepdim=True))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """What the last stage sees in images [B, 3, 32, 32], averaged over the image: [B, 64]."""
        maps: Tensor = self.layers[:-2](images.amax(dim=1, keepdim=True))
        return maps.mean(dim=(2, 3))

    @torch.no_grad()
    def read(self, images: Tensor) -> Tensor:
        """The digits [B] seen in images [B, 3, 32, 32]."""
        digits: Tensor = self(images).argmax(dim=1)
        return digits


def _stage(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)


def load_classifier(path: Path) -> DigitClassifier:
    """The classifier in `path`, in evaluation mode."""
    classifier = DigitClassifier()
    classifier.load_state_dict(load_file(existing_file(path, "classifier")))
    return classifier.eval()


def accuracy(classifier: DigitClassifier, data: LabelledImages) -> float:
    """The share of all images of `data` that are read correctly."""
    count = len(data.labels)
    chance = torch.rand(count, 2, generator=step_generator(0, 0))
    read = classifier.read(data.images(torch.arange(count), chance))
    return (read == data.labels).float().mean().item()
