"""Learning gates: it settles where it should, can be interrupted, and processes can share it."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from lazydit import learning, self_images
from lazydit.checkpoints import save_checkpoint
from lazydit.data import DigitImages, FolderImages
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.gates import load_gates
from lazydit.learn_recipe import LearnRecipe
from lazydit.learning import learn
from lazydit.policies import Lazy
from lazydit.sampling import sample
from lazydit.states import state_path

STEPS = 5
TARGET = 0.35
RECIPE = LearnRecipe(steps=STEPS, target_ratio=TARGET, iterations=40, batch_size=8, lr=5e-3)
FIXED = LearnRecipe(
    steps=STEPS, penalty_attn=1e-3, penalty_mlp=1e-3, iterations=4, batch_size=8, seed=5
)
ALONE = Workers(0, 1, torch.device("cpu"))


@pytest.fixture
def model(random_dit):
    return random_dit(num_classes=2, patch_size=4)


@pytest.fixture
def data(image_folder):
    return FolderImages(image_folder, 8)


def interrupt_after(count):
    """A report that presses ctrl-C when it is called for the `count`th time."""
    calls = []

    def report(progress):
        calls.append(progress)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGINT)

    return report


def weights_in(path):
    (gates,) = load_gates(path)
    return gates.weights


def sampled_ratio(model, gates, seed):
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(64) % 2
    noise = torch.randn(64, 3, 8, 8, generator=random)
    return sample(model, labels, noise, Schedule.spaced(STEPS), Lazy.stored(gates), 3.0).lazy_ratio


@pytest.mark.parametrize("max_reuse", [None, 1])
def test_the_lazy_ratio_of_sampling_settles_at_the_target(max_reuse, model, data, tmp_path):
    out = tmp_path / "gates.safetensors"
    told = []
    ratio = learn(model, data, replace(RECIPE, max_reuse=max_reuse), out, ALONE, told.append)

    (gates,) = load_gates(out)
    assert ratio == told[-1].lazy_ratio == pytest.approx(TARGET, abs=0.01)
    assert sampled_ratio(model, gates, seed=77) == pytest.approx(TARGET, abs=0.02)
    assert (gates.name, gates.target_ratio, gates.max_reuse) == ("5-r35", TARGET, max_reuse)
    assert gates.timesteps == Schedule.spaced(STEPS).timesteps
    gates.check_model(model.config)


def test_the_backbone_stays_as_it_was(model, data, tmp_path):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    learn(model, data, FIXED, tmp_path / "gates.safetensors", ALONE)
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


def test_higher_penalties_make_lazier_gates(model, data, tmp_path):
    ratios = []
    for penalty in (1e-6, 10.0):
        recipe = replace(RECIPE, target_ratio=None, penalty_attn=penalty, penalty_mlp=penalty)
        ratios.append(learn(model, data, recipe, tmp_path / f"{penalty}.safetensors", ALONE))
    # At most every module of every step but the first is reused.
    assert ratios[0] < 0.3
    assert 0.7 < ratios[1] <= 1 - 1 / STEPS


def test_each_kind_of_module_has_its_own_penalty(model, data, tmp_path):
    out = tmp_path / "gates.safetensors"
    recipe = replace(RECIPE, target_ratio=None, penalty_attn=10.0, penalty_mlp=1e-9)
    learn(model, data, recipe, out, ALONE)
    noise = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    policy = Lazy.stored(load_gates(out)[0])
    labels = torch.tensor([0, 1, 0, 1])
    ran = sample(model, labels, noise, Schedule.spaced(STEPS), policy, 3.0).ran[1:]
    assert ran[..., 0::2].float().mean() < 0.1
    assert ran[..., 1::2].float().mean() > 0.6


@pytest.mark.parametrize("count", [1, 23])
def test_an_interrupted_run_goes_on_as_if_it_had_never_stopped(count, model, data, tmp_path):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    learn(model, data, RECIPE, whole, ALONE)

    with pytest.raises(KeyboardInterrupt):
        learn(model, data, RECIPE, parts, ALONE, interrupt_after(count))
    assert state_path(parts).exists() and not parts.exists()
    first = []
    learn(model, data, RECIPE, parts, ALONE, lambda told: first.append(told.iteration))

    assert first[0] == count + 1
    assert weights_in(parts).equal(weights_in(whole))
    assert not state_path(parts).exists()


def test_the_same_seed_gives_the_same_gates_and_another_seed_others(model, data, tmp_path):
    weights = []
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        out = tmp_path / f"{name}.safetensors"
        learn(model, data, replace(FIXED, seed=seed), out, ALONE)
        weights.append(weights_in(out))
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])


def test_the_model_can_draw_its_own_training_images(model, tmp_path, monkeypatch):
    monkeypatch.setattr("lazydit.learning.COUNT", 64)
    monkeypatch.setattr(self_images, "COUNT", 64)
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    told = []
    learn(model, None, RECIPE, whole, ALONE, told.append)
    assert [progress.drawn for progress in told[:3]] == [32, 64, None]

    with pytest.raises(KeyboardInterrupt):
        learn(model, None, RECIPE, parts, ALONE, interrupt_after(1))
    learn(model, None, RECIPE, parts, ALONE)
    assert weights_in(parts).equal(weights_in(whole))


def test_two_processes_learn_what_one_learns(model, data, image_folder, tmp_path):
    alone, shared = tmp_path / "alone.safetensors", tmp_path / "shared.safetensors"
    save_checkpoint(model, tmp_path / "dit.safetensors")
    torchrun = [*("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")]
    command = [*("-m", "lazydit.cli", "learn", tmp_path / "dit.safetensors", "--out", shared)]
    inputs = [*("--data", image_folder, "--device", "cpu", "--steps", "5", "--seed", "5")]
    penalties = [*("--penalty-attn", "1e-3", "--penalty-mlp", "1e-3")]
    settings = [*("--iterations", "4", "--batch-size", "8")]

    learn(model, data, FIXED, alone, ALONE)
    subprocess.run(
        [sys.executable, *torchrun, *command, *inputs, *penalties, *settings],
        check=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )

    torch.testing.assert_close(weights_in(shared), weights_in(alone), atol=5e-5, rtol=0)
    assert weights_in(alone).abs().max() > 2e-4


def test_a_state_of_another_recipe_or_model_is_refused(model, data, random_dit, tmp_path):
    out = tmp_path / "gates.safetensors"
    with pytest.raises(KeyboardInterrupt):
        learn(model, data, RECIPE, out, ALONE, interrupt_after(2))
    with pytest.raises(LazyDiTError, match="started with another target_ratio"):
        learn(model, data, replace(RECIPE, target_ratio=0.5), out, ALONE)
    other = random_dit(seed=1, num_classes=2, patch_size=4)
    with pytest.raises(LazyDiTError, match="started with another checkpoint"):
        learn(other, data, RECIPE, out, ALONE)


def test_a_ratio_that_does_not_settle_is_told_and_nothing_is_written(
    model, data, tmp_path, monkeypatch
):
    out = tmp_path / "gates.safetensors"
    with pytest.raises(LazyDiTError, match="did not settle at 0.60"):
        # Gates that hardly move cannot become that lazy.
        recipe = replace(RECIPE, target_ratio=0.6, iterations=1, lr=1e-12, final_lr=1e-12)
        monkeypatch.setattr(learning, "SAVE_EVERY", 1)
        learn(model, data, recipe, out, ALONE)
    # A state would refuse a recipe with more iterations.
    assert not out.exists() and not state_path(out).exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 1}, "1 steps leave nothing to reuse"),
        ({"iterations": 0}, "0 iterations learn nothing"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"max_reuse": 0}, "max_reuse is 0"),
        ({"penalty_attn": -1.0}, "penalty must be above 0"),
        ({"target_ratio": None}, "nothing says how lazy to be"),
        ({"target_ratio": 0.0}, "cannot be reached"),
        ({"target_ratio": 0.8}, "below 0.80"),
        # Of five steps, at most the second and the fourth can be reused.
        ({"target_ratio": 0.45, "max_reuse": 1}, "below 0.40"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, sentence):
    with pytest.raises(LazyDiTError, match=sentence):
        replace(RECIPE, **changes)


def test_data_that_does_not_fit_the_model_is_refused(model, random_dit, data, tmp_path):
    out = tmp_path / "gates.safetensors"
    with pytest.raises(LazyDiTError, match="denoises 3 x 8 x 8 .* --data self"):
        learn(model, DigitImages(), RECIPE, out, ALONE)
    with pytest.raises(LazyDiTError, match="2 classes and the model 5"):
        learn(random_dit(patch_size=4), data, RECIPE, out, ALONE)
