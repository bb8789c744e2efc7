"""Holding a run against an older one."""

import json
from pathlib import Path

import pytest

from compare import differences, read_old_run, with_old
from lazydit.errors import LazyDiTError

ROW = {"engine": "e", "policy": "always", "threads": 2, "precision": "fp32", "steps": 10}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.json"
    rows = [{**ROW, "image_ms": 80.0}, {**ROW, "policy": "every-n", "image_ms": None}]
    path.write_text(json.dumps({"rounds": 20, "processor": "A", "rows": rows}))
    return path


def test_rows_get_the_ratio_to_the_same_case_of_then(old: Path) -> None:
    rows = [
        {**ROW, "image_ms": 60.0},
        {**ROW, "image_ms": 60.0, "threads": 1},
        {**ROW, "policy": "every-n", "image_ms": 60.0},
        {**ROW, "image_ms": None},
    ]
    found = [row["vs_old"] for row in with_old(rows, read_old_run(old))]
    assert found == [0.75, None, None, None]


def test_what_differs_of_machine_and_settings_is_said(old: Path) -> None:
    now = {"rounds": 20, "processor": "B", "model": "m"}
    assert differences(now, read_old_run(old)) == [
        "processor was A, is B",
        "model was None, is m",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "is no run of this script"),
        ('{"rows": [{"engine": "e"}]}', "is no run of this script"),
        (json.dumps({"rows": [{**ROW, "image_ms": "fast"}]}), "is no run of this script"),
        (json.dumps({"rows": [{**ROW, "image_ms": 0}]}), "is no run of this script"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(LazyDiTError, match=sentence):
        read_old_run(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LazyDiTError, match="nothing.json cannot be read"):
        read_old_run(tmp_path / "nothing.json")
