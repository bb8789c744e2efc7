"""The Swift package as an engine: lazydit-bench-apple beside lazydit-bench, on the same bundle."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import latency
from apple.swift import BUILT, find_tool
from tests.conftest import TOOLS as NATIVE_TOOLS
from tests.conftest import SmallBundle, ToolOutcome, run_tool

pytestmark = pytest.mark.skipif(not BUILT.is_file(), reason="make bench-apple has not built it")

LIBRARY = NATIVE_TOOLS / "runtime" / "native" / "liblazydit_native.so"
NATIVE = ("--executor", "native", "--library", LIBRARY)


def command(*arguments: object) -> list[str]:
    return [str(find_tool(None)), *map(str, arguments)]


def run_swift(*arguments: object) -> ToolOutcome:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300)
    return ToolOutcome(done.returncode, done.stdout, done.stderr)


def takes_interrupts(pid: int) -> bool:
    """Whether the tool has come so far as to take ctrl-C as a request; before, it ends at once."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (mask,) = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(mask, 16) & 1 << signal.SIGINT - 1)


def report(outcome: ToolOutcome) -> tuple[dict[str, Any], dict[tuple[str, int], dict[str, Any]]]:
    assert outcome.code == 0, outcome.stderr
    content = json.loads(outcome.stdout)
    return content, {(row["policy"], row["steps"]): row for row in content["rows"]}


def test_it_prints_what_lazydit_bench_prints(small_bundle: SmallBundle) -> None:
    asked = ("--bundle", small_bundle.directory, "--steps", "4,6", "--rounds", "2")
    asked += ("--threads", "1", "--policies", "lazy,every-n,schedule")
    theirs, their_rows = report(run_tool("lazydit-bench", *asked))
    ours, our_rows = report(run_swift(*asked, *NATIVE))
    assert theirs.keys() == ours.keys()
    same = ("machine", "cpus", "system", "model", "target", "precision", "threads", "rounds")
    assert [ours[name] for name in same] == [theirs[name] for name in same]
    assert our_rows.keys() == their_rows.keys()
    for case, row in our_rows.items():
        assert row.keys() > their_rows[case].keys()
        assert row["lazy_ratio"] == pytest.approx(their_rows[case]["lazy_ratio"], abs=1e-12)
        assert row["image_ms"] > 0


def test_latency_measures_swift_beside_python(
    small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--bundle", str(small_bundle.directory), "--executor", "executorch,swift-native"]
    arguments += ["--steps", "4", "--rounds", "1", "--threads", "1", "-o", "json"]
    assert latency.main([*arguments, "--policies", "lazy,every-n,schedule"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert all(row["failed"] is None for row in rows)
    ratios: dict[str, dict[str, float]] = {"executorch": {}, "swift-native": {}}
    for row in (row for row in rows if row["steps"] == 4):
        ratios[row["engine"]][row["policy"]] = row["lazy_ratio"]
    python, swift = ratios.values()
    assert swift == pytest.approx(python)
    assert python.keys() == {"always", "lazy 4-r50", "every-n", "schedule 0.3", "schedule 0.5"}
    assert 0 < python["lazy 4-r50"] < 1


def test_bad_input_is_one_sentence(small_bundle: SmallBundle, tmp_path: Path) -> None:
    assert "is not a whole number" in run_swift("--rounds", "some").sentence
    assert "there is no bundle at" in run_swift(*NATIVE, "--bundle", tmp_path).sentence
    refused = run_swift("--library", LIBRARY, "--bundle", small_bundle.directory, "--steps", "9999")
    assert refused.sentence == "9999 steps are not possible: choose from 1 to 1000"


def test_ctrl_c_ends_it_without_a_result(small_bundle: SmallBundle) -> None:
    arguments = command(*NATIVE, "--bundle", small_bundle.directory, "--rounds", "100000")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not takes_interrupts(process.pid):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"interrupted\n")
