"""`lazydit doctor` as it is typed."""

from pathlib import Path
from typing import Any

import pytest

from lazydit_runtime import selftest


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_scheduler_runs_without_a_bundle(run_cli: Any) -> None:
    outcome = run_cli("doctor")
    assert outcome.code == 0
    for words in (
        "weight cache",
        "runs ExecuTorch 1.5",
        "python",
        "torch",
        "executorch",
        "processors",
        "adb",
        "Xcode",
        "works",
    ):
        assert words in outcome.stdout
    assert "run lazydit-export" in outcome.stdout


def test_bundle_in_the_folder_generates_an_image(
    run_cli: Any, toy_bundle: Any, tmp_path: Path
) -> None:
    toy_bundle.directory.rename(tmp_path / "lazydit-android")
    outcome = run_cli("doctor")
    assert outcome.code == 0
    assert "lazydit-android works with executorch" in outcome.stdout


def test_damaged_bundle_fails_with_its_sentence(run_cli: Any, toy_bundle: Any) -> None:
    (toy_bundle.directory / "programs.bin").unlink()
    outcome = run_cli("doctor", toy_bundle.directory)
    assert outcome.code == 1
    assert "FAILED" in outcome.stdout and "programs.bin" in outcome.stdout
    assert "Traceback" not in outcome.stdout + outcome.stderr


def test_scheduler_with_a_wrong_result_is_unhealthy(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    randn = selftest._core.randn
    monkeypatch.setattr(selftest._core, "randn", lambda seed, size: randn(seed + 1, size))
    outcome = run_cli("doctor")
    assert outcome.code == 1
    assert "FAILED: the scheduler's result is wrong" in outcome.stdout
