"""`lazydit report` as a command: what may be left out, and what is refused."""

import dataclasses
import json

import pytest

from lazydit.errors import LazyDiTError
from tests.runtime.python.report.conftest import run_report


def test_what_was_not_measured_is_said_with_the_command_that_measures_it(small_bundle, tmp_path):
    out = tmp_path / "report.html"
    assert f"wrote {out}" in run_report(small_bundle.directory, out, "--label", 0)
    text = out.read_text()
    assert text.count("Not measured for this page") == 3
    for command in ("benchmarks/quality.py", "benchmarks/latency.py", "lazydit analyze"):
        assert command in text


def test_extrapolated_outputs_are_told_from_held_ones(small_bundle, tmp_path):
    out = tmp_path / "report.html"
    run_report(small_bundle.directory, out, "--label", 0, "--steps", 4)
    assert '"extrapolated"' in out.read_text()


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("quality", "[]", "is no run of benchmarks/quality.py"),
        ("analysis", "{}", "is no analysis"),
        ("latency", '{"rows": []}', "is no run of benchmarks/latency.py"),
        ("latency", "{", "is no run of benchmarks/latency.py"),
    ],
)
def test_other_files_are_refused_and_nothing_is_written(
    small_bundle, tmp_path, option, content, sentence
):
    given, out = tmp_path / "given.json", tmp_path / "report.html"
    given.write_text(content)
    with pytest.raises(LazyDiTError, match=sentence):
        run_report(small_bundle.directory, out, f"--{option}", given)
    assert not out.exists()


def test_measurements_of_another_model_are_refused(small_bundle, quality_run, files, tmp_path):
    out = tmp_path / "report.html"
    dataclasses.replace(quality_run, checkpoint_sha256="1" * 64).write(tmp_path / "other.json")
    with pytest.raises(LazyDiTError, match="the quality file is about another checkpoint"):
        run_report(small_bundle.directory, out, "--quality", tmp_path / "other.json")
    latency = json.loads(files["latency"].read_text()) | {"checkpoint_sha256": "1" * 64}
    (tmp_path / "latency.json").write_text(json.dumps(latency))
    with pytest.raises(LazyDiTError, match="the latency file is about another checkpoint"):
        run_report(small_bundle.directory, out, "--latency", tmp_path / "latency.json")
    assert not out.exists()


def test_a_page_must_be_called_html(small_bundle, tmp_path):
    with pytest.raises(LazyDiTError, match=r"does not end in \.html"):
        run_report(small_bundle.directory, tmp_path / "report.txt")
