"""Holding a run against an older one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lazydit.errors import LazyDiTError

IDENTITY = ("engine", "policy", "threads", "precision", "steps")
"""The columns that say which case a row is."""

MOMENTARY = "conditions"
"""The fact that is never the same twice."""


@dataclass(frozen=True)
class OldRun:
    """What -o json wrote: the facts and the rows."""

    path: Path
    facts: dict[str, Any]
    rows: list[dict[str, Any]]

    def image_ms(self, row: dict[str, Any]) -> float | None:
        """What the same case took then; None where it was not measured."""
        return next(
            (old["image_ms"] for old in self.rows if all(old[k] == row[k] for k in IDENTITY)), None
        )


def read_old_run(path: Path) -> OldRun:
    """Raises LazyDiTError when the file is not what -o json wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LazyDiTError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, RecursionError) as error:
        raise LazyDiTError(f"{path} is not JSON: give a file that -o json wrote") from error
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(is_row(row) for row in rows):
        raise LazyDiTError(f"{path} is no run of this script: give a file that -o json wrote")
    return OldRun(path, {k: v for k, v in content.items() if k != "rows"}, rows)


def is_row(row: Any) -> bool:
    """Whether this is a row with a case and its time, None where it failed."""
    if not isinstance(row, dict) or not {*IDENTITY, "image_ms"} <= row.keys():
        return False
    time = row["image_ms"]
    return time is None or (isinstance(time, float | int) and time > 0)


def with_old(rows: Sequence[dict[str, Any]], old: OldRun) -> list[dict[str, Any]]:
    """Adds `vs_old`: the time of an image over what it was then, None where one is missing."""
    return [{**row, "vs_old": _ratio(row["image_ms"], old.image_ms(row))} for row in rows]


def _ratio(now: float | None, then: float | None) -> float | None:
    return None if now is None or then is None else now / then


def differences(facts: dict[str, Any], old: OldRun) -> list[str]:
    """What of machine and settings was otherwise then."""
    names = dict.fromkeys([*facts, *old.facts])
    return [
        f"{name} was {old.facts.get(name)}, is {facts.get(name)}"
        for name in names
        if name != MOMENTARY and facts.get(name) != old.facts.get(name)
    ]
