"""lazydit-run against the Python runtime: the same image, decisions, trace file and sentences."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lazydit.errors import LazyDiTError
from lazydit_runtime import EveryN, FixedSchedule, Lazy, Pipeline, Result, write_traces
from lazydit_runtime.policies import Policy
from tests.conftest import SmallBundle, run_tool


@pytest.fixture(scope="module")
def pipeline(small_bundle: SmallBundle) -> Any:
    with Pipeline.load(small_bundle.directory) as opened:
        yield opened


def without_times(path: Path) -> Any:
    """The trace file, with the names of all timings but not their values."""
    content = json.loads(path.read_text())
    for image in content["images"]:
        image["timings"] = {name: np.shape(value) for name, value in image["timings"].items()}
        image["trace"]["module_ms"] = np.shape(image["trace"]["module_ms"])
    return content


CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "defaults": (["--steps", "6"], {"steps": 6}),
    "always": (["--policy", "always", "--steps=3"], {"policy": "always", "steps": 3}),
    "every-n": (["--policy", "every-n", "--steps", "5"], {"policy": "every-n", "steps": 5}),
    "schedule": (["--policy", "schedule", "--steps", "5"], {"policy": "schedule", "steps": 5}),
    "gates": (["--gates", "4-r50"], {"gates": "4-r50"}),
    "threshold": (
        ["--gates", "6-r50", "--threshold", "0.7,0.2"],
        {"gates": "6-r50", "thresholds": (0.7, 0.2)},
    ),
    "lazy ratio": (["--steps", "6", "--lazy-ratio", "0.35"], {"steps": 6, "lazy_ratio": 0.35}),
    "unguided": (["--steps", "6", "--guidance", "1"], {"steps": 6, "guidance": 1.0}),
    "guided": (["--steps", "6", "--guidance", "2.25"], {"steps": 6, "guidance": 2.25}),
}


RUN = [[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 0]]
"""A schedule of 5 steps, in which modules are reused up to three times in a row."""

POLICY_CASES: dict[str, tuple[list[str], Policy]] = {
    "every-n": (["--policy", "every-n", "--every", "3"], EveryN(3)),
    "every-n limited": (
        ["--policy", "every-n", "--every", "4", "--max-reuse", "1"],
        EveryN(4, max_reuse=1),
    ),
    "schedule": (["--policy", "schedule", "--schedule", "run.json"], FixedSchedule(RUN)),
    "schedule limited": (
        ["--policy", "schedule", "--schedule", "run.json", "--max-reuse", "2"],
        FixedSchedule(RUN, max_reuse=2),
    ),
    "schedule that extrapolates": (
        ["--policy", "schedule", "--schedule", "straight.json"],
        FixedSchedule(RUN, extrapolate=True),
    ),
    "every-n that extrapolates": (
        ["--policy", "every-n", "--extrapolate"],
        EveryN(2, extrapolate=True),
    ),
    "schedule that no longer extrapolates": (
        ["--policy", "schedule", "--schedule", "straight.json", "--hold"],
        FixedSchedule(RUN),
    ),
    "lazy that extrapolates": (
        ["--policy", "lazy", "--gates", "4-r50", "--max-reuse", "0", "--extrapolate"],
        Lazy("4-r50", max_reuse=None, extrapolate=True),
    ),
    "lazy without limit": (
        ["--policy", "lazy", "--gates", "4-r50", "--max-reuse", "0"],
        Lazy("4-r50", max_reuse=None),
    ),
}


def write_schedule(path: Path, **changes: Any) -> None:
    run = [[bool(run) for run in row] for row in RUN]
    path.write_text(json.dumps({"steps": 5, "modules": 4, "run": run} | changes))


@pytest.mark.parametrize("case", POLICY_CASES)
def test_options_of_a_policy_are_python_s(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_schedule(tmp_path / "run.json")
    write_schedule(tmp_path / "straight.json", extrapolate=True)
    options, policy = POLICY_CASES[case]
    steps = 4 if isinstance(policy, Lazy) else 5
    expected = pipeline.generate(1, seed=3, steps=steps, policy=policy)
    common = ["--bundle", pipeline.bundle.directory, "--label", 1, "--seed", 3, "--steps", steps]
    done = run_tool("lazydit-run", *common, *options, "--out", "x.f32", "--trace", "x.json")
    assert (done.code, done.stderr) == (0, "")
    (image,) = json.loads((tmp_path / "x.json").read_text())["images"]
    np.testing.assert_array_equal(image["trace"]["ran"], expected.trace.ran)
    latent = np.fromfile(tmp_path / "x.f32", "<f4").reshape(expected.latent.shape)
    np.testing.assert_array_equal(latent, expected.latent)


def test_a_trace_is_a_schedule_too(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = [pipeline.generate(label, seed=label, steps=6) for label in range(2)]
    write_traces(tmp_path / "trace.json", results)
    expected = np.concatenate([result.trace.ran for result in results], axis=1).any(axis=1)
    options = ["--policy", "schedule", "--schedule", "trace.json", "--trace", "replayed.json"]
    done = run_tool("lazydit-run", "--bundle", pipeline.bundle.directory, *options)
    assert (done.code, done.stderr) == (0, "")
    (image,) = json.loads((tmp_path / "replayed.json").read_text())["images"]
    np.testing.assert_array_equal(np.array(image["trace"]["ran"])[:, 0], expected)


NOT_A_SCHEDULE = {
    "no file": (None, "run.json cannot be read (No such file or directory): check the path"),
    "no JSON": ("[[true", "run.json is not JSON: give a schedule or a trace file"),
    "deep": ("[" * 100000, "run.json is not JSON: give a schedule or a trace file"),
    "neither": ("{}", "run.json is neither a schedule nor a trace"),
    "numbers": ('{"steps": 1, "modules": 2, "run": [[1, 0]]}', "not rows of true and false"),
    "ragged": ('{"steps": 2, "modules": 2, "run": [[true, true], [true]]}', "of one length"),
    "empty": ('{"steps": 0, "modules": 0, "run": []}', "not rows of true and false"),
    "sizes": ('{"steps": 2, "modules": 2, "run": [[true, true]]}', "speaks of other steps and"),
    "other model": ('{"steps": 6, "modules": 1, "run": [[true], [true], [true], [true], [true], '
                    '[true]]}', "the schedule is for 6 steps and 1 modules, not for 6 and 4"),
    "extrapolate": ('{"steps": 1, "modules": 1, "run": [[true]], "extrapolate": 1}',
                    "an extrapolate that is neither true nor false"),
    "no images": ('{"images": []}', "run.json is not a trace file"),
    "no trace": ('{"images": [{"trace": 3}]}', "run.json is not a trace file"),
    "uneven": ('{"images": [{"trace": {"ran": [[[true]], [[true, true]]]}}]}', "has not one step"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_A_SCHEDULE)
def test_file_that_is_no_schedule_is_refused(
    small_bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content, words = NOT_A_SCHEDULE[case]
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    options = ["--policy", "schedule", "--schedule", "run.json", "--steps", "6"]
    outcome = run_tool("lazydit-run", "--bundle", small_bundle.directory, *options)
    assert words in outcome.sentence


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [7, 2**64 - 1])
def test_image_and_trace_are_python_s(
    pipeline: Pipeline, tmp_path: Path, case: str, seed: int
) -> None:
    options, wanted = CASES[case]
    expected: Result = pipeline.generate(2, seed=seed, **wanted)
    expected.image.save(tmp_path / "python.png")
    write_traces(tmp_path / "python.json", [expected])
    common = ["--bundle", pipeline.bundle.directory, "--label", 2, "--seed", seed, *options]
    drawn = run_tool(
        "lazydit-run", *common, "--out", tmp_path / "cpp.png", "--trace", tmp_path / "cpp.json"
    )
    raw = run_tool("lazydit-run", *common, "--out", tmp_path / "cpp.f32")
    assert (drawn.code, drawn.stderr, raw.code, raw.stderr) == (0, "", 0, "")
    assert "wrote" in drawn.stdout and f"{100 * expected.lazy_ratio:.1f} % reused" in drawn.stdout
    images = [np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("python", "cpp")]
    np.testing.assert_array_equal(images[1], images[0])
    latent = np.fromfile(tmp_path / "cpp.f32", "<f4").reshape(expected.latent.shape)
    np.testing.assert_array_equal(latent, expected.latent)
    assert without_times(tmp_path / "cpp.json") == without_times(tmp_path / "python.json")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "5"], "label 5 is out of range: choose from 0 to 4"),
        (["--label", "-1"], "--label -1 is not a whole number from 0"),
        (["--seed", "x"], "--seed x is no seed"),
        (["--steps", "0"], "--steps 0 is not a whole number"),
        (["--steps", "1001"], "1001 steps are not possible: choose from 1 to 1000"),
        (["--steps", "7"], "this bundle has no gate set for 7 steps, only for 4, 6"),
        (["--policy", "sometimes"], "there is no policy sometimes: choose from always, lazy"),
        (["--policy", "always", "--gates", "6-r50"], "mean nothing to policy always"),
        (["--gates", "9-r10"], "this bundle has no gate set 9-r10: choose from 6-r50, 4-r50"),
        (["--gates", "6-r50", "--steps", "4"], "gate set 6-r50 is for 6 steps, not for 4"),
        (["--threshold", "0.5,0.4,0.3"], "is not one number or two"),
        (["--threshold", "1.5"], "a threshold is not from 0 to 1"),
        (["--every", "3"], "--every means nothing without --policy every-n"),
        (["--policy", "every-n", "--every", "0"], "--every 0 is not a whole number from 1"),
        (["--schedule", "run.json"], "--schedule means nothing without --policy schedule"),
        (["--policy", "always", "--max-reuse", "1"], "--max-reuse means nothing without"),
        (["--policy", "always", "--extrapolate"], "--extrapolate means nothing without"),
        (["--policy", "always", "--hold"], "--hold means nothing without"),
        (["--guidance", "nan"], "--guidance nan is not a number"),
        (["--threads", "0"], "--threads 0 is not a whole number from 1 to 1024"),
        (["--out", "image.jpg"], "image.jpg has another suffix"),
        (["--out", "/nowhere/image.png"], "cannot write /nowhere/image.png"),
        (["--out", "."], ". is a folder"),
        (["--trace", "trace.txt"], "trace.txt has another suffix"),
        (["--paint", "blue"], "there is no option --paint: run lazydit-run --help"),
        (["7"], "there is no option 7"),
        (["--label"], "--label has no value: give --label N"),
        (["--bundle", "nowhere"], "there is no bundle at nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    small_bundle: SmallBundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    # Of an option given twice the last value counts.
    outcome = run_tool("lazydit-run", "--bundle", small_bundle.directory, "--steps=6", *options)
    assert words in outcome.sentence
    assert list(tmp_path.iterdir()) == []


def test_help_shows_an_example() -> None:
    for tool in ("lazydit-run", "lazydit-bench"):
        outcome = run_tool(tool, "--help")
        assert outcome.code == 0
        assert f"Example: {tool} --bundle" in outcome.stdout


def test_bundle_of_another_engine_is_refused(small_bundle: SmallBundle, tmp_path: Path) -> None:
    manifest = json.loads((small_bundle.directory / "manifest.json").read_text())
    manifest |= {"target": "onnx", "formats": {"onnx_opset": 20}}
    for file in manifest["files"]:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes((small_bundle.directory / file).read_bytes())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    outcome = run_tool("lazydit-run", "--bundle", tmp_path, "--out", tmp_path / "image.png")
    assert "for target onnx and holds no ExecuTorch programs" in outcome.sentence


def test_bundle_of_an_unknown_target_is_refused_as_in_python(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    shutil.copytree(small_bundle.directory, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    (tmp_path / "bundle/manifest.json").write_text(json.dumps(manifest | {"target": "toaster"}))
    words = "this bundle is for target toaster, which this runtime does not know: update lazydit"
    with pytest.raises(LazyDiTError, match=words):
        Pipeline.load(tmp_path / "bundle")
    outcome = run_tool("lazydit-run", "--bundle", tmp_path / "bundle", "--out", tmp_path / "x.png")
    assert words in outcome.sentence


def test_program_whose_signature_is_another_is_refused(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    manifest = json.loads((small_bundle.directory / "manifest.json").read_text())
    manifest["programs"]["final"]["method"] = "reuse"
    for file in manifest["files"]:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes((small_bundle.directory / file).read_bytes())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    outcome = run_tool("lazydit-run", "--bundle", tmp_path, "--out", tmp_path / "image.png")
    assert "method reuse of programs.pte has not the signature" in outcome.sentence


def test_sizes_that_no_program_has_are_refused_before_memory_is_taken_for_them(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    shutil.copytree(small_bundle.directory, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    model, width, tokens, side = manifest["model"], 2**20, 2**20, 2**11
    larger = {32: width, 6 * 32: 6 * width, 2 * 32: 2 * width, 16: tokens, 8: side}
    for program in manifest["programs"].values():
        for tensor in program["inputs"] + program["outputs"]:
            tensor["shape"] = [larger.get(size, size) for size in tensor["shape"]]
    model |= {"width": width, "tokens": tokens, "latent_shape": [3, side, side]}
    manifest["gate_sets"] = manifest["lazy_ratios"] = []
    (tmp_path / "bundle/manifest.json").write_text(json.dumps(manifest))
    outcome = run_tool(
        "lazydit-run", "--bundle", tmp_path / "bundle", "--policy", "always",
        "--out", tmp_path / "image.png",
    )  # fmt: skip
    assert "has not the signature that the manifest gives" in outcome.sentence


def test_weight_cache_is_the_one_that_python_wrote(
    small_bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "weights"
    monkeypatch.setenv("LAZYDIT_WEIGHT_CACHE", str(cache))
    Pipeline.load(small_bundle.directory).close()
    before = [(path.name, path.stat().st_ino) for path in cache.iterdir()]
    outcome = run_tool(
        "lazydit-run", "--bundle", small_bundle.directory, "--steps", 6, "--weight-cache", cache,
        "--out", tmp_path / "image.png",
    )  # fmt: skip
    assert outcome.code == 0
    assert [(path.name, path.stat().st_ino) for path in cache.iterdir()] == before
