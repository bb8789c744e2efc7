"""The rows of the table: every case's columns, and its ratios to the baselines."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cases import plain_image_ms
from contestants import Contestant
from measurement import (
    Timed,
    equal_latency_steps,
    identity,
    kinds,
    limits,
    ratio_columns,
    times,
    work_of,
)
from protocol import BUNDLE
from verdict import conclude

ONNX_WHOLE = "onnxruntime-whole"


@dataclass(frozen=True)
class Rounds:
    """All that was timed: the cases, the matrix products by number of threads, blocks a model."""

    entries: Sequence[Timed]
    limits: dict[int, Timed]
    depth: int

    def finished(self) -> list[Timed]:
        return [timed for timed in self.entries if timed.contestant.failure is None]


def rows_of(rounds: Rounds) -> list[dict[str, Any]]:
    """A flat row per case, by threads, precision, engine, steps; failed ones say why."""
    rows = [_row(timed, rounds) for timed in rounds.entries]
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _row(timed: Timed, rounds: Rounds) -> dict[str, Any]:
    contestant = timed.contestant
    if contestant.failure is not None:
        return {**identity(timed), "failed": contestant.failure}
    limit = rounds.limits.get(contestant.spec.threads)
    if limit is not None and limit.contestant.failure is not None:
        limit = None
    return {
        **identity(timed),
        **times(timed),
        **_ratio("vs_always", timed, always_baseline(timed, rounds)),
        **_ratio("vs_onnx", timed, onnx_baseline(timed, rounds)),
        "ddim_steps": _ddim_steps(timed, rounds),
        **limits(timed, None if limit is None else work_of(timed, limit, rounds.depth)),
        "peak_mb": contestant.peak_mb,
        "error": contestant.error,
        **kinds(timed),
        "failed": None,
    }


def always_baseline(timed: Timed, rounds: Rounds) -> Timed | None:
    """`always` with as many steps.

    A policy is held against its own engine's; a peer against the first of our engines with as many
    threads; and `always` itself against that of the first engine of all.
    """
    contestant = timed.contestant
    if contestant.spec.kind == BUNDLE and timed.case.policy != "always":
        return _find(rounds, timed, lambda other: other is contestant)
    if contestant.spec.kind == BUNDLE:
        return _find(rounds, timed, lambda other: other.spec.kind == BUNDLE)
    threads = contestant.spec.threads
    return _find(
        rounds, timed, lambda other: other.spec.kind == BUNDLE and other.spec.threads == threads
    )


def onnx_baseline(timed: Timed, rounds: Rounds) -> Timed | None:
    """ONNX Runtime's whole model with as many steps and threads."""
    threads = timed.contestant.spec.threads
    return _find(
        rounds,
        timed,
        lambda other: other.spec.kind == ONNX_WHOLE and other.spec.threads == threads,
    )


def _find(rounds: Rounds, timed: Timed, fits: Any) -> Timed | None:
    return next(
        (
            other
            for other in rounds.finished()
            if other.case.policy == "always"
            and other.case.steps == timed.case.steps
            and fits(other.contestant)
        ),
        None,
    )


def _ratio(name: str, timed: Timed, baseline: Timed | None) -> dict[str, Any]:
    if baseline is None or baseline is timed:
        return ratio_columns(name, None)
    return ratio_columns(name, conclude(timed.image_ms, baseline.image_ms))


def _ddim_steps(timed: Timed, rounds: Rounds) -> float | None:
    contestant: Contestant = timed.contestant
    own = [other for other in rounds.finished() if other.contestant is contestant]
    plain = plain_image_ms(own)
    if contestant.spec.kind != BUNDLE or len(plain) < 2:
        return None
    found = equal_latency_steps(statistics.median(timed.image_ms), plain)
    # Far from all that was timed the line says nothing: noise may even have it fall.
    return found if 0 < found <= 2 * max(plain) else None
