"""The file that benchmarks/quality.py writes and others read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lazydit.errors import LazyDiTError
from lazydit.quality import Comparison, Estimate, ImageTime, QualityRun
from tests.quality_runs import policy_quality, quality_run

EQUAL = Comparison("time", 7.5, Estimate(0.8, 0.7, 0.9), None, None)
POLICY = policy_quality(
    "lazy",
    10,
    gates="10-r30",
    extrapolate=True,
    lazy_ratio=0.3,
    image_ms=ImageTime(7.0, 6.0, 8.0),
    comparisons=(EQUAL,),
)
RUN = quality_run(POLICY)


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    RUN.write(tmp_path / "run.json")
    assert QualityRun.read(tmp_path / "run.json") == RUN
    assert RUN.policies[0].against("time") == EQUAL
    assert RUN.policies[0].against("modules") is None


def changed(path: str, value: object) -> str:
    content = RUN.to_json()
    *parents, last = path.split(".")
    part = content
    for name in parents:
        part = part[int(name) if name.isdecimal() else name]
    if value is KeyError:
        del part[last]
    else:
        part[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it has no schema_version"),
        ('{"rows": []}', "it has no schema_version"),
        (changed("schema_version", 2), "has schema 2, this version of lazydit reads 1"),
        (changed("images", 3.5), r"the run\.images should be of type int"),
        (changed("rounds", True), r"the run\.rounds should be of type int"),
        (changed("model", None), r"the run\.model should be of type str"),
        (changed("guidance", float("nan")), r"the run\.guidance should be finite"),
        (changed("model", KeyError), "the run should have just model, .*: look at model"),
        (
            changed("policies.0.error.low", "0"),
            r"the run\.policies\[0\]\.error\.low should be of type float",
        ),
        (changed("policies.0.error", None), r"policies\[0\]\.error should be an object"),
        (
            changed("policies.0.comparisons.0.equal", "luck"),
            r"comparisons\[0\]\.equal should be one of modules, ",
        ),
        (changed("doubts", "none"), r"the run\.doubts should be a list"),
        (changed("versions", []), r"the run\.versions should be an object"),
    ],
)
def test_what_is_no_run_is_refused_in_one_sentence(text, sentence, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(LazyDiTError, match=sentence):
        QualityRun.read(tmp_path / "run.json")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LazyDiTError, match="cannot be read"):
        QualityRun.read(tmp_path / "run.json")


def test_plain_ddim_comes_by_step_count() -> None:
    plain = [replace(POLICY, policy="always", steps=steps) for steps in (10, 5)]
    assert [p.steps for p in replace(RUN, policies=(*plain, POLICY)).plain] == [5, 10]
