"""Similarity of outputs and its lower bound, on cases whose answer is known."""

import math

import pytest
import torch

from lazydit.analysis.similarity import (
    GELU_LIPSCHITZ,
    compare,
    lipschitz_from_weights,
    lipschitz_seen,
    lower_bound,
)
from lazydit.models.dit import Attention, Mlp


def rotated(vector, angle):
    """`vector` [..., 2] turned by `angle`."""
    cos, sin = math.cos(angle), math.sin(angle)
    return vector @ torch.tensor([[cos, sin], [-sin, cos]], dtype=vector.dtype)


@pytest.mark.parametrize("angle", [0.0, 1e-4, 0.3, math.pi / 2, 3.0])
@pytest.mark.parametrize("longer", [1.0, 7.0])
def test_outputs_that_rotate_are_as_similar_as_the_cosine_of_the_angle(angle, longer):
    before = torch.randn(3, 5, 2, dtype=torch.float64)
    similarity = compare(before, longer * rotated(before, angle)).similarity
    assert similarity.tolist() == pytest.approx([math.cos(angle)] * 3, abs=1e-12)


def test_similarity_is_that_of_the_whole_output_and_not_the_mean_over_tokens():
    before = torch.tensor([[[3.0, 0.0], [0.0, 4.0]]])
    now = torch.tensor([[[3.0, 0.0], [4.0, 0.0]]])
    assert compare(before, now).similarity.item() == pytest.approx(9 / 25)


def test_zero_outputs_resemble_one_another_and_nothing_else():
    zero, some = torch.zeros(1, 2, 2), torch.ones(1, 2, 2)
    assert compare(zero, zero).similarity.item() == 1.0
    assert compare(zero, some).similarity.item() == 0.0


def test_the_bound_is_reached_by_a_module_that_stretches_all_distances_alike():
    # Equal norms and a distance that is just `stretch` times the inputs': nothing is given away.
    stretch = 2.5
    before = torch.randn(4, 3, 2, dtype=torch.float64)
    now = rotated(before, 0.4)
    pair = compare(stretch * before, stretch * now)
    moved = (now - before).flatten(1).norm(dim=1)

    lipschitz = lipschitz_seen(pair.distance, moved)
    assert lipschitz.item() == pytest.approx(stretch)
    bound = lower_bound(lipschitz, moved, pair.scale)
    assert bound.tolist() == pytest.approx(pair.similarity.tolist())
    assert bound.tolist() == pytest.approx([math.cos(0.4)] * 4)


def test_no_module_falls_below_the_bound_of_its_lipschitz_constant():
    torch.manual_seed(0)
    module = Mlp(16, 64).double()
    before = torch.randn(50, 4, 16, dtype=torch.float64)
    now = before + 0.5 * torch.rand(50, 1, 1) * torch.randn(50, 4, 16, dtype=torch.float64)
    with torch.no_grad():
        pair = compare(module(before), module(now))
    moved = (now - before).flatten(1).norm(dim=1)
    lipschitz = torch.tensor(lipschitz_from_weights(module))

    assert (lipschitz_seen(pair.distance, moved) <= lipschitz).all()
    assert (pair.similarity >= lower_bound(lipschitz, moved, pair.scale)).all()


def test_the_bound_is_never_below_what_a_cosine_can_be():
    far, small = torch.tensor([100.0]), torch.tensor([1e-3])
    assert lower_bound(torch.tensor(5.0), far, small).item() == -1.0
    assert lower_bound(torch.tensor(5.0), far, torch.zeros(1)).item() == -1.0


def test_identical_inputs_are_bounded_by_1():
    assert lower_bound(torch.tensor(5.0), torch.zeros(1), torch.zeros(1)).item() == 1.0
    assert lipschitz_seen(torch.zeros(3), torch.zeros(3)).item() == 0.0


def test_a_feedforwards_constant_is_the_product_of_its_layers_norms_and_gelus_slope():
    module = Mlp(4, 4)
    with torch.no_grad():
        module.fc1.weight.copy_(torch.diag(torch.tensor([3.0, 1.0, 2.0, 0.0])))
        module.fc2.weight.copy_(torch.diag(torch.tensor([0.5, 4.0, 0.0, 1.0])))
    assert lipschitz_from_weights(module) == pytest.approx(3 * 4 * GELU_LIPSCHITZ)


def test_gelus_constant_is_its_steepest_slope():
    x = torch.linspace(-10, 10, 200_001, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.gelu(x, approximate="tanh").sum().backward()
    steepest = x.grad.abs().max().item()
    assert steepest <= GELU_LIPSCHITZ
    assert steepest == pytest.approx(GELU_LIPSCHITZ, abs=1e-3)


def test_attention_has_no_constant_that_holds_everywhere():
    assert lipschitz_from_weights(Attention(8, 2)) is None
