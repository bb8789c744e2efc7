"""The forms of a table hold the same numbers."""

import csv
import io
import json

from table import markdown, to_csv, to_json

ROWS = [
    {"policy": "always", "steps": 10, "image ms": 101.25},
    {"policy": "lazy 10-r30", "steps": 10, "image ms": 0.0712},
]


def test_markdown_columns_line_up_and_numbers_stand_right() -> None:
    lines = markdown(ROWS).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1] == "| ----------- | ----: | -------: |"
    assert lines[2] == "| always      |    10 |    101.2 |"
    assert lines[3].endswith("|     0.07 |")


def test_csv_reads_back() -> None:
    assert list(csv.DictReader(io.StringIO(to_csv(ROWS))))[1] == {
        "policy": "lazy 10-r30",
        "steps": "10",
        "image ms": "0.0712",
    }


def test_json_carries_what_the_numbers_are_about() -> None:
    assert json.loads(to_json(ROWS, {"device": "host"})) == {"device": "host", "rows": ROWS}


def test_columns_of_numbers_stay_right_where_some_are_missing() -> None:
    rows = [{"ms": None, "name": "a"}, {"ms": 0.5, "name": None}, {"ms": "0.9 to 1.1", "name": "b"}]
    assert markdown(rows).splitlines()[1:3] == [
        "| ---------: | ---- |",
        "|            | a    |",
    ]
