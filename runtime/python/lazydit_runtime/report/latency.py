"""The latency table of a report, from what `benchmarks/latency.py -o json` prints."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lazydit.errors import LazyDiTError
from lazydit_runtime.report.content import Section, Table

_COLUMNS = {
    "engine": "engine",
    "policy": "policy",
    "steps": "steps",
    "lazy_ratio": "lazy ratio",
    "first_step_ms": "first step",
    "step_ms": "step",
    "image_ms": "image",
    "vs_always": "vs always",
    "vs_onnx": "vs ONNX Runtime",
    "ddim_steps": "DDIM steps in the same time",
    "peak_mb": "peak MB",
}
_TEXT = ("engine", "policy")


def read_latency(path: Path) -> dict[str, Any]:
    """The run in a JSON file; LazyDiTError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LazyDiTError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, RecursionError) as error:
        raise _no_run(path) from error
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows or not all(_is_row(row) for row in rows):
        raise _no_run(path)
    return dict(content)


def latency_section(run: Mapping[str, Any], command: str) -> Section:
    """Medians of a run in milliseconds, and the ratios of images round by round."""
    rows: Sequence[Mapping[str, Any]] = run["rows"]
    shown = [name for name in _COLUMNS if any(row.get(name) is not None for row in rows)]
    numeric = frozenset(index for index, name in enumerate(shown) if name not in _TEXT)
    where = ", ".join(str(run[fact]) for fact in ("processor", "machine", "model") if fact in run)
    return Section(
        id="latency",
        title="Latency",
        text=[
            f"Measured on: {where}; {run.get('rounds', '?')} rounds. Times are medians in "
            "milliseconds; ratios are medians of the ratios of images, round by round."
        ],
        tables=[
            Table(
                "Time of a step and an image",
                [_COLUMNS[name] for name in shown],
                [[_cell(row.get(name)) for name in shown] for row in rows],
                numeric,
            )
        ],
        commands=[command],
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return (
            f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
        )
    return str(value)


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(name), str) for name in _TEXT)


def _no_run(path: Path) -> LazyDiTError:
    return LazyDiTError(f"{path} is no run of benchmarks/latency.py: give its -o json")
