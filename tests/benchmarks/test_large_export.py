"""What the benchmark of large exports makes of its measurements."""

from pathlib import Path
from typing import Any

import pytest

import large_export
from large_export import Row


@pytest.mark.parametrize(("step", "code"), [(99.0, 0), (101.0, 1)])
def test_a_missed_bar_is_the_exit_code(
    step: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAZYDIT_WEIGHT_CACHE", "off")
    (tmp_path / "DiT-XL-2.safetensors").touch()
    exported = [Row("export, seconds", 7.0, 20.0)]

    def run_export(checkpoint: Path, *_: Any) -> list[Row]:
        assert checkpoint == tmp_path / "DiT-XL-2.safetensors"
        return exported

    monkeypatch.setattr(large_export, "run_export", run_export)
    monkeypatch.setattr(large_export, "in_child", lambda *_: Row("step, MB", step, 100.0))
    assert large_export.main(["--checkpoints", str(tmp_path)]) == code
    printed = capsys.readouterr().out
    assert "DiT-XL/2, int8" in printed
    assert printed.count("yes") == 2 - code
