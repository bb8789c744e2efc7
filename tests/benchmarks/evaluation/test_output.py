"""The forms of output hold the same numbers."""

import csv
import io
import json
from pathlib import Path

from evaluation.output import print_run
from lazydit.quality import QualityRun


def printed(capsys, output: str, run: QualityRun) -> str:
    print_run(output, run)
    return capsys.readouterr().out


def test_json_is_what_others_read(capsys, quality_run) -> None:
    content = json.loads(printed(capsys, "json", quality_run))
    assert QualityRun.from_json(content, Path("stdout")) == quality_run


def test_csv_has_a_column_for_every_number(capsys, quality_run) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "csv", quality_run))))
    assert [row["steps"] for row in rows] == ["5", "10", "10"]
    lazy = rows[-1]
    assert (lazy["equal_time_error"], lazy["equal_time_error_high"]) == ("0.8", "0.9")
    assert lazy["frechet"] == lazy["equal_modules_steps"] == rows[0]["equal_time_error"] == ""
    assert float(lazy["image_ms_low"]) == 7.0


def test_markdown_shows_intervals_and_doubts_and_no_empty_column(capsys, quality_run) -> None:
    out = printed(capsys, "md", quality_run)
    assert "0.80 [0.70, 0.90] (7.5)" in out
    assert "this machine is busy" in out
    heading = next(line for line in out.splitlines() if line.startswith("| policy"))
    assert "equal time" in heading
    assert "Frechet" not in heading and "equal work" not in heading
