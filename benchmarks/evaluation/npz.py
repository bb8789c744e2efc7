"""The samples of one case as the evaluator of Dhariwal and Nichol ("Diffusion Models Beat GANs on
Image Synthesis", 2021; guided-diffusion/evaluations/evaluator.py) reads them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError
from lazydit.files import replace_file


def to_uint8(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Images [B, 3, H, W] in [-1, 1] -> [B, H, W, 3] from 0 to 255, rounded down as DiT's own
    sampling script does; values beyond are cut."""
    levels = np.clip(images * 127.5 + 128.0, 0.0, 255.0).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(0, 2, 3, 1))


def write_npz(path: Path, count: int, batches: Iterable[NDArray[np.float32]]) -> None:
    """Write `arr_0`, uint8 [count, H, W, 3], batch by batch: 50,000 images of 256 px are 10 GB.

    Raises LazyDiTError for images that are not RGB, or when `path` cannot be written.
    """
    replace_file(path, lambda temporary: _write(temporary, count, iter(batches)))


def _write(path: Path, count: int, batches: Iterable[NDArray[np.float32]]) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive,
        archive.open("arr_0.npy", "w", force_zip64=True) as array,
    ):
        shape = None
        for images in batches:
            if images.shape[1] != 3:
                raise LazyDiTError(
                    f"these are latents of {images.shape[1]} channels: name the decoder of the "
                    "model's autoencoder with --decoder"
                )
            levels = to_uint8(images)
            if shape is None:
                shape = (count, *levels.shape[1:])
                header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(array, header)
            array.write(levels.tobytes())
