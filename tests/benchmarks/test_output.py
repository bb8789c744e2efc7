"""What is printed, and when no winner is."""

import json

import pytest

from contestants import Contestant
from measurement import Timed
from output import busy_machine, print_run
from protocol import BUNDLE, LIMIT, Case, EngineSpec, ImageTimes
from rows import Rounds, rows_of

FACTS = {"processor": "P", "cpus": 2, "model": "m", "guidance": 3.0, "rounds": 5}
ALWAYS, LAZY = Case("always", 10), Case("lazy", 10, "10-r50")


@pytest.fixture
def printed(capsys, timed):
    """Prints a run of `always` at 100 ms and of `lazy` as given; products as given."""

    def run(lazy_ms, products_ms=(5.0,) * 5, output="md") -> str:
        ours = Contestant(EngineSpec(kind=BUNDLE, name="executorch", threads=2))
        products = Contestant(EngineSpec(kind=LIMIT, name="products", threads=2), flops={"attn": 1})
        entries = [timed(ALWAYS, [100.0] * len(lazy_ms), ours), timed(LAZY, lazy_ms, ours)]
        images = [ImageTimes(ms, [], kind_ms={"attn": ms}) for ms in products_ms]
        limit = Timed(products, Case("limit", 1), images)
        rounds = Rounds(entries, {2: limit}, depth=2)
        print_run(output, FACTS, rows_of(rounds), busy_machine(rounds), None)
        return capsys.readouterr().out

    return run


def test_a_ratio_that_the_rounds_decide_is_printed(printed) -> None:
    out = printed([60.0, 61.0, 62.0, 60.0, 61.0])
    assert " 0.61 |" in out
    assert "no conclusion" not in out


def test_quartiles_stand_in_for_a_ratio_that_they_do_not_decide(printed) -> None:
    out = printed([60.0, 80.0, 100.0, 120.0, 140.0])
    assert " 0.80 to 1.20 |" in out
    assert " 1.0 |" not in out
    assert "no conclusion in 1 of 1 comparisons" in out


def test_a_busy_machine_is_told_by_products_that_never_change(printed) -> None:
    steady = [60.0] * 5
    assert "busy" not in printed(steady, [5.0, 5.1, 5.0, 5.2, 5.0])
    assert "vary by 40%" in printed(steady, [4.0, 5.0, 6.0, 3.0, 7.0])


def test_few_rounds_are_said_to_be_few(printed) -> None:
    assert "fewer than 5 rounds" in printed([60.0] * 4, [5.0] * 4)


def test_json_lines_stand_alone_and_hold_every_column(printed) -> None:
    lines = [json.loads(line) for line in printed([60.0] * 5, output="jsonl").splitlines()]
    assert [line["policy"] for line in lines] == ["always", "lazy 10-r50"]
    assert all(line["processor"] == "P" for line in lines)
    assert lines[1]["vs_always_verdict"] == "faster"
    whole = json.loads(printed([60.0] * 5, output="json"))
    assert whole["rows"] == [
        {name: value for name, value in line.items() if name not in FACTS} for line in lines
    ]
