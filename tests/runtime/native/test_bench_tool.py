"""lazydit-bench: its JSON has the fields of benchmarks/latency.py."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cases import Case
from lazydit_runtime import Pipeline
from measurement import Timed, kinds, times
from protocol import ImageTimes
from runtime_engine import image_times, policy_of
from tests.conftest import TOOLS, SmallBundle, run_tool

KINDS = ("condition", "embed", "attn", "mlp", "block", "reuse", "final", "decode", "scheduler")


def test_rows_have_the_fields_of_the_latency_table(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    outcome = run_tool(
        "lazydit-bench", "--bundle", small_bundle.directory, "--steps", "6,4", "--rounds", 3,
        "--threads", 1, "--weight-cache", tmp_path / "weights",
    )  # fmt: skip
    assert (outcome.code, outcome.stderr) == (0, "")
    found = json.loads(outcome.stdout)
    assert [(row["policy"], row["steps"]) for row in found["rows"]] == [
        ("always", 6), ("lazy 6-r50", 6), ("every-n", 6), ("always", 3),
        ("always", 4), ("lazy 4-r50", 4), ("every-n", 4), ("always", 2),
    ]  # fmt: skip
    for row in found["rows"]:
        assert set(row) == {"policy", "steps", "lazy_ratio", "ddim_steps", *latency_columns()}
        assert row["image_ms"] > 0 and row["ddim_steps"] is not None
        assert row["step_ms"] > 0 and row["first_step_ms"] > 0
    assert found["rows"][0]["lazy_ratio"] == 0
    assert found["rows"][2]["lazy_ratio"] == pytest.approx(0.5)
    assert (found["model"], found["threads"], found["rounds"]) == ("small", 1, 3)
    assert found["load_cold_ms"] > 0 and found["load_warm_ms"] > 0
    assert found["peak_memory_bytes"] > 1 << 20


def latency_columns() -> set[str]:
    """The columns of times of the latency table, as its own functions name them."""
    image = SimpleNamespace(
        lazy_ratio=0.0, step_ms=[1.0, 1.0], image_ms=2.0, kind_ms=dict.fromkeys(KINDS, 0.1)
    )
    contestant = SimpleNamespace(load_cold_ms=1.0, load_warm_ms=1.0)
    timed = Timed(contestant, Case("always", 2), [image])
    of_the_process = {"load_cold_ms", "load_warm_ms", "scheduler_share"}
    return {*times(timed), *kinds(timed)} - of_the_process


def test_serves_the_latency_benchmark_as_the_runtime_does(small_bundle: SmallBundle) -> None:
    """Decisions are those of the Python runtime: the share of reuses says so case by case."""
    cases = [Case("always", 3), Case("lazy", 6, "6-r50"), Case("lazy", 4, "4-r50")]
    schedule = [[True] * 4, [False, True, False, True], [True] * 4]
    questions: list[dict[str, Any]] = [{"do": "load", "cold": True}]
    questions += [{"do": "image", "case": asdict(c), "label": 1, "seed": 5} for c in cases]
    masked = {**asdict(Case("schedule", 3)), "schedule": schedule}
    questions += [{"do": "image", "case": masked, "label": 1, "seed": 5}, {"do": "memory"}]
    loaded, *images, memory = answers_to(small_bundle, questions)
    assert loaded["load_ms"] > 0 and memory["peak_bytes"] > 0
    with Pipeline.load(small_bundle.directory) as pipeline:
        wanted = [
            pipeline.generate(1, seed=5, steps=case.steps, policy=policy_of(case, modules=4))
            for case in cases
        ]
    ratios = [image["lazy_ratio"] for image in images]
    assert ratios == pytest.approx([*(result.lazy_ratio for result in wanted), 2 / 12])
    for image, steps in zip(images, (3, 6, 4, 3), strict=True):
        times = ImageTimes(**image)
        assert len(times.step_ms) == steps and set(times.kind_ms) == set(KINDS)
        assert sum(times.step_ms) <= times.image_ms
    for image, result in zip(images, wanted, strict=False):
        assert image["runs"] == image_times(result, ["attn", "mlp"] * 2).runs
    assert images[-1]["runs"] == {"attn": 8, "mlp": 12}


def test_a_question_that_fails_is_answered_and_the_next_too(small_bundle: SmallBundle) -> None:
    drawn = {"do": "image", "case": asdict(Case("always", 3)), "label": 0, "seed": 0}
    unknown = {**drawn, "case": asdict(Case("lazy", 3, "none"))}
    load = {"do": "load", "cold": False}
    asked = [drawn, {"do": "dance"}, load, unknown, {**drawn, "label": 99}, {"do": 7}, drawn]
    first, dance, loaded, gates, label, seven, last = answers_to(small_bundle, asked)
    assert "there is nothing loaded" in first["failed"]
    assert "there is no question dance" in dance["failed"] and "load_ms" in loaded
    assert "none" in gates["failed"] and "label" in label["failed"]
    assert "a question is not of this version" in seven["failed"]
    assert "image_ms" in last


def answers_to(bundle: SmallBundle, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What lazydit-bench --serve answers, after its answer to the line about the engine."""
    command = [TOOLS / "lazydit-bench", "--bundle", bundle.directory, "--threads", "1", "--serve"]
    asked = "".join(json.dumps(question) + "\n" for question in [{}, *questions])
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    begun, *answers = map(json.loads, done.stdout.splitlines())
    assert begun == {}
    return answers


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", "4,x"], "--steps x is not a whole number"),
        (["--policies", "lazy,never"], "there is no policy never"),
        (["--rounds", "0"], "--rounds 0 is not a whole number from 1"),
        (["--steps", "4,2000"], "2000 steps are not possible"),
        (["--serve=1"], "--serve=1 takes no value: give --serve"),
    ],
)
def test_bad_input_is_one_sentence(
    small_bundle: SmallBundle, options: list[str], words: str
) -> None:
    outcome = run_tool("lazydit-bench", "--bundle", small_bundle.directory, *options)
    assert words in outcome.sentence
    assert outcome.stdout == ""
