"""lazydit-bench: its JSON has the fields of benchmarks/latency.py."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from cases import Case
from measurement import Timed, kinds, times
from tests.conftest import SmallBundle, run_tool

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
