"""Trajectories of models that were built so that the statistics are known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from lazydit.analysis import theorems
from lazydit.analysis.images import Images
from lazydit.analysis.listening import listening, modules_of
from lazydit.analysis.trajectories import Trajectories
from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.policies import Always
from lazydit.sampling import sample

STEPS = 5
ANGLE = 0.2


class Rotating(nn.Module):
    """Puts out one vector, turned by ANGLE at every call, whatever it is given."""

    calls = 0

    def forward(self, z):
        angle = ANGLE * self.calls
        self.calls += 1
        output = torch.zeros_like(z)
        output[..., 0], output[..., 1] = math.cos(angle), math.sin(angle)
        return output


def analysed(model, count=8, batch_size=3):
    images = Images.plan(model.config, count, seed=0)
    trajectories = Trajectories(model, Schedule.spaced(STEPS), images, 2.0, batch_size)
    while trajectories.done < trajectories.total:
        trajectories.advance()
    return trajectories, images


def test_modules_whose_outputs_rotate_have_the_similarity_of_the_angle(random_dit):
    model = random_dit()
    for block in model.blocks:
        block.attn, block.mlp = Rotating(), Rotating()
    # One batch a label: the angle between two generations does not count.
    trajectories, _ = analysed(model, batch_size=8)
    similarity = theorems.similarity(trajectories.samples())
    assert np.allclose(similarity.mean, math.cos(ANGLE))
    assert np.allclose(similarity.std, 0, atol=1e-7)
    assert np.allclose(similarity.quantiles, math.cos(ANGLE))
    assert np.shape(similarity.mean) == (STEPS - 1, 4)


@pytest.fixture
def copying(random_dit):
    """A model in which the modules' normalized inputs never change: what they consume is scaled and
    shifted by timestep and label alone."""
    model = random_dit()
    width = model.config.width
    with torch.no_grad():
        # eps is 0, so that x only grows, and tokens that only grow are normalized to the same.
        model.final_layer.linear.weight.zero_()
        model.final_layer.linear.bias.zero_()
        model.x_embedder.proj.bias.zero_()
        model.x_embedder.proj.weight *= 100
        model.pos_embed.zero_()
        for block in model.blocks:
            # Nothing that a module puts out is added.
            for gate in (2, 5):
                block.adaLN_modulation[1].weight[gate * width : (gate + 1) * width] = 0
                block.adaLN_modulation[1].bias[gate * width : (gate + 1) * width] = 0
            block.adaLN_modulation[1].weight *= 3
        model.y_embedder.embedding_table.weight *= 10
    return model


def test_inputs_that_are_scaled_and_shifted_copies_are_brought_together(copying):
    trajectories, _ = analysed(copying)
    distance = theorems.input_distance(trajectories, trajectories.samples())
    assert np.min(distance.as_is) > 0.01
    assert np.min(distance.time_variant) > 0.001
    assert np.max(distance.condition_variant) < 1e-4


def test_distances_shrink_with_the_freedom_of_the_fit(random_dit):
    trajectories, _ = analysed(random_dit())
    distance = theorems.input_distance(trajectories, trajectories.samples())
    as_is, time, condition = (
        np.array(part)
        for part in (distance.as_is, distance.time_variant, distance.condition_variant)
    )
    assert (condition <= time).all() and (time <= as_is).all()
    assert (condition > 0).all()


def test_what_is_heard_is_what_modules_consume_and_put_out(random_dit):
    model = random_dit()
    heard = {}

    def hear(step, number, before, now):
        heard[step, number] = before, now

    with listening(model, hear):
        sample(
            model,
            torch.tensor([1, 2]),
            torch.randn(2, 3, 8, 8),
            Schedule.spaced(STEPS),
            Always(),
            2.0,
        )
    assert sorted(heard) == [(step, number) for step in range(1, STEPS) for number in range(4)]
    for (step, number), (before, now) in heard.items():
        with torch.no_grad():
            output = modules_of(model)[number](now.z.float())
        torch.testing.assert_close(now.output.float(), output)
        assert now.z.shape == (4, 16, 32)
        if step > 1:
            assert before is heard[step - 1, number][1]


def test_nothing_listens_any_more_afterwards(random_dit):
    model = random_dit()
    with listening(model, lambda *_: pytest.fail("heard")):
        pass
    model(torch.randn(1, 3, 8, 8), torch.tensor([1]), torch.tensor([1]))
    model(torch.randn(1, 3, 8, 8), torch.tensor([1]), torch.tensor([1]))


def test_batches_do_not_matter(random_dit):
    model = random_dit()
    whole, parts = (analysed(model, batch_size=size)[0] for size in (8, 1))
    order = [trajectories.samples().image.argsort(stable=True) for trajectories in (whole, parts)]
    torch.testing.assert_close(
        whole.samples().inputs[order[0]], parts.samples().inputs[order[1]], atol=1e-3, rtol=1e-3
    )
    torch.testing.assert_close(
        whole.squares_left_by_label(), parts.squares_left_by_label(), atol=1e-6, rtol=1e-3
    )


def test_going_on_from_a_state_ends_where_an_unbroken_run_does(random_dit):
    model = random_dit()
    unbroken, images = analysed(model)
    first, second = (Trajectories(model, Schedule.spaced(STEPS), images, 2.0, 3) for _ in range(2))
    first.advance()
    second.restore(first.state())
    while second.done < second.total:
        second.advance()
    assert second.samples().similarity.equal(unbroken.samples().similarity)
    assert second.squares_left_by_label().equal(unbroken.squares_left_by_label())
    assert second.squares_left_by_step().equal(unbroken.squares_left_by_step())


def test_images_are_spread_over_labels_and_half_of_each_is_held_out(random_dit):
    images = Images.plan(random_dit(num_classes=100).config, 40, seed=1)
    assert images.chosen_labels == list(range(0, 100, 10))
    for label in images.chosen_labels:
        assert images.held_out[images.labels == label].tolist() == [False, True, False, True]
    for batch in images.batches_by_label(3):
        assert len(images.labels[batch].unique()) == 1 and len(batch) <= 3


def test_too_few_images_are_refused(random_dit):
    with pytest.raises(LazyDiTError, match="7 images are too few .* at least 8"):
        Images.plan(random_dit().config, 7, seed=0)
