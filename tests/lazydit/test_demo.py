"""What comes with the package: the demo model and the classifier that judges it."""

from lazydit.checkpoints import load_checkpoint
from lazydit.data import DigitImages
from lazydit.demo import demo_checkpoint, demo_classifier
from lazydit.demo.classifier import accuracy
from lazydit.demo.train_classifier import train_classifier


def test_the_classifier_reads_digits_that_it_never_saw():
    assert accuracy(demo_classifier(), DigitImages(held_out=True)) >= 0.99


def test_the_classifier_can_be_trained_again():
    held_out = DigitImages(held_out=True)
    assert accuracy(train_classifier(DigitImages(), steps=60), held_out) > 0.8


def test_the_demo_model_draws_digits_in_colour():
    config = load_checkpoint(demo_checkpoint()).config
    assert (config.in_channels, config.input_size, config.num_classes) == (3, 32, 10)
