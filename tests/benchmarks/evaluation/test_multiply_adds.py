"""Multiply-adds, against PyTorch's own count of what ran."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from evaluation.multiply_adds import multiply_adds_of
from lazydit.diffusion import Schedule
from lazydit.policies import Always, FixedSchedule, Lazy
from lazydit.sampling import sample
from tests.conftest import random_dit, random_gates

STEPS, IMAGES = 4, 3


@pytest.mark.parametrize("guidance", [None, 3.0])
@pytest.mark.parametrize("policy", ["always", "lazy", "schedule"])
@pytest.mark.parametrize("shape", [{}, {"learn_sigma": True, "mlp_ratio": 2.0, "depth": 3}])
def test_the_count_is_pytorchs(policy: str, guidance: float | None, shape: dict) -> None:
    model = random_dit(**shape)
    config = model.config
    gates = random_gates(config, STEPS)
    mask = torch.rand(STEPS, config.num_modules, generator=torch.Generator().manual_seed(0)) < 0.5
    policies = {"always": Always(), "lazy": Lazy.stored(gates), "schedule": FixedSchedule(mask)}
    noise = torch.randn(IMAGES, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    counter = FlopCounterMode(display=False)
    # The fused attention of the CPU is not one that the counter knows.
    with sdpa_kernel(SDPBackend.MATH), counter:
        result = sample(
            model,
            torch.arange(IMAGES),
            noise,
            Schedule.spaced(STEPS),
            policies[policy],
            guidance,
        )
    attn, mlp = (int(result.ran[..., kind::2].sum()) for kind in (0, 1))
    samples = 1 if guidance is None else 2
    counted = multiply_adds_of(config).of_image(STEPS, samples * IMAGES, attn, mlp)
    assert policy == "always" or attn + mlp < result.ran.numel()
    assert 2 * counted == counter.get_total_flops()
