"""The paper's pairs and its loss, against the formulas written out."""

import pytest
import torch

from lazydit.checkpoints import load_checkpoint
from lazydit.data import FolderImages
from lazydit.diffusion import Schedule, ddim_update
from lazydit.distributed import Workers
from lazydit.gates import load_gates
from lazydit.learning.pairs import Pairs, draw_pairs, walk_pairs
from lazydit.learning.paper_learning import paper_loss
from lazydit.learning.recipes import PaperRecipe
from tests.lazydit.test_reference import FOLDER, HEADS

CPU = torch.device("cpu")


@pytest.mark.parametrize("steps", [7, 10])
def test_the_loss_is_the_papers_written_out(steps):
    """On the model and the gates of the reference's files."""
    model = load_checkpoint(FOLDER / f"dit_{steps}.pt", heads=HEADS).requires_grad_(False)
    (gates,) = load_gates(FOLDER / f"gates_{steps}.pt")
    schedule, random = Schedule.spaced(steps), torch.Generator().manual_seed(4)
    x = torch.randn(3, 4, 16, 16, generator=random)
    labels, step = torch.tensor([1, 10, 4]), torch.tensor([0, 2, 4])
    recipe = PaperRecipe(steps=steps, penalty_attn=0.02, penalty_mlp=0.3)

    errors, penalties = torch.zeros(3), torch.zeros(3)
    for row in range(3):
        full_step, lazy_step = int(step[row]), int(step[row]) + 1
        cached, scores = {}, []

        def call(timestep_of, latent, function, row=row):
            timestep = torch.tensor([schedule.timesteps[timestep_of]])
            return model(latent, timestep, labels[row : row + 1], function)

        def fill(number, module, z, cached=cached):
            cached[number] = module(z)
            return cached[number]

        def mix(number, module, z, cached=cached, scores=scores, lazy_step=lazy_step):
            score = 1 / (1 + torch.exp(-(gates.weights[lazy_step, number] * z).sum()))
            scores.append(score)
            return score * module(z) + (1 - score) * cached[number]

        eps = call(full_step, x[row : row + 1], fill)[:, :4]
        alpha, alpha_prev = schedule.levels(full_step)
        later = ddim_update(x[row : row + 1], eps, alpha, alpha_prev)
        full = call(lazy_step, later, lambda number, module, z: module(z))
        mixed = call(lazy_step, later, mix)
        errors[row] = (full - mixed).square().mean()
        penalties[row] = 0.02 * sum(scores[0::2]) + 0.3 * sum(scores[1::2])

    result = walk_pairs(model, gates.weights, Pairs(x, step, labels), schedule)
    torch.testing.assert_close(result.error, errors.mean(), atol=1e-8, rtol=1e-3)
    expected = errors.mean() + penalties.mean()
    torch.testing.assert_close(paper_loss(result, recipe), expected, atol=1e-5, rtol=1e-4)


def test_the_gradient_reaches_the_gates_of_the_lazy_steps_alone(random_dit):
    model = random_dit(num_classes=2, patch_size=4).requires_grad_(False)
    gates = torch.zeros(6, 4, 32, requires_grad=True)
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    pairs = Pairs(x, torch.tensor([0, 4]), torch.tensor([0, 2]))
    result = walk_pairs(model, gates, pairs, Schedule.spaced(6))
    (gradient,) = torch.autograd.grad(result.error, [gates])
    touched = gradient.abs().sum(dim=(1, 2)) > 0
    assert touched.tolist() == [False, True, False, False, False, True]
    assert result.summed_scores(kind=0).item() == pytest.approx(2 * 0.5)


@pytest.mark.parametrize(("steps", "starts"), [(6, {0, 2, 4}), (7, {0, 2, 4})])
def test_pairs_start_at_every_second_step_and_depend_on_the_iteration(steps, starts, image_folder):
    data, schedule = FolderImages(image_folder, 8), Schedule.spaced(steps)
    settings = {"rows": 16, "label_drop": 0.5, "seed": 1}
    alone = Workers(0, 1, CPU)
    drawn = [draw_pairs(data, schedule, alone, **settings, iteration=i) for i in range(10)]
    assert {int(step) for pairs in drawn for step in pairs.step} == starts
    assert any((pairs.labels == 2).any() for pairs in drawn)
    again = draw_pairs(data, schedule, alone, **settings, iteration=3)
    assert again.x.equal(drawn[3].x) and not again.x.equal(drawn[4].x)

    halves = [
        draw_pairs(data, schedule, Workers(rank, 2, CPU), **settings, iteration=3)
        for rank in (0, 1)
    ]
    assert torch.cat([half.x for half in halves]).equal(drawn[3].x)
