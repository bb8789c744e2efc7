"""The command as people run it."""

import json
from pathlib import Path

import numpy as np
import pytest

import quality
from evaluation.arguments import parse_arguments
from lazydit.checkpoints import save_checkpoint
from lazydit.gates import save_gates
from lazydit.quality import QualityRun
from tests.conftest import random_dit, random_gates, run_with_two_processes

SCRIPT = Path(quality.__file__)
QUICK = ("--steps", "4", "--images", "22", "--batch", "6", "--reference-steps", "8")


@pytest.fixture
def outcome(capsys):
    """Runs the command in this process: its exit status, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = quality.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """A small random model and gates for 4 steps."""
    folder, dit = tmp_path_factory.mktemp("model"), random_dit()
    save_checkpoint(dit, folder / "dit.safetensors")
    save_gates([random_gates(dit.config, 4)], folder / "gates.safetensors")
    return "--model", folder / "dit.safetensors", "--gates", folder / "gates.safetensors"


def test_a_whole_run_of_a_bundle(small_bundle, outcome, tmp_path: Path) -> None:
    code, out, _ = outcome(
        *("--bundle", small_bundle.directory, "--model", small_bundle.checkpoint, *QUICK),
        *("--rounds", "1", "--threads", "1", "--work", tmp_path / "work", "-o", "json"),
        *("--plot", f"{tmp_path}/plot.svg,{tmp_path}/plot.png", "--npz", tmp_path / "npz"),
    )
    assert code == 0
    run = QualityRun.from_json(json.loads(out), tmp_path)
    names = [policy.name for policy in run.policies if policy.policy != "always"]
    assert names[:3] == ["lazy 4-r50, extrapolated", "every 2", "every 2, extrapolated"]
    assert run.engine == "executorch" and run.images == 22
    for policy in run.policies:
        assert policy.error.low < policy.error.value < policy.error.high
        assert policy.image_ms.median > 0 and policy.multiply_adds > 0
    assert run.doubts == ("times of fewer than 5 rounds say little: raise --rounds",)
    assert (tmp_path / "plot.svg").stat().st_size and (tmp_path / "plot.png").stat().st_size
    with np.load(tmp_path / "npz" / "lazy-4-r50-extrapolated-4-steps.npz") as arrays:
        assert arrays["arr_0"].shape == (22, 8, 8, 3)


def test_two_processes_find_what_one_finds(model, outcome, tmp_path: Path) -> None:
    arguments = [*model, *QUICK, "--rounds", "0", "--device", "cpu", "-o", "json"]
    code, alone, _ = outcome(*arguments, "--work", tmp_path / "alone")
    assert code == 0
    shared = run_with_two_processes(SCRIPT, *arguments, "--work", tmp_path / "shared")
    ours, theirs = (QualityRun.from_json(json.loads(text), tmp_path) for text in (alone, shared))
    assert [policy.name for policy in ours.policies] == [policy.name for policy in theirs.policies]
    for policy, other in zip(ours.policies, theirs.policies, strict=True):
        assert policy.error.value == pytest.approx(other.error.value, rel=1e-3)
        assert policy.lazy_ratio == other.lazy_ratio


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--images", "19"], "19 images are too few for a confidence interval"),
        (["--policies", "luck"], "there is no luck, choose from lazy"),
        (["--guidance", "nan"], "nan is not a number"),
        (["--seed", "-1"], "-1 is not a whole number from 0"),
        (["--rounds", "some"], "some is not a whole number"),
        (["--plot", "plot.jpg"], "does not end in .svg: name it plot.svg"),
        (["--features", "inception"], "--features inception is not module:function"),
        (["--decoder", "nowhere:make"], "--decoder nowhere:make cannot be imported"),
        (["--real", "digits"], "name a feature network with --features"),
        (["--schedule", "nothing.json"], "nothing.json cannot be read"),
        (["--skipped", "0.9"], "ratio 0.9 cannot be reached in 4 steps"),
        (["--bundle", "nowhere"], "leave --gates out"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    model, outcome, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    work = tmp_path / "work"
    code, out, err = outcome(*model, *QUICK, "--rounds", "0", "--work", work, *arguments)
    assert code == 2 and out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ") and sentence in line
    assert not work.exists()


def test_schedules_of_one_name_cannot_be_told_apart(model, outcome, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        mask = {"steps": 2, "modules": 4, "run": [[True] * 4, [folder == "a"] * 4]}
        (tmp_path / folder / "mask.json").write_text(json.dumps(mask))
    files = f"{tmp_path}/a/mask.json,{tmp_path}/b/mask.json"
    code, _, err = outcome(*model, *QUICK, "--schedule", files, "--work", tmp_path / "work")
    assert code == 2 and "two policies of 2 steps are called mask: rename a schedule's file" in err


def test_a_bundle_that_cannot_extrapolate_says_so(
    small_bundle, outcome, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("evaluation.bundle_runner.BundleRunner.extrapolates", False)
    code, _, err = outcome(
        *("--bundle", small_bundle.directory, *QUICK, "--extrapolate", "yes"),
        *("--work", tmp_path / "work"),
    )
    assert code == 2 and "no program to extrapolate with: export it again" in err


def test_a_model_of_latents_needs_a_decoder_for_features(outcome, tmp_path) -> None:
    save_checkpoint(random_dit(in_channels=4), tmp_path / "latents.safetensors")
    arguments = ("--model", tmp_path / "latents.safetensors", *QUICK, "--work", tmp_path / "work")
    code, _, err = outcome(*arguments, "--features", "digits")
    assert code == 2 and "this model draws latents: name the decoder" in err


def test_interrupted_it_says_where_it_goes_on(model, outcome, monkeypatch, tmp_path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    work = tmp_path / "work"
    monkeypatch.setattr("evaluation.torch_runner.TorchRunner.draw", interrupt)
    code, _, err = outcome(*model, *QUICK, "--rounds", "0", "--work", work)
    assert code == 130
    assert err.splitlines()[-1] == f"interrupted: the same command goes on from {work}"


def test_the_defaults_cover_every_policy() -> None:
    arguments = parse_arguments([], None)
    assert arguments.policies == ["lazy", "every-n", "skip"]
    assert (arguments.images, arguments.reference_steps, arguments.guidance) == (300, 100, 3.0)
