"""Gate sets and their files."""

import argparse
import dataclasses
import json
import os

import pytest
import torch
from safetensors.torch import save_file

from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.gates import (
    GateSet,
    gate_set_name,
    load_gates,
    save_gates,
    save_reference_gates,
)


def make_gates(steps=5, depth=2, width=8, **changes):
    weights = torch.randn(steps, 2 * depth, width)
    settings = {"name": "five", "timesteps": Schedule.spaced(steps).timesteps}
    return GateSet(**{**settings, "weights": weights, **changes})


def test_everything_about_gate_sets_survives_the_file(tmp_path):
    saved = [
        make_gates(name="a", threshold_attn=0.4, threshold_mlp=0.7, max_reuse=2, target_ratio=0.3),
        make_gates(name="b", steps=3, timesteps=(900, 12, 3), extrapolate=True),
    ]
    save_gates(saved, tmp_path / "gates.safetensors")

    loaded = load_gates(tmp_path / "gates.safetensors")

    assert len(loaded) == 2
    for before, after in zip(saved, loaded, strict=True):
        assert after.weights.equal(before.weights)
        for field in dataclasses.fields(GateSet):
            if field.name != "weights":
                assert getattr(after, field.name) == getattr(before, field.name)


def test_the_reference_format_counts_steps_from_the_least_noisy_one(tmp_path):
    gates = make_gates()
    save_reference_gates(gates, tmp_path / "gates.pt")

    with torch.serialization.safe_globals([argparse.Namespace]):
        written = torch.load(tmp_path / "gates.pt", weights_only=True)["model"]

    assert written["block_1_mlp_lazy_learning_weight_4"].equal(gates.weights[0, 3][None])
    assert written["block_0_attn_lazy_learning_weight_0"].equal(gates.weights[4, 0][None])
    (loaded,) = load_gates(tmp_path / "gates.pt")
    assert loaded.weights.equal(gates.weights)


def test_gate_sets_of_one_name_are_not_written_to_one_file(tmp_path):
    with pytest.raises(LazyDiTError, match="same name"):
        save_gates([make_gates(), make_gates()], tmp_path / "gates.safetensors")
    assert not list(tmp_path.iterdir())


def test_names_tell_steps_and_target():
    assert gate_set_name(10, 0.3) == "10-r30"
    assert gate_set_name(50, 0.55) == "50-r55"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights": torch.zeros(5, 3, 8)}, r"weights of shape \(5, 3, 8\)"),
        ({"weights": torch.zeros(5, 4)}, "weights of shape"),
        ({"weights": torch.full((5, 4, 8), torch.nan)}, "not finite"),
        ({"weights": torch.zeros(5, 4, 8, dtype=torch.float64)}, "not finite float32"),
        ({"timesteps": (3, 2, 1)}, "3 timesteps for 5 steps"),
        ({"timesteps": (0, 1, 2, 3, 4)}, "do not descend"),
        ({"timesteps": (4, 4, 2, 1, 0)}, "do not descend"),
        ({"threshold_attn": 1.5}, "threshold outside"),
        ({"max_reuse": 0}, "max_reuse of 0"),
    ],
)
def test_contradictions_are_refused(change, sentence):
    with pytest.raises(LazyDiTError, match=sentence):
        make_gates(**change)


def test_gates_of_another_model_or_schedule_are_refused(random_dit):
    config = random_dit(width=32, depth=2).config
    with pytest.raises(LazyDiTError, match="width 8 and the model has width 32"):
        make_gates(width=8).check_model(config)
    with pytest.raises(LazyDiTError, match="depth 3 and the model has depth 2"):
        make_gates(depth=3, width=32).check_model(config)
    make_gates(depth=2, width=32).check_model(config)
    with pytest.raises(LazyDiTError, match="for 5 steps and not for 6"):
        make_gates().check_schedule(Schedule.spaced(6))
    with pytest.raises(LazyDiTError, match="other timesteps"):
        make_gates(timesteps=(800, 600, 400, 200, 0)).check_schedule(Schedule.spaced(5))
    make_gates().check_schedule(Schedule.spaced(5))


def test_a_file_without_gates_is_refused(tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, other)
    state = tmp_path / "state.pt"
    torch.save({"weight": torch.zeros(1)}, state)
    nameless = tmp_path / "nameless.safetensors"
    metadata = {"format": "lazydit-gates-1", "gate_sets": json.dumps({"a": {}})}
    save_file({"a": torch.zeros(5, 4, 8)}, nameless, metadata)
    for path in (other, state, nameless):
        with pytest.raises(LazyDiTError, match="holds no gates"):
            load_gates(path)


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_truncated_files_are_refused(suffix, tmp_path):
    path = tmp_path / f"gates.{suffix}"
    if suffix == "pt":
        save_reference_gates(make_gates(), path)
    else:
        save_gates([make_gates()], path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LazyDiTError, match="truncated"):
        load_gates(path)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(LazyDiTError, match="no gate file at"):
        load_gates(tmp_path / "none.safetensors")
    with pytest.raises(LazyDiTError, match="is a folder"):
        load_gates(tmp_path)


def test_a_reference_file_that_lacks_a_gate_is_refused(tmp_path):
    path = tmp_path / "gates.pt"
    save_reference_gates(make_gates(), path)
    with torch.serialization.safe_globals([argparse.Namespace]):
        content = torch.load(path, weights_only=True)
    del content["model"]["block_1_mlp_lazy_learning_weight_2"]
    torch.save(content, path)
    with pytest.raises(LazyDiTError, match="lacks some of its gates"):
        load_gates(path)


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_loading_never_runs_code_from_the_file(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "gates.pt"
    torch.save({"model": {}, "args": Malicious(marker)}, path)
    with pytest.raises(LazyDiTError, match="no file of tensors alone"):
        load_gates(path)
    assert not marker.exists()
