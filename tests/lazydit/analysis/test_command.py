"""`lazydit analyze` as its users call it: what it says, exits with and leaves behind."""

import os
import signal

import pytest

from lazydit.analysis.schema import FILE_NAME, Analysis
from lazydit.analysis.trajectories import Trajectories
from lazydit.files import sha256
from lazydit.gates import save_gates
from lazydit.states import state_path
from tests.conftest import random_gates

SMALL = ["--steps", 4, "--images", 8, "--device", "cpu"]


def test_an_analysis_is_written_with_the_gates_for_these_steps(lazydit, small_model, tmp_path):
    out = tmp_path / "out"
    gates = ["--gates", small_model.gate_file]
    code, said, err = lazydit("analyze", small_model.checkpoint, *gates, *SMALL, "--out", out)
    assert (code, err) == (0, "")
    assert "no gates" not in said
    result = Analysis.read(out / FILE_NAME)
    assert result.setup.model == "small"
    assert result.setup.sha256 == sha256(small_model.checkpoint)
    assert [gates.name for gates in result.laziness.gate_sets] == [small_model.gates.name]


def test_without_gates_it_says_what_is_left_out(lazydit, small_model, tmp_path):
    out = tmp_path / "out"
    code, said, _ = lazydit("analyze", small_model.checkpoint, *SMALL, "--out", out)
    assert code == 0
    assert "no gates were given: laziness and penalties are left out" in said
    assert Analysis.read(out / FILE_NAME).laziness is None


def stop_at_once(*_arguments):
    os.kill(os.getpid(), signal.SIGINT)


def test_the_demo_model_is_analysed_with_its_own_gates(lazydit, tmp_path, monkeypatch):
    seen = {}

    def look(self):
        seen["model"], seen["gates"] = self._model.config, self._policies
        stop_at_once()
        yield "looking"

    monkeypatch.setattr("lazydit.analysis.run.AnalysisRun._draw_all", look)
    code, _, _ = lazydit("analyze", "--device", "cpu", "--out", tmp_path / "out")
    assert code == 130
    assert seen["model"].input_size == 32
    assert [policy.gates.steps for policy in seen["gates"]] == [10, 10, 10]


def test_an_interrupted_analysis_says_where_its_state_is(
    lazydit, small_model, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    command = ["analyze", small_model.checkpoint, *SMALL, "--out", out]
    advance = Trajectories.advance

    def advance_and_press_ctrl_c(self):
        stop_at_once()
        advance(self)

    monkeypatch.setattr(Trajectories, "advance", advance_and_press_ctrl_c)
    code, _, err = lazydit(*command)
    assert code == 130
    assert err == f"the state is kept in {state_path(out)}\ninterrupted\n"
    assert not out.exists()

    monkeypatch.setattr(Trajectories, "advance", advance)
    assert lazydit(*command)[0] == 0
    assert not state_path(out).exists()


@pytest.fixture
def files(small_model, random_dit, tmp_path, monkeypatch):
    """The model, its gates and those of another, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.safetensors").write_bytes(small_model.checkpoint.read_bytes())
    (tmp_path / "gates.safetensors").write_bytes(small_model.gate_file.read_bytes())
    save_gates([random_gates(random_dit(width=16).config, 4)], tmp_path / "narrow.safetensors")
    (tmp_path / "there").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--images", 4], "4 images are too few"),
        (["--steps", 1], "1 steps have no consecutive ones"),
        (["--gates", "narrow.safetensors"], "gate set 4-r50 is for width 16"),
        (["--gates", "absent"], "there is no gate file at absent"),
        (["--gates", "small.safetensors"], "small.safetensors holds no gates"),
        (
            ["--gates", "gates.safetensors", "--steps", 5],
            "gates.safetensors has gates for 4 and 6 steps and none for 5",
        ),
        (
            ["--gates", "gates.safetensors", "--gates", "gates.safetensors"],
            "two gate sets have the same name",
        ),
        (["--out", "there"], "there is there already"),
        (["--out", "absent/out"], "cannot write absent/out.state"),
        (["--heads", 8], "small.safetensors was made with 4 heads"),
        (["--device", "abacus"], "device abacus is not usable here"),
        (["--seed", -1], "seed -1 is out of range"),
        (["--batch-size", 0], "a batch of 0 draws nothing"),
    ],
)
def test_an_analysis_that_cannot_start_says_why_and_writes_nothing(
    changes, sentence, lazydit, files
):
    before = sorted(files.rglob("*"))
    code, _, err = lazydit("analyze", "small.safetensors", *SMALL, *changes)
    assert code == 2
    assert err.startswith(f"error: {sentence}")
    assert err.count("\n") == 1
    assert sorted(files.rglob("*")) == before
