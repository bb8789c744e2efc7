"""Lazy chains against plain DDIM steps and against sampling with reuse."""

from contextlib import nullcontext

import pytest
import torch

from lazydit.chains import ChainStart, ChainSteps, draw_chains, walk_chains
from lazydit.data import FolderImages
from lazydit.diffusion import Schedule, ddim_update
from lazydit.distributed import Workers

SCHEDULE = Schedule.spaced(6)
CPU = torch.device("cpu")


@pytest.fixture
def model(random_dit):
    return random_dit(num_classes=2, patch_size=4).requires_grad_(False)


def start_at(steps, lazy_steps):
    random = torch.Generator().manual_seed(0)
    x = torch.randn(len(steps), 3, 8, 8, generator=random)
    labels = torch.arange(len(steps)) % 3
    return ChainStart(x=x, step=torch.tensor(steps), labels=labels, lazy_steps=lazy_steps)


def test_every_row_takes_the_ddim_step_it_stands_at():
    start = start_at([0, 3, 5], 1)
    eps = torch.randn_like(start.x)
    moved = ChainSteps(SCHEDULE, CPU).update(start.x, eps, start.step)
    for row, step in enumerate([0, 3, 5]):
        alphas = (SCHEDULE.alphas_cumprod[step], SCHEDULE.alphas_cumprod_prev[step])
        expected = ddim_update(start.x[row], eps[row], *(alpha.item() for alpha in alphas))
        torch.testing.assert_close(moved[row], expected, atol=1e-4, rtol=1e-4)


def test_a_steps_weight_is_the_squared_error_that_it_hands_on():
    steps = ChainSteps(SCHEDULE, CPU)
    start = start_at(list(range(6)), 1)
    eps, error = torch.randn_like(start.x), torch.randn_like(start.x)
    right, wrong = (steps.update(start.x, value, start.step) for value in (eps, eps + error))
    handed_on = (wrong - right).square().mean(dim=(1, 2, 3))
    expected = steps.weights * error.square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(handed_on, expected, atol=1e-5, rtol=1e-2)


def test_modules_that_all_run_make_no_error(model, monkeypatch):
    monkeypatch.setattr("lazydit.chains.gate_score", lambda gate, z: torch.ones(len(z)))
    start = start_at([0, 2, 3], lazy_steps=2)
    result = walk_chains(
        model, torch.zeros(6, 4, 32), start, ChainSteps(SCHEDULE, CPU), nullcontext
    )
    assert result.errors.abs().max() < 1e-8


def test_modules_that_are_all_reused_hand_on_the_outputs_of_the_full_step(model, monkeypatch):
    monkeypatch.setattr("lazydit.chains.gate_score", lambda gate, z: torch.zeros(len(z)))
    start, steps = start_at([1, 1, 1], lazy_steps=1), ChainSteps(SCHEDULE, CPU)

    def predict(x, step, call):
        timesteps = torch.full((3,), SCHEDULE.timesteps[step])
        return model(x, timesteps, start.labels, call)

    kept = {}
    eps = predict(start.x, 1, lambda number, module, z: kept.setdefault(number, module(z)))
    x = ddim_update(
        start.x, eps, SCHEDULE.alphas_cumprod[1].item(), SCHEDULE.alphas_cumprod_prev[1].item()
    )
    full = predict(x, 2, lambda number, module, z: module(z))
    reused = predict(x, 2, lambda number, module, z: kept[number])
    expected = steps.weights[2] * (reused - full).square().mean(dim=(1, 2, 3))

    result = walk_chains(model, torch.zeros(6, 4, 32), start, steps, nullcontext)

    torch.testing.assert_close(result.errors, expected, atol=1e-6, rtol=1e-3)
    assert expected.min() > 1e-6


def test_the_gradient_reaches_the_gates_of_the_lazy_steps_alone(model):
    gates = torch.zeros(6, 4, 32, requires_grad=True)
    result = walk_chains(model, gates, start_at([1, 1], 2), ChainSteps(SCHEDULE, CPU), nullcontext)
    (gradient,) = torch.autograd.grad(result.errors.sum(), [gates])
    touched = gradient.abs().sum(dim=(1, 2)) > 0
    assert touched.tolist() == [False, False, True, True, False, False]
    assert result.mean_scores(kind=0).item() == pytest.approx(2 * 0.5)


def test_chains_stay_inside_the_schedule_and_depend_on_the_iteration(image_folder):
    data = FolderImages(image_folder, 8)
    settings = {"rows": 16, "longest": 3, "label_drop": 0.5, "seed": 1}
    alone = Workers(0, 1, CPU)
    starts = [draw_chains(data, SCHEDULE, alone, **settings, iteration=i) for i in range(20)]
    assert {start.lazy_steps for start in starts} == {1, 2, 3}
    assert all((start.step + start.lazy_steps).max() <= 5 for start in starts)
    assert any((start.labels == 2).any() for start in starts)
    again = draw_chains(data, SCHEDULE, alone, **settings, iteration=3)
    assert again.x.equal(starts[3].x) and not again.x.equal(starts[4].x)

    halves = [
        draw_chains(data, SCHEDULE, Workers(rank, 2, CPU), **settings, iteration=3)
        for rank in (0, 1)
    ]
    assert torch.cat([half.x for half in halves]).equal(starts[3].x)
