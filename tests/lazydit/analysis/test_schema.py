"""analysis.json: it is read as it was written, or refused with a sentence."""

import json
from dataclasses import replace

import pytest

from lazydit.analysis.schema import (
    FORMAT,
    Analysis,
    Curve,
    FitExample,
    GateSetAnalysis,
    InputDistance,
    Laziness,
    LinearFit,
    LowerBound,
    PlainPoint,
    Point,
    Setup,
    Similarity,
)
from lazydit.errors import LazyDiTError

MATRIX = ((0.5, 0.25), (1.0, 0.0))


@pytest.fixture
def analysis():
    point = Point(
        threshold_attn=0.5,
        threshold_mlp=0.5,
        penalty=0.0,
        lazy_ratio=0.3,
        ratio_attn=0.2,
        ratio_mlp=0.4,
        error=0.01,
        standard_error=0.001,
    )
    gate_set = GateSetAnalysis(
        name="3-r30",
        max_reuse=None,
        extrapolate=False,
        reused=MATRIX,
        varying=0.1,
        stored=point,
        curves=(Curve(what="both", points=(point,)),),
    )
    return Analysis(
        format=FORMAT,
        setup=Setup(
            model="small",
            sha256="0" * 64,
            depth=1,
            width=8,
            tokens=4,
            modules=("block_00_attn", "block_00_mlp"),
            steps=3,
            timesteps=(999, 500, 0),
            images=8,
            labels=(0, 2),
            guidance=3.0,
            seed=0,
            tools={"torch": "2.13.0"},
        ),
        similarity=Similarity(
            mean=MATRIX, std=MATRIX, minimum=MATRIX, levels=(0.5,), quantiles=(MATRIX,)
        ),
        lower_bound=LowerBound(
            held_out_samples=8,
            lipschitz=(1.0, 2.0),
            bound=MATRIX,
            violations=MATRIX,
            lipschitz_from_weights=(None, 3.0),
            bound_from_weights=((None, -1.0), (None, 0.5)),
        ),
        inputs=InputDistance(as_is=MATRIX, time_variant=MATRIX, condition_variant=MATRIX),
        linear_fit=LinearFit(
            fit_samples=8,
            held_out_samples=8,
            r2=((0.5, None), (-1.0, 0.1)),
            rmse=MATRIX,
            spread=MATRIX,
            shared_r2=(None, 0.5),
            shared_rmse=(0.0, 0.1),
            examples=(FitExample(module=0, step=1, r2=0.5, measured=(1.0,), foretold=(0.9,)),),
        ),
        laziness=Laziness(
            reference_steps=100,
            fixed_attn=0.3,
            fixed_mlp=0.2,
            plain=(PlainPoint(steps=3, error=0.1, standard_error=0.01),),
            gate_sets=(gate_set,),
        ),
    )


@pytest.fixture
def read(tmp_path):
    """Reads an analysis.json with this text."""

    def read_text(text):
        path = tmp_path / "analysis.json"
        path.write_text(text)
        return Analysis.read(path)

    return read_text


def test_what_was_written_is_read(analysis, read):
    assert read(analysis.to_json()) == analysis


def test_without_gates_there_is_no_laziness(analysis, read):
    without = replace(analysis, laziness=None)
    assert json.loads(without.to_json())["laziness"] is None
    assert read(without.to_json()) == without


def test_every_value_stands_under_its_name(analysis):
    content = json.loads(analysis.to_json())
    assert content["format"] == "lazydit-analysis-1"
    assert content["similarity"]["mean"] == [[0.5, 0.25], [1.0, 0.0]]
    assert content["lower_bound"]["lipschitz_from_weights"] == [None, 3.0]
    assert content["laziness"]["gate_sets"][0]["curves"][0]["points"][0]["lazy_ratio"] == 0.3


def test_what_is_no_number_is_not_written(analysis):
    broken = replace(analysis.inputs, as_is=((float("nan"),),))
    with pytest.raises(ValueError, match="JSON"):
        replace(analysis, inputs=broken).to_json()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no JSON"),
        ("[]", "is no analysis"),
        ("{}", "is no analysis"),
        ('{"format": "lazydit-analysis-2"}', "is of format lazydit-analysis-2 and not"),
    ],
)
def test_what_is_no_analysis_of_this_version_is_refused(text, sentence, read):
    with pytest.raises(LazyDiTError, match=sentence):
        read(text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LazyDiTError, match="there is no analysis at"):
        Analysis.read(tmp_path / "analysis.json")


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda content: content.pop("inputs"), "look at inputs"),
        (lambda content: content.update(colour="red"), "look at colour"),
        (lambda content: content["setup"].update(steps="three"), "steps should be of type int"),
        (lambda content: content["setup"].update(steps=True), "steps should be of type int"),
        (lambda content: content["setup"].update(labels=3), "labels should be a list"),
        (lambda content: content["setup"].update(tools=[]), "tools should be an object"),
        (lambda content: content.update(similarity=None), "similarity should be an object"),
        (
            lambda content: content["inputs"].update(as_is=[[None]]),
            r"inputs\.as_is\[0\]\[0\] should be of type float",
        ),
    ],
)
def test_a_damaged_file_is_refused_and_the_place_named(damage, place, analysis, read):
    content = json.loads(analysis.to_json())
    damage(content)
    with pytest.raises(LazyDiTError, match=f"is damaged .*{place}"):
        read(json.dumps(content))
