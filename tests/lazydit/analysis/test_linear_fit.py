"""What a linear layer foretells: all of what is linear, nothing of noise."""

import numpy as np
import pytest

from lazydit.analysis.linear_fit import foretell

CHANNELS = 12


@pytest.fixture
def random():
    return np.random.default_rng(0)


def split(samples):
    """Two samples an image; every other image is held out."""
    images = np.arange(samples) % (samples // 2)
    return images, images % 2 == 1


def test_similarity_that_is_linear_in_the_input_is_foretold(random):
    inputs = random.normal(size=(200, CHANNELS)) * 10
    similarities = 0.9 + inputs @ random.normal(size=CHANNELS) * 1e-3
    images, held_out = split(200)
    result = foretell(inputs, similarities, images, held_out)
    assert result.r2 == pytest.approx(1.0, abs=1e-4)
    assert np.allclose(result.foretold, similarities[held_out], atol=3e-4)
    assert result.rmse < 0.01 * result.spread
    assert result.spread == pytest.approx(np.std(similarities[held_out]))


def test_similarity_that_has_nothing_to_do_with_the_input_is_not_foretold(random):
    inputs, similarities = random.normal(size=(200, CHANNELS)), random.normal(size=200)
    result = foretell(inputs, similarities, *split(200))
    assert result.r2 < 0.1


def test_half_of_the_variance_being_noise_leaves_the_other_half(random):
    inputs = random.normal(size=(4000, CHANNELS))
    linear = inputs[:, 0]
    result = foretell(inputs, linear + random.normal(size=4000), *split(4000))
    assert result.r2 == pytest.approx(0.5, abs=0.05)


def test_fewer_samples_than_channels_suffice_for_a_simple_rule(random):
    # One direction carries the inputs, as neighbouring channels of a model often do.
    strength = random.normal(size=(40, 1))
    inputs = strength @ random.normal(size=(1, 100)) + 1e-3 * random.normal(size=(40, 100))
    result = foretell(inputs, strength[:, 0], *split(40))
    assert result.r2 > 0.95


def test_samples_of_one_image_do_not_vouch_for_one_another(random):
    # Every image twice and no rule: a fit that recalls images must not choose the penalty.
    inputs = np.tile(random.normal(size=(20, 100)), (2, 1))
    similarities = np.tile(random.normal(size=20), 2)
    result = foretell(inputs, similarities, *split(40))
    assert np.std(result.foretold) < 0.5 * result.spread


def test_what_does_not_vary_has_no_r2(random):
    inputs = random.normal(size=(40, CHANNELS))
    result = foretell(inputs, np.ones(40), *split(40))
    assert result.r2 is None
    assert result.rmse == pytest.approx(0.0, abs=1e-12)
