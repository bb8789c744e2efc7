"""Training: it learns, it is deterministic, it can be interrupted, and processes can share it."""

import os
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lazydit.checkpoints import load_checkpoint
from lazydit.data import FolderImages
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.models.dit import DiTConfig
from lazydit.states import state_path
from lazydit.training import TrainRecipe, lr_factor, min_snr_weight, train
from tests.conftest import run_with_two_processes

CONFIG = DiTConfig(
    input_size=8,
    patch_size=4,
    in_channels=3,
    width=16,
    depth=2,
    heads=2,
    num_classes=2,
    learn_sigma=False,
)
RECIPE = TrainRecipe(steps=12, batch_size=4, warmup=2, seed=5)
ALONE = Workers(0, 1, torch.device("cpu"))


@pytest.fixture
def data(image_folder):
    return FolderImages(image_folder, 8)


def interrupt_after(step):
    """A report that presses ctrl-C after `step` steps."""

    def report(progress):
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    return report


def test_the_loss_falls(data, tmp_path):
    losses = []
    recipe = replace(RECIPE, steps=150, batch_size=16, warmup=10)
    train(CONFIG, data, recipe, tmp_path / "dit.safetensors", ALONE, losses.append)
    mean = [sum(told.loss for told in part) / 30 for part in (losses[:30], losses[-30:])]
    assert mean[1] < 0.8 * mean[0]
    assert [told.step for told in losses] == list(range(1, 151))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(data, tmp_path):
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        train(CONFIG, data, replace(RECIPE, seed=seed), tmp_path / f"{name}.safetensors", ALONE)
    one, same, other = (
        load_file(tmp_path / f"{name}.safetensors") for name in ("one", "same", "other")
    )
    assert all(one[name].equal(same[name]) for name in one)
    assert not one["blocks.0.attn.qkv.weight"].equal(other["blocks.0.attn.qkv.weight"])


@pytest.mark.parametrize("step", [1, 7])
def test_an_interrupted_run_goes_on_as_if_it_had_never_stopped(step, data, tmp_path):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    train(CONFIG, data, RECIPE, whole, ALONE)

    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, data, RECIPE, parts, ALONE, interrupt_after(step))
    assert not parts.exists()
    assert state_path(parts).exists()
    first = []
    train(CONFIG, data, RECIPE, parts, ALONE, lambda told: first.append(told.step))

    assert first[0] == step + 1
    resumed = load_file(parts)
    assert all(tensor.equal(resumed[name]) for name, tensor in load_file(whole).items())
    assert not state_path(parts).exists()


def test_an_interrupt_in_the_last_step_loses_nothing(data, tmp_path):
    out = tmp_path / "dit.safetensors"
    train(CONFIG, data, RECIPE, out, ALONE, interrupt_after(RECIPE.steps))
    assert load_checkpoint(out).config == CONFIG
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_average_follows_the_weights(data, tmp_path):
    # With ema 0 the average is the model itself, with ema 1 that of the first step.
    for name, steps, ema in (("first", 1, 0.0), ("kept", 12, 1.0), ("last", 12, 0.0)):
        recipe = replace(RECIPE, steps=steps, ema=ema, warmup=1)
        train(CONFIG, data, recipe, tmp_path / f"{name}.safetensors", ALONE)
    first, kept, last = (
        load_file(tmp_path / f"{name}.safetensors")["final_layer.linear.weight"]
        for name in ("first", "kept", "last")
    )
    assert first.equal(kept)
    assert not last.equal(kept)


def test_a_state_of_another_recipe_is_refused(data, tmp_path):
    out = tmp_path / "dit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, data, RECIPE, out, ALONE, interrupt_after(3))
    kept = state_path(out).read_bytes()

    with pytest.raises(LazyDiTError, match="started with another depth, batch_size"):
        train(replace(CONFIG, depth=1), data, replace(RECIPE, batch_size=2), out, ALONE)
    state_path(out).write_bytes(kept[:100])
    with pytest.raises(LazyDiTError, match="cannot be read: remove it to start again"):
        train(CONFIG, data, RECIPE, out, ALONE)


def test_a_finished_checkpoint_is_not_overwritten(data, tmp_path):
    out = tmp_path / "dit.safetensors"
    out.write_bytes(b"precious")
    with pytest.raises(LazyDiTError, match="is there already"):
        train(CONFIG, data, RECIPE, out, ALONE)
    assert out.read_bytes() == b"precious"


def test_a_folder_that_cannot_be_written_is_found_out_before_the_first_step(data, tmp_path):
    steps = []
    with pytest.raises(LazyDiTError, match="cannot write .*dit.safetensors"):
        train(CONFIG, data, RECIPE, tmp_path / "absent" / "dit.safetensors", ALONE, steps.append)
    assert not steps


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0}, "0 steps train nothing"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"seed": 2**40}, "is out of range"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, sentence):
    with pytest.raises(LazyDiTError, match=sentence):
        replace(RECIPE, **changes)


def test_batches_that_processes_cannot_share_are_refused(data, tmp_path):
    out = tmp_path / "dit.safetensors"
    with pytest.raises(LazyDiTError, match="a batch of 0 teaches nothing"):
        train(CONFIG, data, replace(RECIPE, batch_size=0), out, ALONE)
    with pytest.raises(LazyDiTError, match="choose a batch size that 3 divides"):
        Workers(0, 3, torch.device("cpu")).check_batch_size(4)


def test_the_learning_rate_warms_up_and_ends_at_zero():
    recipe = TrainRecipe(steps=100, warmup=10)
    factors = [lr_factor(step, recipe) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == pytest.approx(1.0, abs=0.03)
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0.0)


def test_min_snr_weights_are_those_of_the_paper():
    snr = torch.tensor([100.0, 5.0, 1.0, 0.01])
    weights = min_snr_weight(snr / (1.0 + snr), limit=5.0)
    torch.testing.assert_close(weights, torch.tensor([0.05, 1.0, 1.0, 1.0]))


def test_two_processes_train_what_one_trains(data, image_folder, tmp_path):
    alone, shared = tmp_path / "alone.safetensors", tmp_path / "shared.safetensors"
    command = [*("-m", "lazydit.cli", "train", "--data", image_folder, "--out", shared)]
    sizes = [*("--size", "8", "--patch", "4", "--width", "16", "--depth", "2", "--heads", "2")]
    settings = [*("--steps", "4", "--batch-size", "8", "--seed", "5", "--device", "cpu")]

    train(CONFIG, data, TrainRecipe(steps=4, batch_size=8, seed=5), alone, ALONE)
    run_with_two_processes(*command, *sizes, *settings)

    theirs = load_file(shared)
    for name, tensor in load_file(alone).items():
        torch.testing.assert_close(theirs[name], tensor, atol=2e-4, rtol=1e-3)
