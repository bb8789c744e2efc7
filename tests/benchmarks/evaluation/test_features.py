"""Feature networks and decoders that a user names."""

import sys
import types

import numpy as np
import pytest
import torch

from evaluation.features import FeatureNetwork, find_network
from evaluation.judge import Decoder
from lazydit.data import DigitImages
from lazydit.errors import LazyDiTError

CPU = torch.device("cpu")
SHAPE = (3, 8, 8)


def look_through(network) -> FeatureNetwork:
    return FeatureNetwork("mine", network, SHAPE, 5, CPU)


def means(images: torch.Tensor) -> torch.Tensor:
    return images.mean(dim=(2, 3))


def test_features_alone_or_with_classes() -> None:
    alone = look_through(means)
    assert alone.width == 3
    assert alone.look(np.ones((4, *SHAPE), np.float32)).predicted is None

    def with_classes(images: torch.Tensor):
        return means(images), torch.eye(5)[: len(images)]

    seen = look_through(with_classes).look(np.ones((4, *SHAPE), np.float32))
    assert seen.predicted.tolist() == [0, 1, 2, 3]


def test_values_beyond_an_image_are_cut() -> None:
    seen = look_through(means).look(np.full((2, *SHAPE), 9.0, np.float32))
    assert seen.features.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (lambda images: images, r"gives \[2, 3, 8, 8\] for 2 images where features \[B, F\]"),
        (lambda images: means(images)[:1], r"gives \[1, 3\] for 2 images"),
        (lambda images: (means(images), torch.ones(2, 7)), r"gives \[2, 7\] .* logits \[B, 5\]"),
        (lambda images: "cat", "gives str for 2 images"),
        (torch.nn.Linear(9, 2), r"fails on images \[2, 3, 8, 8\] \(RuntimeError"),
    ],
)
def test_a_network_of_another_shape_is_refused_in_one_sentence(network, sentence: str) -> None:
    with pytest.raises(LazyDiTError, match=sentence) as caught:
        look_through(network)
    assert "\n" not in str(caught.value)


def test_the_demo_has_its_own() -> None:
    digits = DigitImages(held_out=True)
    indices = torch.arange(50)
    images = digits.images(indices, torch.full((50, 2), 0.5)).numpy()
    network = FeatureNetwork("digits", find_network("digits"), (3, 32, 32), 10, CPU)
    seen = network.look(images)
    assert seen.features.shape == (50, 64)
    assert (seen.predicted == digits.labels[:50].numpy()).mean() > 0.9


def test_networks_and_decoders_are_imported_by_name(monkeypatch) -> None:
    module = types.ModuleType("my_networks")
    module.network = lambda: means
    module.decoder = lambda: lambda latents: latents[:, :3].repeat_interleave(2, dim=3)
    module.broken = lambda: lambda latents: latents
    monkeypatch.setitem(sys.modules, "my_networks", module)
    assert find_network("my_networks:network") is means
    assert Decoder.named("my_networks:decoder", CPU).shape((4, 8, 8)) == (3, 8, 16)
    with pytest.raises(LazyDiTError, match=r"gives \[1, 4, 8, 8\] where images \[B, 3, H, W\]"):
        Decoder.named("my_networks:broken", CPU).shape((4, 8, 8))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("inception", "is not module:function: name the function to import"),
        ("no_such_module:make", "cannot be imported .*No module named.*: put the module's folder"),
        ("math:no_such_function", "cannot be imported"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(name: str, sentence: str) -> None:
    with pytest.raises(LazyDiTError, match=sentence):
        find_network(name)
