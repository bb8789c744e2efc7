"""Printing a run: a short table to read and paste, or every column to keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compare import OldRun, differences, with_old
from rows import Rounds
from table import markdown, to_csv, to_json, to_jsonl
from verdict import BUSY_SPREAD, FEWEST_ROUNDS, spread

SHORT = {
    "engine": "engine",
    "policy": "policy",
    "threads": "threads",
    "precision": "precision",
    "steps": "steps",
    "lazy_ratio": "lazy ratio",
    "load_cold_ms": "load cold",
    "load_warm_ms": "load warm",
    "first_step_ms": "first step",
    "step_ms": "step",
    "step_ms_p90": "p90",
    "step_ms_deviation": "±",
    "image_ms": "image",
    "vs_always": "vs always",
    "vs_onnx": "vs onnx",
    "vs_old": "vs old",
    "ddim_steps": "ddim steps",
    "gflops": "GFLOP/s",
    "limit_share": "% of limit",
    "scheduler_share": "scheduler %",
    "peak_mb": "peak MB",
    "failed": "failed",
}
"""The columns of the Markdown table and their headings."""

SHOWN = ("phone", "processor", "cpus", "governor", "model", "guidance", "rounds")
"""The facts above it."""

SWEPT = ("threads", "precision", "failed", "vs_onnx")
"""Shown only where rows differ in them."""

RATIOS = ("vs_always", "vs_onnx")
SHARES = ("limit_share", "scheduler_share")

LEGEND = (
    "times in ms, medians; vs: ratio of images, round by round; ddim steps: plain DDIM steps that "
    "take as long; % of limit: what bare matrix products would take of the image's time"
)


def print_run(
    output: str,
    facts: dict[str, Any],
    rows: list[dict[str, Any]],
    doubts: Sequence[str],
    old: OldRun | None,
) -> None:
    """Prints to stdout as `output` says: md, json, jsonl or csv; `doubts` only beside md."""
    if old is not None:
        rows = with_old(rows, old)
    if output == "json":
        print(to_json(rows, facts))
    elif output == "jsonl":
        print(to_jsonl(rows, facts))
    elif output == "csv":
        print(to_csv(rows))
    else:
        print_markdown(facts, rows)
        doubts = [*doubts, *undecided(rows)]
        if old is not None:
            doubts += [f"not as in {old.path}: {what}" for what in differences(facts, old)]
        for doubt in doubts:
            print(doubt)


def print_markdown(facts: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    print(", ".join(f"{name} {facts[name]}" for name in SHOWN if facts.get(name) is not None))
    columns = [name for name in SHORT if is_shown(name, rows)]
    print(f"\n{markdown([{SHORT[n]: short_cell(n, row) for n in columns} for row in rows])}\n")
    print(LEGEND)


def is_shown(name: str, rows: Sequence[dict[str, Any]]) -> bool:
    values = {row.get(name) for row in rows}
    return values != {None} and (name not in SWEPT or len(values) > 1)


def short_cell(name: str, row: dict[str, Any]) -> Any:
    """Shares in percent; the quartiles in place of a ratio that allows no conclusion."""
    value = row.get(name)
    if name in SHARES and value is not None:
        return 100 * value
    if name in RATIOS and row.get(f"{name}_verdict") == "unclear":
        return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}"
    return value


def undecided(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence when there are comparisons that the rounds do not decide."""
    verdicts = [row.get(f"{ratio}_verdict") for row in rows for ratio in RATIOS]
    count, total = verdicts.count("unclear"), len(verdicts) - verdicts.count(None)
    if count == 0:
        return []
    return [
        f"no conclusion in {count} of {total} comparisons, which show the middle half of their "
        "rounds' ratios: more rounds or a quieter machine may decide them"
    ]


def busy_machine(rounds: Rounds) -> list[str]:
    """Whether the same matrix products took unlike times, or rounds are too few to tell."""
    lines = []
    for threads, limit in rounds.limits.items():
        if len(limit.images) < FEWEST_ROUNDS:
            continue
        if (found := spread(limit.image_ms)) > BUSY_SPREAD:
            lines.append(
                f"this machine is busy: with {threads} threads the same matrix products vary by "
                f"{found:.0%} between rounds; end other work and run again"
            )
    if any(len(timed.images) < FEWEST_ROUNDS for timed in rounds.finished()):
        lines.append(f"fewer than {FEWEST_ROUNDS} rounds allow no conclusion")
    return lines
