"""One table, four forms: Markdown to paste, JSON to keep, JSON lines to collect, CSV to plot."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A GitHub table, padded so that it reads in a terminal too; numbers stand right."""
    names = list(rows[0])
    cells = [names, *([format_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    numeric = [any(isinstance(row[name], int | float) for row in rows) for name in names]

    def line(values: Sequence[str]) -> str:
        padded = (
            v.rjust(w) if right else v.ljust(w)
            for v, w, right in zip(values, widths, numeric, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = [
        ("-" * (w - 1) + ":") if right else "-" * w
        for w, right in zip(widths, numeric, strict=True)
    ]
    return "\n".join([line(names), line(rule), *(line(row) for row in cells[1:])])


def format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 1000 else f"{value:.2f}" if value < 1 else f"{value:.1f}"
    return str(value)


def to_csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def to_json(rows: Sequence[dict[str, Any]], about: dict[str, Any]) -> str:
    return json.dumps({**about, "rows": list(rows)}, indent=2)


def to_jsonl(rows: Sequence[dict[str, Any]], about: dict[str, Any]) -> str:
    """A line per row, each with all that the numbers are about, so that lines can be mixed."""
    return "\n".join(json.dumps({**about, **row}) for row in rows)
