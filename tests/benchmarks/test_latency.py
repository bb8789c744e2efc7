"""The command as people run it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bundles
import latency
from arguments import parse_arguments
from bundles import find_bundle
from lazydit_export.recipe import ExportRecipe
from lineup import line_up
from models import Weights

SCRIPT = Path(latency.__file__)
QUICK_PEERS = ("executorch-whole", "onnxruntime-whole", "torch")


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(SCRIPT), *map(str, arguments)]


def test_a_whole_run_with_peers(small_bundle, tmp_path: Path) -> None:
    run = subprocess.run(
        command(
            *("--bundle", small_bundle.directory, "--model", small_bundle.checkpoint),
            *("--cache", tmp_path, "--peers", ",".join(QUICK_PEERS)),
            *("--steps", "4", "--rounds", "1", "--threads", "1", "-o", "json"),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    content = json.loads(run.stdout)
    rows = content["rows"]
    assert content["model"] == "small"
    assert {row["failed"] for row in rows} == {None}
    ours = {("executorch", policy) for policy in ("always", "lazy 4-r50", "every-n")}
    found = {(row["engine"], row["policy"]) for row in rows}
    assert found == ours | {(peer, "always") for peer in QUICK_PEERS}
    for row in rows:
        assert min(row[name] for name in ("load_cold_ms", "first_step_ms", "image_ms")) > 0
        assert row["gflops"] > 0 and row["limit_share"] > 0 and row["peak_mb"] > 0
        # Compared with PyTorch; the bundle was, when it was exported.
        assert (row["error"] is None) == (row["engine"] == "executorch")
        assert row["vs_always_verdict"] in (None, "unclear"), "one round decides nothing"
    assert next(row["error"] for row in rows if row["engine"] == "torch") == 0


def test_threads_and_executors_are_swept_with_the_peers_once_per_thread_count(
    small_bundle, tmp_path: Path
) -> None:
    arguments = parse_arguments(
        [
            *("--bundle", str(small_bundle.directory), "--model", str(small_bundle.checkpoint)),
            *("--cache", str(tmp_path), "--peers", "torch"),
            *("--threads", "1,2", "--executor", "executorch,torch"),
        ],
        None,
    )
    lineup = line_up(arguments)
    assert [(engine.kind, engine.name, engine.threads) for engine in lineup.engines] == [
        (kind, name, threads)
        for threads in (1, 2)
        for kind, name in (("bundle", "executorch"), ("bundle", "torch"), ("torch", "torch"))
    ]
    assert [limit.threads for limit in lineup.limits] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--device", "watch"], "device 'watch' is not known: choose host, mac, android or ios"),
        (["--model", "dit-xxl"], "there is no model dit-xxl: choose demo, dit-s-2 or the path"),
        (["--peers", "tensorflow"], "there is no tensorflow, choose from executorch-whole"),
        (["--precision", "fp7"], "there is no fp7, choose from fp32"),
        (["--executor", "cuda"], "there is no cuda, choose from"),
        (["--policies", "sometimes"], "there is no sometimes, choose from always"),
        (["--ratio", "1"], "1 is not a ratio from 0"),
        (["--ratio", "much"], "much is not a ratio from 0"),
        (["--steps", "0"], "0 is not a whole number from 1"),
        (["--threads", "two"], "two is not a whole number from 1"),
        (["-o", "xml"], "invalid choice: 'xml'"),
        (["--compare", "nothing.json"], "nothing.json cannot be read"),
        (["--bundle", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys
) -> None:
    assert latency.main([*arguments, "--cache", str(tmp_path / "cache")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ") and printed.err.count("\n") == 1
    assert sentence in printed.err


def test_arguments_that_do_not_fit_the_bundle_are_refused(small_bundle, tmp_path, capsys) -> None:
    def refusal(*arguments: str) -> str:
        base = ["--bundle", str(small_bundle.directory), "--cache", str(tmp_path)]
        assert latency.main([*base, *arguments]) == 2
        return capsys.readouterr().err

    assert "holds fp32 programs: leave --precision out" in refusal("--precision", "int8")
    assert "peers need the weights" in refusal("--peers", "torch")
    assert "was not made from" in refusal("--model", "demo")
    assert "ratio 0.9 cannot be reached in 2 steps" in refusal("--ratio", "0.9", "--steps", "2")


def test_ctrl_c_leaves_no_process_and_no_file(small_bundle, tmp_path: Path) -> None:
    run = subprocess.Popen(
        command("--bundle", small_bundle.directory, "--rounds", "100000"),
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    assert "starting executorch" in run.stderr.readline()
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while not (workers := children.read_text().split()):
        pass
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert errors == "interrupted\n"
    assert list(tmp_path.iterdir()) == []
    # One that was just being started ends when it finds that nobody asks it anything.
    while any(Path("/proc", worker).exists() for worker in workers):
        time.sleep(0.05)


def test_a_bundle_is_exported_once_until_its_weights_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def export(recipe: ExportRecipe) -> None:
        made.append(recipe.out)
        recipe.out.mkdir()
        (recipe.out / "manifest.json").touch()

    monkeypatch.setattr(bundles, "export_bundle", export)
    weights = Weights("w", tmp_path / "w.safetensors")
    weights.checkpoint.write_bytes(b"one")
    first = find_bundle(weights, "android", "fp32", tmp_path)
    assert find_bundle(weights, "android", "fp32", tmp_path) == first
    other = find_bundle(weights, "onnx", "fp32", tmp_path)
    weights.checkpoint.write_bytes(b"two")
    assert made == [first, other, find_bundle(weights, "android", "fp32", tmp_path)]
    assert len(set(made)) == 3
