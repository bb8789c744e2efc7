"""The core's noise is that of torch.randn on a CPU."""

import numpy as np
import pytest
import torch

from lazydit_runtime import _core

SEEDS = (0, 1, 42, 2**31 - 1, 2**32 - 1, 2**32, 2**32 + 1, 2**53 + 1, 2**63 - 1, 2**63)
SMALL_SIZES = range(1, 301)
LARGE_SIZES = (301, 511, 1000, 1023, 3072, 4096, 12_289, 16_384, 65_537, 99_999, 100_000)


def torch_noise(seed: int, size: int) -> np.ndarray:
    generator = torch.Generator().manual_seed(seed - 2**64 if seed >= 2**63 else seed)
    return torch.randn(size, generator=generator).numpy()


@pytest.mark.parametrize("seed", SEEDS)
def test_small_sizes_equal_torch(seed: int) -> None:
    for size in SMALL_SIZES:
        found = _core.randn(seed, size)
        np.testing.assert_allclose(
            found, torch_noise(seed, size), atol=1e-6, rtol=0, err_msg=f"size {size}"
        )


@pytest.mark.parametrize("size", LARGE_SIZES)
def test_large_sizes_equal_torch(size: int) -> None:
    for seed in SEEDS:
        found = _core.randn(seed, size)
        np.testing.assert_allclose(
            found, torch_noise(seed, size), atol=1e-6, rtol=0, err_msg=f"seed {seed}"
        )


def test_shape_does_not_matter_to_torch_so_it_need_not_matter_here() -> None:
    generator = torch.Generator().manual_seed(7)
    shaped = torch.randn((1, 3, 32, 32), generator=generator).numpy()
    np.testing.assert_allclose(
        _core.randn(7, shaped.size).reshape(shaped.shape), shaped, atol=1e-6, rtol=0
    )
