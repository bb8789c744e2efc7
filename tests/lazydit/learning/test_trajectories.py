"""Unrolled trajectories against sampling, and gates that decide as a mask does."""

import pytest
import torch

from lazydit.calibration.calibrator import Calibrated
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.learning.emulation import emulating_gates, graded_logits
from lazydit.learning.trajectories import unroll
from lazydit.policies import FixedSchedule, Lazy
from lazydit.sampling import sample
from tests.conftest import random_gates

SCHEDULE = Schedule.spaced(6)
GUIDANCE = 2.0


@pytest.fixture
def model(random_dit):
    return random_dit().requires_grad_(False)


@pytest.fixture
def drawn():
    random = torch.Generator().manual_seed(3)
    return torch.tensor([0, 3, 4]), torch.randn(3, 3, 8, 8, generator=random)


@pytest.mark.parametrize("max_reuse", [None, 1])
@pytest.mark.parametrize("extrapolate", [False, True])
def test_a_trajectory_is_what_sampling_draws(max_reuse, extrapolate, model, drawn):
    gates = random_gates(model.config, 6, max_reuse=max_reuse, extrapolate=extrapolate)
    expected = sample(model, *drawn, SCHEDULE, Lazy.stored(gates), GUIDANCE)
    result = unroll(
        model,
        gates.weights,
        *drawn,
        SCHEDULE,
        GUIDANCE,
        max_reuse=max_reuse,
        extrapolate=extrapolate,
    )
    torch.testing.assert_close(result.latent, expected.latent, atol=1e-5, rtol=1e-5)
    assert float(result.lazy_ratio) == pytest.approx(expected.lazy_ratio)
    assert 0.1 < expected.lazy_ratio < 0.9


def test_the_gradient_of_a_decision_is_what_running_instead_of_reusing_would_change(model, drawn):
    # Only the last step's last module decides: the final image is linear in its output.
    gates = random_gates(model.config, 6).weights.clone()
    gates[:5] = 0.0  # a score of 0.5 runs
    weights = gates.requires_grad_()
    settings = {"max_reuse": None, "extrapolate": False}
    result = unroll(model, weights, *drawn, SCHEDULE, GUIDANCE, **settings)
    (ratio_gradient,) = torch.autograd.grad(result.lazy_ratio, [weights], retain_graph=True)
    (gradient,) = torch.autograd.grad(result.latent.square().mean(), [weights])
    assert (ratio_gradient[1:].abs().sum(dim=-1) > 0).all()
    assert not gradient[0].any() and (gradient[1:].abs().sum(dim=-1) > 0).all()


@pytest.mark.parametrize("extrapolate", [False, True])
def test_emulating_gates_decide_as_the_mask(extrapolate, model, drawn):
    mask = torch.rand(6, 4, generator=torch.Generator().manual_seed(1)) < 0.6
    mask[0] = True
    sensitivity = torch.rand(6, 4, generator=torch.Generator().manual_seed(2))
    calibrated = Calibrated(FixedSchedule(mask, extrapolate=extrapolate), 0.0, sensitivity)
    alone = Workers(0, 1, torch.device("cpu"))
    weights = emulating_gates(model, *drawn, SCHEDULE, calibrated, GUIDANCE, alone)
    assert not weights[0].any() and weights[1:].any(dim=-1).all()

    gates = random_gates(model.config, 6, max_reuse=None, weights=weights)
    lazy = Lazy(gates, 0.5, 0.5, None, extrapolate)
    result = sample(model, *drawn, SCHEDULE, lazy, GUIDANCE)
    agreed = result.ran == mask.view(6, 1, 1, 4)
    assert agreed.float().mean() > 0.85


def test_logits_follow_the_mask_and_then_the_sensitivity():
    run = torch.tensor([[True, True, True], [False, False, True], [False, True, True]])
    sensitivity = torch.tensor([[9.0, 9.0, 9.0], [1.0, 3.0, 0.5], [2.0, 4.0, 8.0]])
    logits = graded_logits(Calibrated(FixedSchedule(run), 0.0, sensitivity))
    assert (logits > 0).equal(run)
    in_order = logits[[1, 2, 1, 1, 2, 2], [0, 0, 1, 2, 1, 2]]
    assert in_order.equal(in_order.sort().values) and len(in_order.unique()) == 6
    assert logits.abs().min() > 0.1 and logits.abs().max() == 1.0
