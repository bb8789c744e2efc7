"""What the demo app's own benchmark leaves on a phone, Android's and iOS's alike."""

from __future__ import annotations

import json
from typing import Any

from compare import is_row
from lazydit.errors import LazyDiTError
from measurement import ratio_columns
from verdict import conclude


def checked(text: bytes) -> dict[str, Any]:
    """The app's result; LazyDiTError when it is none, or says what has failed."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("failed"), str):
        raise LazyDiTError(f"the app says: {content['failed']}")
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows or not all(is_row(row) for row in rows):
        raise LazyDiTError("the app's result has no table: install the app of this version")
    assert isinstance(content, dict)
    return content


def with_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with vs_always, made of `images`: the times of their images by round."""
    plain = {row["steps"]: row.get("images") for row in rows if row["policy"] == "always"}
    complete = []
    for row in rows:
        times, baseline = row.get("images"), plain.get(row["steps"])
        found = None
        if row["policy"] != "always" and times and baseline and len(times) == len(baseline):
            found = conclude(times, baseline)
        ratio = ratio_columns("vs_always", found)
        complete.append(
            {k: v for k, v in {**row, **ratio, "failed": None}.items() if k != "images"}
        )
    names = dict.fromkeys(name for row in complete for name in row)
    return [{name: row.get(name) for name in names} for row in complete]
