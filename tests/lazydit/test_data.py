"""The digits, image folders and the order in which training sees them."""

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image

from lazydit.data import DigitImages, FolderImages, batch_indices, open_images, step_generator
from lazydit.errors import LazyDiTError


@pytest.fixture
def folder(tmp_path):
    """Two classes, two images each, of different sizes and kinds."""
    for name, colour in (("cat", (255, 0, 0)), ("dog", (0, 0, 255))):
        (tmp_path / name).mkdir()
        Image.new("RGB", (20, 10), colour).save(tmp_path / name / "wide.png")
        Image.new("RGBA", (9, 12), (*colour, 128)).save(
            tmp_path / name / "tall.webp", lossless=True
        )
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    return tmp_path


def test_digits_are_split_once_and_for_all():
    training, held_out = DigitImages(), DigitImages(held_out=True)
    assert (len(training.labels), len(held_out.labels)) == (9000, 1000)
    assert set(held_out.labels.tolist()) == set(range(10))
    chance = torch.zeros(9000, 2)
    seen = {image.numpy().tobytes() for image in training.images(torch.arange(9000), chance)}
    unseen = held_out.images(torch.arange(1000), chance[:1000])
    assert not any(image.numpy().tobytes() in seen for image in unseen)


def test_digits_are_a_bright_hue_on_black():
    chance = torch.tensor([[0.0, 0.0], [0.4, 0.999]])
    images = DigitImages().images(torch.tensor([5, 17]), chance)
    assert images.shape == (2, 3, 32, 32)
    assert images.min() == -1.0 and images.max() == 1.0
    for image, (hue, pale) in zip(images, chance.tolist(), strict=True):
        stroke = (image.flatten(1).amax(dim=1) + 1) / 2
        colour = colorsys.hsv_to_rgb(hue, 0.3 + 0.5 * pale, 1.0)
        np.testing.assert_allclose(stroke, colour, atol=1e-5)


def test_folders_are_labelled_in_alphabetical_order(folder):
    data = FolderImages(folder, 8)
    assert data.labels.tolist() == [0, 0, 1, 1]
    assert data.num_classes == 2
    images = data.images(torch.tensor([1, 3]), torch.zeros(2, 2))
    assert images.shape == (2, 3, 8, 8)
    expected = torch.tensor([[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]])
    assert images.mean(dim=(2, 3)).equal(expected)


def test_the_middle_square_is_kept(tmp_path):
    (tmp_path / "stripe").mkdir()
    pixels = np.zeros((4, 12, 3), dtype=np.uint8)
    pixels[:, 4:8] = 255
    Image.fromarray(pixels).save(tmp_path / "stripe" / "image.png")
    image = FolderImages(tmp_path, 4).images(torch.tensor([0]), torch.zeros(1, 2))
    assert image.equal(torch.ones(1, 3, 4, 4))


def test_data_that_cannot_be_used_is_refused(folder, tmp_path):
    with pytest.raises(LazyDiTError, match="there is no folder"):
        open_images(str(tmp_path / "absent"), 8)
    with pytest.raises(LazyDiTError, match="holds no images"):
        open_images(str(folder / "cat"), 8)
    with pytest.raises(LazyDiTError, match="the digits are 32 pixels wide"):
        open_images("digits", 64)


@pytest.mark.parametrize("content", [b"", b"text", b"half"])
def test_an_image_that_cannot_be_read_is_named(content, folder):
    broken = folder / "cat" / "wide.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    data = FolderImages(folder, 8)
    index = torch.tensor([1])
    with pytest.raises(LazyDiTError, match="cannot read the image .*wide.png"):
        data.images(index, torch.zeros(1, 2))


def test_every_epoch_sees_every_image_once_in_a_new_order():
    indices = torch.cat([batch_indices(step, 4, 10, seed=3) for step in range(5)])
    first, second = indices[:10], indices[10:]
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(10))
    assert first.tolist() != second.tolist()
    assert indices[8:12].equal(batch_indices(2, 4, 10, seed=3))
    assert not indices[:4].equal(batch_indices(0, 4, 10, seed=4))


def test_every_seed_and_step_has_random_numbers_of_its_own():
    drawn = {
        tuple(torch.randint(2**31, (2,), generator=step_generator(seed, step)).tolist())
        for seed in (0, 1, 2, 2**31 - 1)
        for step in range(-50, 50)
    }
    assert len(drawn) == 400
