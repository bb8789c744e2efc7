"""`lazydit generate` as it is typed."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lazydit_runtime import Bundle, Pipeline
from lazydit_runtime.commands.generate import generate


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_grid_of_labels_seeds_and_policies_is_written(run_cli: Any, toy_bundle: Any) -> None:
    outcome = run_cli(
        *("generate", toy_bundle.directory, "--executor", "toy", "--label", "0-2", "--seed", "0,5"),
        *("--policy", "always", "--policy", "lazy", "--policy", "every-n", "--policy", "schedule"),
        *("--out", "grid.png", "--trace", "trace.json"),
    )
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "wrote grid.png and trace.json" in outcome.stdout
    with Image.open("grid.png") as grid:
        assert grid.width > 3 * 96 and grid.height > 8 * 96
    images = json.loads(Path("trace.json").read_text())["images"]
    found = [(image["policy"], image["seed"], image["label"]) for image in images]
    policies = ("always", "lazy", "every-n", "schedule")
    assert found == [(p, seed, label) for p in policies for seed in (0, 5) for label in range(3)]


def test_images_are_those_of_the_pipeline(run_cli: Any, toy_bundle: Any, toy: Any) -> None:
    outcome = run_cli(
        *("generate", toy_bundle.directory, "--executor", "toy", "--label", "3", "--seed", "7"),
        *("--gates", "6-r30", "--threshold", "0.52,0.4", "--max-reuse", "2", "--guidance", "1"),
        *("-o", "one.png", "--trace", "one.json"),
    )
    assert outcome.code == 0
    pipeline = Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())
    expected = pipeline.generate(
        3, 7, guidance=1.0, gates="6-r30", thresholds=(0.52, 0.4), max_reuse=2
    )
    (image,) = json.loads(Path("one.json").read_text())["images"]
    assert image["trace"]["ran"] == expected.trace.ran.tolist()
    with Image.open("one.png") as grid:
        cell = grid.crop((grid.width - 100, grid.height - 100, grid.width - 4, grid.height - 4))
    np.testing.assert_array_equal(np.asarray(cell)[12::24, 12::24], np.asarray(expected.image))


def test_schedule_repeats_the_decisions_of_a_trace(run_cli: Any, toy_bundle: Any) -> None:
    common = ("generate", toy_bundle.directory, "--executor", "toy", "--label", "1")
    assert run_cli(*common, "--guidance", "1", "--trace", "lazy.json").code == 0
    outcome = run_cli(
        *(*common, "--guidance", "1", "--policy", "schedule", "--schedule", "lazy.json"),
        *("--trace", "again.json"),
    )
    assert outcome.code == 0
    lazy, again = (
        json.loads(Path(name).read_text())["images"][0] for name in ("lazy.json", "again.json")
    )
    assert not np.all(lazy["trace"]["ran"])
    assert again["trace"]["ran"] == lazy["trace"]["ran"]


@pytest.mark.parametrize(("limit", "reused"), [("0", 5), ("2", 4), ("1", 3)])
def test_max_reuse_limits_the_reuses_in_a_row(
    run_cli: Any, toy_bundle: Any, limit: str, reused: int
) -> None:
    common = ("generate", toy_bundle.directory, "--executor", "toy", "--label", "1")
    options = ("--gates", "6-r30", "--threshold", "1", "--max-reuse", limit)
    assert run_cli(*common, *options, "--trace", "t.json").code == 0
    (image,) = json.loads(Path("t.json").read_text())["images"]
    assert image["lazy_ratio"] == pytest.approx(reused / 6)


@pytest.mark.parametrize(("option", "extrapolated"), [("--extrapolate", True), ("--hold", False)])
def test_reused_outputs_are_extrapolated_or_held_as_told(
    run_cli: Any, toy_bundle: Any, option: str, extrapolated: bool
) -> None:
    common = ("generate", toy_bundle.directory, "--executor", "toy", "--label", "1")
    assert run_cli(*common, "--policy", "every-n", option, "--trace", "t.json").code == 0
    (image,) = json.loads(Path("t.json").read_text())["images"]
    assert np.any(image["trace"]["extrapolated"]) == extrapolated


def test_example_in_the_help_works_as_printed(
    run_cli: Any, wide_bundle: Any, tmp_path: Path
) -> None:
    wide_bundle.directory.rename(tmp_path / "lazydit-android")
    shown = run_cli("generate", "--help").stdout
    lines = (generate.__doc__ or "").splitlines()
    example = next(line.partition("Example:")[2] for line in lines if "Example:" in line)
    assert "".join(example.split()) in "".join(shown.replace("│", "").split())
    _, *arguments = shlex.split(example)
    assert run_cli(*arguments).code == 0
    assert (tmp_path / "lazydit.png").is_file()


def test_missing_bundle_says_to_export_first(run_cli: Any) -> None:
    outcome = run_cli("generate")
    assert outcome.is_use_error("lazydit-android", "run lazydit-export")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label", "5"], "label 5 is out of range"),
        (["--label", "six"], "--label"),
        (["--seed", "-3"], "--seed"),
        (["--steps", "7"], "no gate set for 7 steps"),
        (["--steps", "0"], "0 steps"),
        (["--gates", "4-r50", "--steps", "6"], "for 4 steps"),
        (["--gates", "10-r30"], "no gate set 10-r30"),
        (["--policy", "always", "--gates", "4-r50"], "--gates"),
        (["--threshold", "half"], "--threshold"),
        (["--threshold", "0.1,0.2,0.3"], "--threshold"),
        (["--threshold", "nan"], "threshold"),
        (["--policy", "sometimes"], "no policy sometimes"),
        (["--policy", "every-n", "--every", "0"], "n = 0"),
        (["--every", "2"], "--every"),
        (["--policy", "always", "--max-reuse", "1"], "--max-reuse"),
        (["--policy", "always", "--extrapolate"], "--extrapolate"),
        (["--policy", "always", "--lazy-ratio", "0.3"], "--lazy-ratio"),
        (["--lazy-ratio", "0.3"], "no calibration of lazy ratios: export it again"),
        (["--lazy-ratio", "0.3", "--gates", "4-r50"], "leave these out"),
        (["--schedule", "mask.json"], "--schedule"),
        (["--policy", "schedule", "--schedule", "mask.json"], "mask.json"),
        (["--executor", "steam"], "no executor steam"),
        (["--out", "no-such-folder/grid.png"], "no-such-folder"),
        (["--out", "."], "folder"),
        (["--out", "/proc/grid.png"], "/proc/grid.png"),
        (["--out", "grid.jpg"], "name it grid.png"),
        (["--trace", "lazydit.png"], "name it lazydit.json"),
        (["--guidance", "1e300"], "closer to 1"),
        (["--trace", "no-such-folder/trace.json"], "no-such-folder"),
        (["--guidance", "inf"], "guidance"),
    ],
)
def test_bad_input_gets_one_sentence_and_no_output(
    run_cli: Any, toy_bundle: Any, tmp_path: Path, arguments: list[str], words: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    outcome = run_cli("generate", toy_bundle.directory, "--executor", "toy", *arguments)
    assert outcome.is_use_error(words)
    assert sorted(tmp_path.rglob("*")) == before


def test_damaged_bundle_gets_one_sentence(run_cli: Any, toy_bundle: Any, tmp_path: Path) -> None:
    (toy_bundle.directory / "programs.bin").write_bytes(b"short")
    outcome = run_cli("generate", toy_bundle.directory, "--executor", "toy")
    assert outcome.is_use_error("programs.bin", "truncated")
    assert not (tmp_path / "lazydit.png").exists()


def test_latent_model_without_decode_is_refused_before_it_runs(
    run_cli: Any, toy_bundle: Any
) -> None:
    manifest = toy_bundle.manifest()
    manifest["model"]["image"] = None
    toy_bundle.write_manifest(manifest)
    outcome = run_cli("generate", toy_bundle.directory, "--executor", "toy")
    assert outcome.is_use_error("decode")
    assert "generating" not in outcome.stdout


def test_full_disk_leaves_the_old_picture(
    run_cli: Any, toy_bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grid.png").write_bytes(b"the old picture")

    def save(self: Image.Image, path: Path, **_: Any) -> None:
        path.write_bytes(b"half of a pict")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    before = sorted(tmp_path.rglob("*"))
    outcome = run_cli("generate", toy_bundle.directory, "--executor", "toy", "--out", "grid.png")
    assert outcome.is_use_error("grid.png", "No space left on device")
    assert (tmp_path / "grid.png").read_bytes() == b"the old picture"
    assert sorted(tmp_path.rglob("*")) == before


def test_ctrl_c_leaves_no_output(
    run_cli: Any, toy_bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any
) -> None:
    def interrupted(self: Any, program: str, inputs: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(toy.Executor, "compute", interrupted)
    outcome = run_cli("generate", toy_bundle.directory, "--executor", "toy")
    assert outcome.code == 130
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / "lazydit.png").exists()
