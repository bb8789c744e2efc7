"""Swift's engines on this machine, and --device mac.

lazydit-bench stands for lazydit-bench-apple, whose conversation is the same; so nothing of Swift or
Core ML runs here, nor is this a Mac.
"""

import json
import platform
from pathlib import Path

import pytest

import latency
from apple import mac, swift
from apple.swift import engine_options, start_swift
from lazydit.errors import LazyDiTError
from lazydit_runtime.executors import executor_for
from protocol import BUNDLE, EngineSpec
from tests.conftest import TOOLS, SmallBundle


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """lazydit-bench, with two more options as Swift's has them; it runs nothing but native."""
    return script(
        tmp_path / "lazydit-bench-apple",
        f"""[ "$1 $3 $4 $5" = "--bundle --executor native --library" ] && [ -f "$6" ] || exit 9
        bundle=$2; shift 6
        exec {TOOLS / "lazydit-bench"} --bundle "$bundle" "$@" """,
    )


@pytest.fixture
def on_mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine takes itself for a Mac."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("15.1", ("", "", ""), "arm64"))
    script(tmp_path / "bin" / "sysctl", '[ "$*" = "-n machdep.cpu.brand_string" ] && echo Acme M9')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


def run(bundle: SmallBundle, bench: Path, *arguments: str) -> list[str]:
    base = ["--bundle", str(bundle.directory), "--bench", str(bench)]
    return [*base, "--steps", "4", "--rounds", "1", "--threads", "1", "-o", "json", *arguments]


def sentence(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refusal says."""
    assert latency.main(list(arguments)) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    return error.removeprefix("error: ")


def test_swift_takes_turns_with_python(
    small_bundle: SmallBundle, bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = run(small_bundle, bench, "--executor", "executorch,swift-native")
    assert latency.main([*arguments, "--policies", "schedule", "--ratio", "0.5"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["device"] == "host"
    rows = {(row["engine"], row["policy"]): row for row in content["rows"] if row["steps"] == 4}
    policies = ("always", "schedule 0.5")
    assert rows.keys() == {(e, p) for e in ("executorch", "swift-native") for p in policies}
    for (_, policy), row in rows.items():
        assert row["failed"] is None and row["image_ms"] > 0
        assert row["lazy_ratio"] == (0 if policy == "always" else 0.5)


def test_a_mac_runs_the_bundle_s_executor_from_python_and_from_swift(
    on_mac: None, small_bundle: SmallBundle, bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # With the weights at hand, the bare products would be timed elsewhere.
    weights = ["--model", str(small_bundle.checkpoint), "--cache", str(bench.parent)]
    assert latency.main(run(small_bundle, bench, "--device", "mac", *weights)) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["device"], content["processor"]) == ("mac", "Acme M9")
    assert content["system"] == "macOS 15.1"
    rows = {(row["engine"], row["policy"]): row for row in content["rows"] if row["steps"] == 4}
    for policy in ("always", "lazy 4-r50", "every-n"):
        python, in_swift = rows["executorch", policy], rows["swift-native", policy]
        assert python["failed"] is None and in_swift["failed"] is None
        assert python["lazy_ratio"] == in_swift["lazy_ratio"]
        assert python.get("limit_share") is None and in_swift["peak_mb"] > 0


def test_a_mac_exports_for_core_ml() -> None:
    assert mac.mac_executors(None) == [executor_for("ios"), "swift-coreml"]


def test_only_a_mac_is_a_mac(capsys: pytest.CaptureFixture[str]) -> None:
    assert sentence(capsys, "--device", "mac") == (
        "this machine is no Mac: leave --device out to measure it, with --executor "
        "executorch,swift-native to measure Swift as well"
    )


def test_the_tool_has_to_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(swift, "BUILT", tmp_path / "lazydit-bench-apple")
    assert sentence(capsys, "--executor", "swift-coreml") == (
        f"there is no {tmp_path / 'lazydit-bench-apple'}: build lazydit-bench-apple as "
        "runtime/apple/README.md says, or name it with --bench"
    )
    monkeypatch.setattr(swift, "LIBRARIES", tmp_path)
    assert sentence(capsys, "--executor", "swift-native") == (
        f"swift-native needs liblazydit_native in {tmp_path}: run make tools"
    )


def test_bench_needs_an_engine_that_uses_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert sentence(capsys, "--bench", "x") == (
        "--bench is about a phone or Swift: add --device android, or --executor swift-coreml or "
        "swift-native, or leave it out"
    )


def test_compute_units_have_the_names_of_the_executor_coreml() -> None:
    assert engine_options("swift-coreml") == ["--executor", "coreml"]
    units = {
        "ALL": "all",
        "CPU_ONLY": "cpu-only",
        "CPU_AND_GPU": "cpu-and-gpu",
        "CPU_AND_NE": "cpu-and-neural-engine",
    }
    for name, option in units.items():
        options = engine_options(f"swift-coreml:{name}")
        assert options == ["--executor", "coreml", "--compute-units", option]
    with pytest.raises(LazyDiTError, match="there are no compute units GPU: choose from ALL, CPU_"):
        engine_options("swift-coreml:GPU")
    with pytest.raises(LazyDiTError, match="swift-native has no devices to choose from"):
        engine_options("swift-native:CPU_ONLY")


def test_core_ml_is_told_nothing_of_threads_and_weights(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    tool = script(tmp_path / "tool", f'echo "$@" > {asked}; while read -r _; do echo "{{}}"; done')
    spec = EngineSpec(
        kind=BUNDLE, name="swift-coreml", threads=2, bundle="B", executor="swift-coreml:CPU_ONLY"
    )
    with start_swift(tool, 4, spec, tmp_path):
        assert asked.read_text() == (
            "--bundle B --executor coreml --compute-units cpu-only --serve\n"
        )
