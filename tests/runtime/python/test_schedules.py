"""Masks of policy `schedule` that come from files, and the trace files that they may come from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, FixedSchedule, Pipeline, read_schedule, write_traces


@pytest.fixture
def pipeline(toy: Any, toy_bundle: Any) -> Pipeline:
    return Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_mask_is_read(tmp_path: Path) -> None:
    run = [[True, True], [False, True], [True, False]]
    path = write(tmp_path / "mask.json", {"steps": 3, "modules": 2, "run": run})
    assert read_schedule(path) == FixedSchedule(run, extrapolate=False)


@pytest.mark.parametrize("extrapolate", [True, False])
def test_mask_may_say_that_what_is_reused_is_extrapolated(
    tmp_path: Path, extrapolate: bool
) -> None:
    content = {"steps": 1, "modules": 2, "run": [[True, True]], "extrapolate": extrapolate}
    schedule = read_schedule(write(tmp_path / "mask.json", content))
    assert schedule == FixedSchedule([[True, True]], extrapolate=extrapolate)


def test_trace_that_extrapolated_is_repeated_so(pipeline: Pipeline, tmp_path: Path) -> None:
    policy = FixedSchedule([[True] * 4, [False] * 4, [True] * 4, [False] * 4], extrapolate=True)
    result = pipeline.generate(0, policy=policy)
    write_traces(tmp_path / "trace.json", [result])
    replayed = pipeline.generate(0, policy=read_schedule(tmp_path / "trace.json"))
    np.testing.assert_array_equal(replayed.latent, result.latent)


def test_trace_that_does_not_tell_held_what_it_reused(pipeline: Pipeline, tmp_path: Path) -> None:
    write_traces(tmp_path / "trace.json", [pipeline.generate(0, policy="every-n")])
    content = json.loads((tmp_path / "trace.json").read_text())
    del content["images"][0]["trace"]["extrapolated"]
    assert read_schedule(write(tmp_path / "older.json", content)).extrapolate is False


def test_module_of_a_trace_runs_iff_it_ran_for_any_sample_of_any_image(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    results = [pipeline.generate(label, seed=label, steps=6, max_reuse=None) for label in range(3)]
    write_traces(tmp_path / "trace.json", results)
    schedule = read_schedule(tmp_path / "trace.json")
    expected = np.concatenate([result.trace.ran for result in results], axis=1).any(axis=1)
    assert schedule == FixedSchedule(expected.tolist(), extrapolate=False)
    assert not expected.all()
    replayed = pipeline.generate(0, seed=5, policy=schedule)
    np.testing.assert_array_equal(replayed.trace.ran[:, 0], expected)


def test_trace_survives_its_file(pipeline: Pipeline, tmp_path: Path) -> None:
    result = pipeline.generate(1, seed=4, steps=6)
    write_traces(tmp_path / "trace.json", [result])
    image = json.loads((tmp_path / "trace.json").read_text())["images"][0]
    assert (image["label"], image["seed"], image["gates"]) == (1, 4, "6-r30")
    trace, kept = result.trace, image["trace"]
    assert (tuple(kept["timesteps"]), tuple(kept["modules"])) == (trace.timesteps, trace.modules)
    # No gate decides at the first step: NaN, which JSON does not know, became null.
    np.testing.assert_array_equal(np.array(kept["scores"], dtype=np.float32), trace.scores)
    np.testing.assert_array_equal(kept["ran"], trace.ran)
    np.testing.assert_array_equal(kept["extrapolated"], trace.extrapolated)
    np.testing.assert_array_equal(kept["module_ms"], trace.module_ms)


def test_trace_file_that_cannot_be_written_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(LazyDiTError, match="cannot write"):
        write_traces(tmp_path / "nowhere" / "trace.json", [pipeline.generate(0)])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([[True]], "neither a schedule nor a trace"),
        ({"steps": 1, "modules": 2}, "neither a schedule nor a trace"),
        ({"steps": 2, "modules": 2, "run": [[True, True]]}, "2 steps and 2 modules"),
        ({"steps": 1, "modules": 2, "run": [[1, 0]]}, "true and false"),
        ({"steps": 2, "modules": 2, "run": [[True, True], [True]]}, "one length"),
        (
            {"steps": 1, "modules": 2, "run": [[True, True]], "extrapolate": 1},
            "extrapolate that is neither true nor false",
        ),
        ({"steps": 0, "modules": 0, "run": []}, "true and false"),
        ({"images": []}, "throughout"),
        ({"images": [{"trace": {}}]}, "not a trace file"),
        ({"images": 3}, "not a trace file"),
        (
            {
                "images": [
                    {"trace": {"ran": [[[True, True]]]}},
                    {"trace": {"ran": [[[True, True]]] * 2}},
                ]
            },
            "one step count",
        ),
    ],
)
def test_unusable_file_says_what_is_wrong(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(LazyDiTError) as caught:
        read_schedule(write(tmp_path / "mask.json", content))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LazyDiTError, match="cannot be read"):
        read_schedule(tmp_path / "nowhere.json")
