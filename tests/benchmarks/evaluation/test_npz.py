"""The file for ADM's evaluator, as its reader takes it apart."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from evaluation.npz import to_uint8, write_npz
from lazydit.errors import LazyDiTError


def test_the_array_is_one_of_images_in_bytes(tmp_path: Path) -> None:
    images = np.random.default_rng(0).uniform(-1.2, 1.2, (5, 3, 4, 6)).astype(np.float32)
    write_npz(tmp_path / "samples.npz", 5, [images[:2], images[2:]])
    with np.load(tmp_path / "samples.npz", allow_pickle=False) as arrays:
        found = arrays["arr_0"]
    assert found.dtype == np.uint8 and found.shape == (5, 4, 6, 3)
    wanted = np.clip(127.5 * images + 128, 0, 255).transpose(0, 2, 3, 1)
    assert np.abs(found - wanted).max() < 1
    # The evaluator streams: it reads the header of version 1.0 itself.
    with zipfile.ZipFile(tmp_path / "samples.npz") as archive, archive.open("arr_0.npy") as array:
        assert np.lib.format.read_magic(array) == (1, 0)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(array)
    assert (shape, fortran, dtype) == ((5, 4, 6, 3), False, np.dtype(np.uint8))


def test_black_and_white_are_the_ends_of_a_byte() -> None:
    ends = np.array([-1.0, 1.0, -3.0, 3.0], np.float32).reshape(4, 1, 1, 1)
    assert to_uint8(ends).ravel().tolist() == [0, 255, 0, 255]


def test_latents_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(LazyDiTError, match="latents of 4 channels: name the decoder"):
        write_npz(tmp_path / "samples.npz", 1, [np.zeros((1, 4, 2, 2), np.float32)])
    assert list(tmp_path.iterdir()) == []
