"""Calibrated schedules: measured effects against whole sampling runs, and what becomes of them."""

import json
import os
import signal
from dataclasses import replace

import pytest
import torch

from lazydit.calibration.calibrator import CalibrationRecipe, calibrate
from lazydit.calibration.effects import ChangeEffects
from lazydit.calibration.masks import empty_mask, keeps_limit, single_changes
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.policies import Always, FixedSchedule
from lazydit.references import References
from lazydit.sampling import sample
from lazydit.states import state_path
from lazydit_runtime.schedules import read_schedule

STEPS = 5
GUIDANCE = 2.0
ALONE = Workers(0, 1, torch.device("cpu"))
RECIPE = CalibrationRecipe(steps=STEPS, target_ratio=0.3, images=4, rounds=1, reference_steps=12)


@pytest.fixture
def model(random_dit):
    return random_dit(num_classes=2, patch_size=4).requires_grad_(False)


def draw(model, references, count, policy, steps=STEPS):
    labels, noise = references.labels[:count], references.noise[:count]
    return sample(model, labels, noise, Schedule.spaced(steps), policy, GUIDANCE).latent


@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize("batch", [2, 16])
def test_effects_are_the_differences_that_whole_sampling_runs_make(
    extrapolate, batch, model, monkeypatch
):
    monkeypatch.setattr("lazydit.calibration.effects.IMAGES", batch)
    mask = empty_mask(STEPS, 4)
    mask[2, 0] = mask[4, 0] = mask[3, 3] = False
    count, generator = 3, (5, 0)
    references = References(
        model, count, steps=12, guidance=GUIDANCE, generator=generator, workers=ALONE
    )
    references.draw_batch()
    policy = FixedSchedule(mask, extrapolate=extrapolate)
    changes = single_changes(mask, max_reuse=2)
    measured = ChangeEffects(
        model, references, count, Schedule.spaced(STEPS), policy, changes, GUIDANCE, ALONE
    )
    with torch.no_grad():
        while not measured.complete:
            measured.measure_some()
    assert measured.done == measured.work

    unchanged = draw(model, references, count, policy)
    vectors = torch.stack(
        [
            draw(
                model,
                references,
                count,
                FixedSchedule(change.applied(mask), extrapolate=extrapolate),
            ).sub(unchanged)
            for change in changes
        ]
    ).flatten(1)
    error = (unchanged - draw(model, references, count, Always(), steps=12)).flatten()
    effects = measured.result()
    torch.testing.assert_close(effects.gram.float(), vectors @ vectors.T, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(effects.slope.float(), vectors @ error, atol=1e-2, rtol=1e-3)
    # Those of the first steps are far above the tolerance.
    assert (effects.gram.diag() > 1e-2).sum() >= 4


@pytest.mark.parametrize("extrapolate", [False, True])
def test_a_calibrated_schedule_is_as_lazy_as_asked_and_better_than_others(
    extrapolate, model, tmp_path
):
    out = tmp_path / "schedule.json"
    result = calibrate(model, replace(RECIPE, extrapolate=extrapolate), out, ALONE)

    written = read_schedule(out)
    mask = torch.tensor(written.run)
    assert mask.equal(result.policy.run)
    assert int((~mask).sum()) == round(0.3 * mask.numel())
    assert keeps_limit(mask, 1)
    content = json.loads(out.read_text())
    assert content["extrapolate"] is extrapolate
    assert content["timesteps"] == list(Schedule.spaced(STEPS).timesteps)

    references = References(
        model, 64, steps=12, guidance=RECIPE.guidance, generator=(9, 0), workers=ALONE
    )
    while not references.complete:
        references.draw_batch()
    errors = []
    for seed in range(12):
        other = random_mask(mask, seed)
        policy = FixedSchedule(other, extrapolate=extrapolate)
        errors.append(references.judge(Schedule.spaced(STEPS), policy, 0).error)
    own = references.judge(Schedule.spaced(STEPS), result.policy, 0)
    assert own.error < sorted(errors)[2]
    assert own.lazy_ratio == pytest.approx(0.3)


def random_mask(mask, seed):
    """Another mask with as many reuses that keeps a limit of 1."""
    random = torch.Generator().manual_seed(seed)
    while True:
        chosen = torch.randperm(mask[1:].numel(), generator=random)[: int((~mask).sum())]
        other = torch.ones_like(mask)
        other[1:].view(-1)[chosen] = False
        if keeps_limit(other, 1):
            return other


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_interrupted_calibration_goes_on_as_if_it_had_never_stopped(count, model, tmp_path):
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    told = []
    calibrate(model, RECIPE, whole, ALONE, told.append)
    shares = [progress.share for progress in told]
    assert shares == sorted(shares) and shares[-1] == 1.0

    calls = []

    def interrupt(progress):
        calls.append(progress)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        calibrate(model, RECIPE, parts, ALONE, interrupt)
    assert state_path(parts).exists() and not parts.exists()
    with pytest.raises(LazyDiTError, match="started with another target_ratio"):
        calibrate(model, replace(RECIPE, target_ratio=0.2), parts, ALONE)
    later = []
    calibrate(model, RECIPE, parts, ALONE, later.append)
    assert len(calls) + len(later) == len(told)
    assert parts.read_text() == whole.read_text()
    assert not state_path(parts).exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 1}, "1 steps leave nothing to reuse"),
        ({"images": 3}, "3 images are too few"),
        ({"rounds": -1}, "-1 rounds cannot be made"),
        ({"max_reuse": 0}, "max_reuse is 0"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"reference_steps": 4}, "4 reference steps are fewer"),
        ({"target_ratio": 0.45}, "at most 0.40"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, sentence):
    with pytest.raises(LazyDiTError, match=sentence):
        replace(RECIPE, **changes)
