"""lazydit-bench: its JSON has the fields of benchmarks/latency.py."""

import json
from pathlib import Path

import pytest

import latency
from lazydit_runtime import Pipeline
from measurement import Case, Samples, run_case, summarize
from tests.conftest import SmallBundle, run_tool


def test_rows_have_the_fields_of_the_latency_table(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    outcome = run_tool(
        "lazydit-bench", "--bundle", small_bundle.directory, "--steps", "6,4", "--rounds", 3,
        "--threads", 1, "--weight-cache", tmp_path / "weights",
    )  # fmt: skip
    assert (outcome.code, outcome.stderr) == (0, "")
    found = json.loads(outcome.stdout)
    samples = Samples()
    with Pipeline.load(small_bundle.directory) as pipeline:
        lazy = run_case(pipeline, Case("lazy", 6, "6-r50"), 0, 0)
        samples.add(lazy)
    expected = latency.row(summarize(Case("lazy", 6, "6-r50"), samples, {2: 1.0, 3: 2.0}))
    assert [(row["policy"], row["steps"]) for row in found["rows"]] == [
        ("always", 6), ("lazy 6-r50", 6), ("every-n", 6), ("always", 3),
        ("always", 4), ("lazy 4-r50", 4), ("every-n", 4), ("always", 2),
    ]  # fmt: skip
    for row in found["rows"]:
        assert set(row) == set(expected)
        assert row["image_ms"] > 0 and row["ddim_steps"] is not None
    assert found["rows"][0]["lazy_ratio"] == 0
    assert found["rows"][2]["lazy_ratio"] == pytest.approx(0.5)
    assert (found["model"], found["threads"], found["rounds"]) == ("small", 1, 3)
    assert found["load_cold_ms"] > 0 and found["load_warm_ms"] > 0
    assert found["peak_memory_bytes"] > 1 << 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", "4,x"], "--steps x is not a whole number"),
        (["--policies", "lazy,never"], "there is no policy never"),
        (["--rounds", "0"], "--rounds 0 is not a whole number from 1"),
        (["--steps", "4,2000"], "2000 steps are not possible"),
    ],
)
def test_bad_input_is_one_sentence(
    small_bundle: SmallBundle, options: list[str], words: str
) -> None:
    outcome = run_tool("lazydit-bench", "--bundle", small_bundle.directory, *options)
    assert words in outcome.sentence
    assert outcome.stdout == ""
