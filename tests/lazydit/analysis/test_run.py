"""A whole analysis: what it leaves, that it goes on where it stopped, and what it refuses."""

import os
import signal

import numpy as np
import pytest
from PIL import Image

from lazydit.analysis import output
from lazydit.analysis.images import Images
from lazydit.analysis.schema import FILE_NAME, Analysis
from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.policies import Always, Lazy
from lazydit.sampling import sample
from lazydit.states import state_path
from tests.conftest import random_gates

PLOTS = {"similarity", "similarity_bound", "input_distance", "linear_fit", "linear_fit_examples"}
GATE_PLOTS = {"laziness_4-r50", "individual_4-r50", "penalty_4-r50"}


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_folder_with_the_result_and_every_plot_is_left(small_analysis):
    out, result = small_analysis
    drawn = {f"{plot}.{suffix}" for plot in PLOTS | GATE_PLOTS for suffix in ("png", "svg")}
    assert names(out) == {FILE_NAME, *drawn}
    assert names(out.parent) == {out.name}
    assert Analysis.read(out / FILE_NAME) == result


def test_plots_are_pictures_with_something_in_them(small_analysis):
    out, _ = small_analysis
    for path in out.glob("*.png"):
        with Image.open(path) as opened:
            pixels = np.array(opened.convert("L"))
        assert min(pixels.shape) > 200
        assert len(np.unique(pixels)) > 20


def test_shapes_are_those_of_steps_and_modules(small_analysis):
    _, result = small_analysis
    assert np.shape(result.similarity.mean) == (3, 4)
    assert np.shape(result.similarity.quantiles) == (5, 3, 4)
    assert np.shape(result.lower_bound.bound) == (3, 4)
    assert np.shape(result.inputs.condition_variant) == (3, 4)
    assert np.shape(result.linear_fit.r2) == (3, 4)
    assert np.shape(result.laziness.gate_sets[0].reused) == (4, 4)
    assert result.setup.modules[:3] == ("block_00_attn", "block_00_mlp", "block_01_attn")


def test_the_map_and_the_error_are_those_of_the_sampler(small_analysis, small_model):
    _, result = small_analysis
    images = Images.plan(small_model.model.config, 8, seed=0)

    def draw(steps, policy):
        labels, noise = images.labels, images.noise
        return sample(small_model.model, labels, noise, Schedule.spaced(steps), policy, 3.0)

    reference, lazy = draw(100, Always()), draw(4, Lazy.stored(small_model.gates))
    (gate_set,) = result.laziness.gate_sets
    reused = 1 - lazy.ran.double().mean(dim=(1, 2))
    assert np.allclose(gate_set.reused, reused)
    assert gate_set.stored.lazy_ratio == pytest.approx(lazy.lazy_ratio)
    assert gate_set.stored.ratio_attn == pytest.approx(reused[:, 0::2].mean().item())
    errors = (lazy.latent - reference.latent).square().mean(dim=(1, 2, 3))
    assert gate_set.stored.error == pytest.approx(errors.mean().item(), rel=1e-3)
    deviation = errors.std().item() / 8**0.5
    assert gate_set.stored.standard_error == pytest.approx(deviation, rel=1e-3)


def test_no_laziness_is_plain_ddim(small_analysis):
    _, result = small_analysis
    plain = result.laziness.plain[-1]
    assert plain.steps == 4
    for curve in result.laziness.gate_sets[0].curves[:3]:
        assert curve.points[0].lazy_ratio == 0
        assert curve.points[0].error == pytest.approx(plain.error)


def test_without_gates_what_is_about_gates_is_left_out(small_model, tmp_path):
    result = small_model.run(tmp_path / "out", gates=False).finish()
    assert result.laziness is None
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == PLOTS


def press_ctrl_c_at(batch):
    """A report that presses ctrl-C when so many batches are done."""

    def report(done, _text):
        if done == batch:
            os.kill(os.getpid(), signal.SIGINT)

    return report


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_an_interrupted_analysis_goes_on_and_ends_the_same(
    batch, small_analysis, small_model, tmp_path
):
    out = tmp_path / "analysis"
    with pytest.raises(KeyboardInterrupt):
        small_model.run(out).finish(press_ctrl_c_at(batch))
    assert names(tmp_path) == {state_path(out).name}

    again = small_model.run(out)
    assert again.done == batch
    again.finish()
    assert (out / FILE_NAME).read_text() == (small_analysis[0] / FILE_NAME).read_text()
    assert names(tmp_path) == {out.name}


def test_a_state_of_another_analysis_is_refused(small_model, tmp_path):
    out = tmp_path / "analysis"
    with pytest.raises(KeyboardInterrupt):
        small_model.run(out).finish(press_ctrl_c_at(1))
    with pytest.raises(LazyDiTError, match="started with another seed"):
        small_model.run(out, seed=1)


def test_nothing_is_lost_when_results_cannot_be_written(small_model, tmp_path, monkeypatch):
    out = tmp_path / "analysis"

    def no_room(_analysis):
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(output, "plots", no_room)
    with pytest.raises(LazyDiTError, match="cannot write .*No space left on device"):
        small_model.run(out, gates=False).finish()
    assert names(tmp_path) == {state_path(out).name}

    monkeypatch.undo()
    again = small_model.run(out, gates=False)
    assert again.done == again.total
    again.finish()
    assert names(tmp_path) == {out.name}


def test_what_is_there_already_is_not_touched(small_model, tmp_path):
    (tmp_path / "analysis").mkdir()
    with pytest.raises(LazyDiTError, match="is there already: remove it"):
        small_model.run(tmp_path / "analysis")
    assert names(tmp_path) == {"analysis"}


def test_gates_of_another_model_are_refused(small_model, random_dit, tmp_path):
    narrow = random_gates(random_dit(width=16).config, 4)
    with pytest.raises(LazyDiTError, match="is for width 16 and the model has width 32"):
        type(small_model)(small_model.model, narrow, *[tmp_path] * 2).run(tmp_path / "out")
    assert not names(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"images": 3}, "3 images are too few"),
        ({"steps": 1}, "1 steps have no consecutive ones"),
        ({"batch_size": 0}, "a batch of 0 draws nothing"),
        ({"seed": -1}, "seed -1 is out of range"),
    ],
)
def test_an_analysis_that_cannot_be_made_says_why(changes, sentence, small_model, tmp_path):
    with pytest.raises(LazyDiTError, match=sentence):
        small_model.run(tmp_path / "out", gates=False, **changes)
    assert not names(tmp_path)
