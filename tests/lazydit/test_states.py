"""The state of an unfinished run."""

import resource

import pytest
import torch

from lazydit.errors import LazyDiTError
from lazydit.states import save_state


def test_a_full_disk_is_told_in_plain_words_and_leaves_nothing(tmp_path):
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As on a full disk, writing fails half-way.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    try:
        with pytest.raises(LazyDiTError, match="the disk took only a part of it"):
            save_state(tmp_path / "gates.safetensors", {}, {"latents": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))

    assert list(tmp_path.iterdir()) == []
