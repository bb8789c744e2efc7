"""Labelled images to train on: folders of class folders, and the demo's handwritten digits."""

import colorsys
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lazydit.errors import LazyDiTError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
DIGIT_SIZE = 32
HELD_OUT_EVERY = 10
LARGEST_SEED = 2**31 - 1


class LabelledImages(Protocol):
    """A data set: labels are known at once, images are made when asked for."""

    labels: Tensor
    num_classes: int
    channels: int
    size: int

    def images(self, indices: Tensor, chance: Tensor) -> Tensor:
        """Images [B, channels, size, size] in [-1, 1] for int64 `indices` [B].

        `chance` [B, 2] are uniform numbers in [0, 1) for what the data set varies at random.
        """
        ...


class DigitImages:
    """The 10,000 handwritten digits, 32x32 RGB: a stroke of a bright random hue on black.

    Every tenth digit is held out: `held_out` chooses between those 1,000 and the other 9,000.
    """

    num_classes = 10
    channels = 3
    size = DIGIT_SIZE

    def __init__(self, held_out: bool = False) -> None:
        strokes, labels = _digit_arrays()
        rows = np.arange(len(labels)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        rows = rows if held_out else ~rows
        self.labels = torch.from_numpy(labels[rows].astype(np.int64))
        self._strokes = torch.from_numpy(strokes[rows])

    def images(self, indices: Tensor, chance: Tensor) -> Tensor:
        margin = (self.size - self._strokes.shape[-1]) // 2
        stroke = self._strokes[indices].float() / 255.0
        stroke = torch.nn.functional.pad(stroke, (margin,) * 4)
        colours = torch.tensor(
            [colorsys.hsv_to_rgb(hue, 0.3 + 0.5 * pale, 1.0) for hue, pale in chance.tolist()]
        )
        return stroke[:, None] * colours[:, :, None, None] * 2.0 - 1.0


class FolderImages:
    """A folder of class folders: the sorted folder names are the labels 0, 1, ...

    Images are cropped to their middle square and resized to `size`.
    """

    channels = 3

    def __init__(self, folder: Path, size: int) -> None:
        if not folder.is_dir():
            raise LazyDiTError(f"there is no folder {folder}: give a folder of class folders")
        classes = sorted(
            child for child in folder.iterdir() if child.is_dir() and child.name[0] != "."
        )
        listed = [
            (path, label)
            for label, child in enumerate(classes)
            for path in sorted(child.iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
        if not listed:
            raise LazyDiTError(
                f"{folder} holds no images: give a folder with one folder of images per class"
            )
        self._paths = [path for path, _ in listed]
        self.labels = torch.tensor([label for _, label in listed])
        self.num_classes = len(classes)
        self.size = size

    def images(self, indices: Tensor, chance: Tensor) -> Tensor:
        return torch.stack([self._read(self._paths[index]) for index in indices.tolist()])

    def _read(self, path: Path) -> Tensor:
        try:
            with Image.open(path) as opened:
                image = opened.convert("RGB")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise LazyDiTError(f"cannot read the image {path}: replace or remove it") from error
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
        image = image.resize((self.size, self.size), Image.Resampling.LANCZOS, box=box)
        pixels = torch.from_numpy(np.array(image, dtype=np.float32))
        return pixels.permute(2, 0, 1) / 127.5 - 1.0


def open_images(data: str, size: int) -> LabelledImages:
    """The data set called `data`: "digits", or the path of a folder of class folders."""
    if data != "digits":
        return FolderImages(Path(data), size)
    if size != DIGIT_SIZE:
        raise LazyDiTError(f"the digits are {DIGIT_SIZE} pixels wide: use that size, not {size}")
    return DigitImages()


def step_generator(seed: int, step: int) -> torch.Generator:
    """The random numbers of one training step: they depend on nothing that came before it, so
    that a resumed run goes on as if it had never stopped."""
    # torch's CPU generator looks at the lower 32 bits alone. The golden ratio keeps the steps of
    # neighbouring seeds apart.
    return torch.Generator().manual_seed((step + seed * 0x9E3779B1) % 2**32)


def batch_indices(step: int, batch_size: int, count: int, seed: int) -> Tensor:
    """Indices [batch_size] of training step `step`; every epoch is a fresh permutation."""
    start = step * batch_size
    places = range(start, start + batch_size)
    return torch.stack(
        [_permutation(count, seed, place // count)[place % count] for place in places]
    )


@lru_cache(maxsize=2)
def _permutation(count: int, seed: int, epoch: int) -> Tensor:
    # Steps count up from 0, epochs down from -1, so that the two never share a generator.
    return torch.randperm(count, generator=step_generator(seed, -1 - epoch))


@lru_cache(maxsize=1)
def _digit_arrays() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    with as_file(files("lazydit.demo") / "digits.npz") as path, np.load(path) as arrays:
        return arrays["images"], arrays["labels"]
