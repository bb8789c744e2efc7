"""Trains the demo's classifier and tells how well it reads the digits that it never saw.

Example: python -m lazydit.demo.train_classifier classifier.safetensors
"""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from lazydit.data import DigitImages, LabelledImages, batch_indices, step_generator
from lazydit.demo.classifier import DigitClassifier, accuracy
from lazydit.files import replace_file

BATCH_SIZE = 128
STEPS = 2000
LEARNING_RATE = 2e-3
SEED = 0
LARGEST_TURN = math.radians(12)
LARGEST_SCALING = 0.12
LARGEST_SHIFT = 2.0  # pixels
LARGEST_NOISE = 0.3


def vary(images: Tensor, random: torch.Generator) -> Tensor:
    """Turn, scale and shift every image [B, C, H, W] on its own, and add noise to it."""
    chance = torch.rand(len(images), 5, generator=random) * 2.0 - 1.0
    turn = chance[:, 0] * LARGEST_TURN
    scale = 1.0 + chance[:, 1] * LARGEST_SCALING
    # affine_grid counts from -1 to 1 across the image.
    shift = chance[:, 2:4] * LARGEST_SHIFT * 2.0 / images.shape[-1]
    cosine, sine = scale * turn.cos(), scale * turn.sin()
    rows = [torch.stack([cosine, -sine], dim=1), torch.stack([sine, cosine], dim=1)]
    affine = torch.cat([torch.stack(rows, dim=1), shift[:, :, None]], dim=2)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)
    # Outside of the image lies the background, -1.
    moved = F.grid_sample(images + 1.0, grid, align_corners=False) - 1.0
    level = chance[:, 4].clamp(min=0.0).view(-1, 1, 1, 1) * LARGEST_NOISE
    return moved + level * torch.randn(moved.shape, generator=random)


def train_classifier(data: LabelledImages, steps: int = STEPS) -> DigitClassifier:
    """Train on varied images of `data`; the same data and steps give the same classifier."""
    torch.manual_seed(SEED)
    classifier = DigitClassifier()
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        random = step_generator(SEED, step)
        indices = batch_indices(step, BATCH_SIZE, len(data.labels), SEED)
        images = data.images(indices, torch.rand(BATCH_SIZE, 2, generator=random))
        loss = F.cross_entropy(classifier(vary(images, random)), data.labels[indices])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    return classifier.eval()


def main(out: Path) -> None:
    classifier = train_classifier(DigitImages())
    print(f"held-out real digits read correctly: {accuracy(classifier, DigitImages(True)):.1%}")
    replace_file(out, lambda temporary: save_file(classifier.state_dict(), temporary))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
