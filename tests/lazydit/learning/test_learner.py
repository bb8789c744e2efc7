"""Learning gates: as lazy as asked, never worse than the schedule, interrupted, and shared."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from lazydit.calibration.calibrator import CalibrationRecipe, calibrate
from lazydit.checkpoints import save_checkpoint
from lazydit.data import DigitImages, FolderImages
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.gates import load_gates
from lazydit.learning import self_images
from lazydit.learning.learner import learn
from lazydit.learning.recipes import PaperRecipe, TrajectoryRecipe
from lazydit.policies import Lazy
from lazydit.references import References
from lazydit.sampling import sample
from lazydit.states import state_path
from tests.conftest import run_with_two_processes

STEPS = 5
CALIBRATION = CalibrationRecipe(
    steps=STEPS, target_ratio=0.3, images=4, rounds=0, reference_steps=10
)
TRAJECTORY = TrajectoryRecipe(
    calibration=CALIBRATION, iterations=6, batch_size=4, images=8, lr=0.05
)
PAPER = PaperRecipe(
    steps=STEPS, penalty_attn=1e-3, penalty_mlp=1e-3, iterations=4, batch_size=8, seed=5, lr=5e-3
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


@pytest.mark.parametrize("max_reuse", [None, 1])
@pytest.mark.parametrize("extrapolate", [False, True])
def test_gates_are_as_lazy_as_asked_and_no_worse_than_the_schedule(
    max_reuse, extrapolate, model, tmp_path
):
    out = tmp_path / "gates.safetensors"
    calibration = replace(CALIBRATION, max_reuse=max_reuse, extrapolate=extrapolate)
    recipe = replace(TRAJECTORY, calibration=calibration)
    told = []
    ratio = learn(model, None, recipe, out, ALONE, told.append)

    (gates,) = load_gates(out)
    assert (gates.name, gates.target_ratio) == ("5-r30", 0.3)
    assert (gates.max_reuse, gates.extrapolate) == (max_reuse, extrapolate)
    assert ratio == pytest.approx(0.3, abs=0.05)
    shares = [progress.share for progress in told]
    assert shares == sorted(shares) and shares[-1] == 1.0

    schedule = calibrate(model, calibration, tmp_path / "schedule.json", ALONE)
    judges = References(model, 12, steps=10, guidance=3.0, generator=(0, -(2**29)), workers=ALONE)
    judges.draw_batch()
    spaced = Schedule.spaced(STEPS)
    learned = judges.judge(spaced, Lazy.stored(gates), first=8)
    fixed = judges.judge(spaced, schedule.policy, first=8)
    assert learned.lazy_ratio == pytest.approx(ratio, abs=1e-6)
    # The random model's inputs vary more than those of a trained one: gates miss some decisions.
    assert learned.error < 1.2 * fixed.error


@pytest.mark.parametrize("recipe", [TRAJECTORY, PAPER], ids=["trajectory", "paper"])
def test_the_backbone_stays_as_it_was(recipe, model, tmp_path, monkeypatch):
    monkeypatch.setattr("lazydit.learning.paper_learning.COUNT", 32)
    monkeypatch.setattr(self_images, "COUNT", 32)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    learn(model, None, recipe, tmp_path / "gates.safetensors", ALONE)
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


def test_higher_penalties_make_lazier_gates(model, data, tmp_path):
    ratios = []
    for penalty in (1e-6, 10.0):
        recipe = replace(PAPER, iterations=40, penalty_attn=penalty, penalty_mlp=penalty)
        ratios.append(learn(model, data, recipe, tmp_path / f"{penalty}.safetensors", ALONE))
    # Of five steps, the second and the fourth are lazy in some pair.
    assert ratios[0] < 0.2
    assert 0.35 < ratios[1] <= 0.4


def test_each_kind_of_module_has_its_own_penalty(model, data, tmp_path):
    out = tmp_path / "gates.safetensors"
    recipe = replace(PAPER, iterations=40, penalty_attn=10.0, penalty_mlp=1e-9)
    learn(model, data, recipe, out, ALONE)
    noise = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    policy = Lazy.stored(load_gates(out)[0])
    labels = torch.tensor([0, 1, 0, 1])
    ran = sample(model, labels, noise, Schedule.spaced(STEPS), policy, 3.0).ran[1::2]
    assert ran[..., 0::2].float().mean() < 0.1
    assert ran[..., 1::2].float().mean() > 0.6


@pytest.mark.parametrize(
    ("recipe", "count"),
    [(PAPER, 1), (PAPER, 3), (TRAJECTORY, 2), (TRAJECTORY, -6), (TRAJECTORY, -2)],
)
def test_an_interrupted_run_goes_on_as_if_it_had_never_stopped(
    recipe, count, model, data, tmp_path
):
    data = data if recipe is PAPER else None
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    told, later = [], []
    learn(model, data, recipe, whole, ALONE, told.append)
    before = count % len(told)

    with pytest.raises(KeyboardInterrupt):
        learn(model, data, recipe, parts, ALONE, interrupt_after(before))
    assert state_path(parts).exists() and not parts.exists()
    learn(model, data, recipe, parts, ALONE, later.append)

    assert before + len(later) == len(told)
    assert weights_in(parts).equal(weights_in(whole))
    assert not state_path(parts).exists()


def test_the_same_seed_gives_the_same_gates_and_another_seed_others(model, data, tmp_path):
    weights = []
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        out = tmp_path / f"{name}.safetensors"
        learn(model, data, replace(PAPER, seed=seed), out, ALONE)
        weights.append(weights_in(out))
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])


def test_the_model_can_draw_its_own_training_images(model, tmp_path, monkeypatch):
    monkeypatch.setattr("lazydit.learning.paper_learning.COUNT", 64)
    monkeypatch.setattr(self_images, "COUNT", 64)
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    told = []
    learn(model, None, PAPER, whole, ALONE, told.append)
    texts = [progress.text for progress in told[:3]]
    assert texts[:2] == [f"drawing training images: {drawn}" for drawn in (32, 64)]
    assert texts[2].startswith("loss")

    with pytest.raises(KeyboardInterrupt):
        learn(model, None, PAPER, parts, ALONE, interrupt_after(1))
    learn(model, None, PAPER, parts, ALONE)
    assert weights_in(parts).equal(weights_in(whole))


def test_two_processes_learn_what_one_learns(model, data, image_folder, tmp_path):
    alone, shared = tmp_path / "alone.safetensors", tmp_path / "shared.safetensors"
    save_checkpoint(model, tmp_path / "dit.safetensors")
    command = [*("-m", "lazydit.cli", "learn", tmp_path / "dit.safetensors", "--out", shared)]
    inputs = [*("--data", image_folder, "--device", "cpu", "--steps", "5", "--seed", "5")]
    penalties = [*("--penalty-attn", "1e-3", "--penalty-mlp", "1e-3")]
    settings = [*("--recipe", "paper", "--iterations", "4", "--batch-size", "8")]

    learn(model, data, replace(PAPER, lr=PaperRecipe(steps=STEPS).lr), alone, ALONE)
    run_with_two_processes(*command, *inputs, *penalties, *settings)

    torch.testing.assert_close(weights_in(shared), weights_in(alone), atol=5e-5, rtol=0)
    assert weights_in(alone).abs().max() > 2e-4


def test_a_state_of_another_recipe_or_model_is_refused(model, data, random_dit, tmp_path):
    out = tmp_path / "gates.safetensors"
    with pytest.raises(KeyboardInterrupt):
        learn(model, data, PAPER, out, ALONE, interrupt_after(2))
    with pytest.raises(LazyDiTError, match="started with another penalty_mlp"):
        learn(model, data, replace(PAPER, penalty_mlp=0.5), out, ALONE)
    with pytest.raises(LazyDiTError, match="started with another .*recipe"):
        learn(model, None, TRAJECTORY, out, ALONE)
    other = random_dit(seed=1, num_classes=2, patch_size=4)
    with pytest.raises(LazyDiTError, match="started with another checkpoint"):
        learn(other, data, PAPER, out, ALONE)


def test_a_reachable_ratio_and_enough_images_are_asked_for():
    with pytest.raises(LazyDiTError, match="at most 0.40"):
        replace(CALIBRATION, target_ratio=0.45)
    with pytest.raises(LazyDiTError, match="3 images do not fill a batch of 4"):
        replace(TRAJECTORY, images=3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 1}, "1 steps leave nothing to reuse"),
        ({"iterations": 0}, "0 iterations learn nothing"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"penalty_attn": -1.0}, "penalty must be above 0"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, sentence):
    with pytest.raises(LazyDiTError, match=sentence):
        replace(PAPER, **changes)


def test_only_the_papers_recipe_takes_data(model, data, tmp_path):
    with pytest.raises(LazyDiTError, match="leave the data out"):
        learn(model, data, TRAJECTORY, tmp_path / "gates.safetensors", ALONE)


def test_data_that_does_not_fit_the_model_is_refused(model, random_dit, data, tmp_path):
    out = tmp_path / "gates.safetensors"
    with pytest.raises(LazyDiTError, match="denoises 3 x 8 x 8 .* --data self"):
        learn(model, DigitImages(), PAPER, out, ALONE)
    with pytest.raises(LazyDiTError, match="2 classes and the model 5"):
        learn(random_dit(patch_size=4), data, PAPER, out, ALONE)
