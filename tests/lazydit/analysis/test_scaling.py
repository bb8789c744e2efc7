"""The best scaling and shifting: exact copies, known remainders, an independent fit."""

import numpy as np
import pytest
import torch

from lazydit.analysis.scaling import channel_sums, squares_left

CHANNELS = 6


@pytest.fixture
def before():
    return torch.randn(3, 10, CHANNELS, generator=torch.Generator().manual_seed(0)).double()


def left_after_fit(before, now):
    return squares_left(channel_sums(before, now), before.shape[0] * before.shape[1]).item()


def test_nothing_is_left_of_scaled_and_shifted_copies(before):
    now = before * torch.linspace(-2, 2, CHANNELS) + torch.linspace(0, 50, CHANNELS)
    assert left_after_fit(before, now) < 1e-9 * now.square().sum().item()


def test_what_no_scale_and_shift_can_make_is_left(before):
    # Orthogonal, in every channel, to the input and to a constant.
    noise = torch.randn(30, CHANNELS, generator=torch.Generator().manual_seed(1)).double()
    for channel in range(CHANNELS):
        known = torch.stack([before.flatten(0, 1)[:, channel], torch.ones(30)], dim=1)
        basis, _ = torch.linalg.qr(known)
        noise[:, channel] -= basis @ (basis.T @ noise[:, channel])
    now = 3 * before - 1 + noise.view_as(before)
    assert left_after_fit(before, now) == pytest.approx(noise.square().sum().item())


def test_a_channel_that_stands_still_only_shifts():
    before = torch.ones(1, 4, 1, dtype=torch.float64)
    now = torch.tensor([0.0, 2.0, 0.0, 2.0], dtype=torch.float64).view(1, 4, 1)
    assert left_after_fit(before, now) == pytest.approx(4.0)


def test_sums_of_parts_fit_one_scale_and_shift_to_all_of_them(before):
    now = torch.randn(before.shape, generator=torch.Generator().manual_seed(2)).double()
    parts = zip(before.split(1), now.split(1), strict=True)
    sums = sum(channel_sums(x, y) for x, y in parts)

    expected = 0.0
    for channel in range(CHANNELS):
        x, y = (part[..., channel].flatten().numpy() for part in (before, now))
        _, (squares,), _, _ = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y)
        expected += squares
    assert squares_left(sums, 30).item() == pytest.approx(expected)
