"""The rows of the table and what they are compared with."""

import pytest

from contestants import Contestant
from protocol import BUNDLE, Case, EngineSpec
from rows import Rounds, rows_of

ALWAYS = Case("always", 10)
HALF = Case("always", 5)
LAZY = Case("lazy", 10, "10-r50")


def contestant(kind: str, precision: str = "fp32", threads: int = 2) -> Contestant:
    return Contestant(EngineSpec(kind=kind, name=kind, precision=precision, threads=threads))


def ratios(rounds: Rounds, name: str) -> list[float | None]:
    return [row[name] for row in rows_of(rounds)]


def test_policies_peers_and_other_precisions_each_have_their_baseline(timed) -> None:
    ours, int8 = contestant(BUNDLE), contestant(BUNDLE, "int8")
    peer = contestant("onnxruntime-whole")
    entries = [
        timed(ALWAYS, [100.0] * 5, ours),
        timed(LAZY, [60.0] * 5, ours),
        timed(ALWAYS, [40.0] * 5, int8),
        timed(LAZY, [30.0] * 5, int8),
        timed(ALWAYS, [200.0] * 5, peer),
    ]
    rounds = Rounds(entries, {}, depth=2)
    assert ratios(rounds, "vs_always") == [None, 0.6, 0.4, 0.75, 2.0]
    assert ratios(rounds, "vs_onnx") == [0.5, 0.3, 0.2, 0.15, None]


def test_a_peer_is_held_against_as_many_threads(timed) -> None:
    one, two = contestant(BUNDLE, threads=1), contestant(BUNDLE, threads=2)
    peer = contestant("torch", threads=2)
    entries = [
        timed(ALWAYS, [100.0] * 5, one),
        timed(ALWAYS, [50.0] * 5, two),
        timed(ALWAYS, [75.0] * 5, peer),
    ]
    assert ratios(Rounds(entries, {}, depth=2), "vs_always") == [None, 0.5, 1.5]


def test_ddim_of_equal_latency_is_read_off_the_same_engine(timed) -> None:
    ours, peer = contestant(BUNDLE), contestant("torch")
    entries = [
        timed(HALF, [55.0] * 5, ours),
        timed(ALWAYS, [105.0] * 5, ours),
        timed(LAZY, [75.0] * 5, ours),
        timed(ALWAYS, [300.0] * 5, peer),
    ]
    assert ratios(Rounds(entries, {}, depth=2), "ddim_steps") == [
        pytest.approx(5),
        pytest.approx(10),
        pytest.approx(7),
        None,
    ]


def test_ddim_of_equal_latency_is_left_out_far_from_what_was_timed(timed) -> None:
    ours = contestant(BUNDLE)
    entries = [
        timed(HALF, [99.0] * 5, ours),
        timed(ALWAYS, [100.0] * 5, ours),
        timed(LAZY, [60.0] * 5, ours),
    ]
    assert ratios(Rounds(entries, {}, depth=2), "ddim_steps")[2] is None


def test_a_failed_engine_says_why_in_rows_of_the_same_columns(timed) -> None:
    ours, peer = contestant(BUNDLE), contestant("onnxruntime-whole")
    peer.fail("no room")
    entries = [timed(ALWAYS, [100.0] * 5, ours), timed(ALWAYS, [50.0], peer)]
    rows = rows_of(Rounds(entries, {}, depth=2))
    assert rows[0].keys() == rows[1].keys()
    assert [row["failed"] for row in rows] == [None, "no room"]
    assert rows[1]["image_ms"] is None
    assert rows[0]["vs_onnx"] is None
