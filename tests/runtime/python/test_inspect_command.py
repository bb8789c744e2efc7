"""`lazydit inspect` as it is typed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lazydit.checkpoints import save_checkpoint
from lazydit.gates import GateSet, save_gates
from lazydit.models.dit import DiT, DiTConfig


@pytest.fixture
def model() -> DiT:
    return DiT(
        DiTConfig(
            input_size=8,
            patch_size=4,
            in_channels=3,
            width=16,
            depth=3,
            heads=2,
            num_classes=7,
            learn_sigma=True,
        )
    )


def test_bundle_shows_programs_gates_files_and_memory(run_cli: Any, toy_bundle: Any) -> None:
    outcome = run_cli("inspect", toy_bundle.directory)
    assert (outcome.code, outcome.stderr) == (0, "")
    for words in ("block_01_mlp", "programs.bin", "6-r30", "Calibration", "Memory", "verified"):
        assert words in outcome.stdout


def test_checkpoint_shows_its_sizes(run_cli: Any, model: DiT, tmp_path: Path) -> None:
    save_checkpoint(model, tmp_path / "dit.safetensors")
    outcome = run_cli("inspect", tmp_path / "dit.safetensors")
    assert outcome.code == 0
    for words in ("a DiT", "depth 3", "width 16", "7 labels", "learned sigma: yes"):
        assert words in outcome.stdout


def test_gates_show_their_sizes(run_cli: Any, tmp_path: Path) -> None:
    gates = GateSet(
        name="2-r30",
        weights=torch.zeros(2, 6, 16),
        timesteps=(999, 0),
        max_reuse=1,
        target_ratio=0.3,
    )
    save_gates([gates], tmp_path / "gates.safetensors")
    outcome = run_cli("inspect", tmp_path / "gates.safetensors")
    assert outcome.code == 0
    for words in ("1 gate set", "2-r30", "0.3"):
        assert words in outcome.stdout


def test_nothing_there_is_a_use_error(run_cli: Any, tmp_path: Path) -> None:
    assert run_cli("inspect", tmp_path / "nothing").is_use_error("nothing at")


def test_folder_that_is_no_bundle_is_a_use_error(run_cli: Any, tmp_path: Path) -> None:
    assert run_cli("inspect", tmp_path).is_use_error("no bundle")


@pytest.mark.parametrize("name", ["noise.safetensors", "noise.pt", "noise"])
def test_file_of_noise_is_a_use_error(run_cli: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(1000))
    assert run_cli("inspect", tmp_path / name).is_use_error(name)


def test_truncated_checkpoint_is_a_use_error(run_cli: Any, model: DiT, tmp_path: Path) -> None:
    path = tmp_path / "dit.safetensors"
    save_checkpoint(model, path)
    path.write_bytes(path.read_bytes()[:-100])
    assert run_cli("inspect", path).is_use_error("dit.safetensors", "truncated")


def test_checkpoint_of_another_model_is_a_use_error(run_cli: Any, tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "other.pt")
    assert run_cli("inspect", tmp_path / "other.pt").is_use_error("not a DiT")


def test_example_in_the_help_works_as_printed(
    run_cli: Any, toy_bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_bundle.directory.rename(tmp_path / "lazydit-android")
    monkeypatch.chdir(tmp_path)
    assert "lazydit inspect lazydit-android" in run_cli("inspect", "--help").stdout
    assert run_cli("inspect", "lazydit-android").code == 0
