"""Printing a QualityRun."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lazydit.quality import Comparison, Estimate, PolicyQuality, QualityRun
from table import markdown, to_csv

EQUAL = {"modules": "modules", "multiply-adds": "work", "time": "time"}

LEGEND = (
    "error: mean squared, against {reference} DDIM steps, with its 95 % interval; vs DDIM: error "
    "over that of plain DDIM that costs as much, below 1 is better; (n): its steps"
)


def print_run(output: str, run: QualityRun) -> None:
    """Prints to stdout as `output` says: md, json or csv."""
    if output == "json":
        print(json.dumps(run.to_json(), indent=1, allow_nan=False))
    elif output == "csv":
        print(to_csv([flat_row(policy) for policy in run.policies]))
    else:
        print_markdown(run)


def print_markdown(run: QualityRun) -> None:
    what = "images" if run.pixels else "latents"
    print(
        f"model {run.model}, engine {run.engine} {run.precision}, {run.images} {what} each, "
        f"guidance {run.guidance:g}, processor {run.processor}"
    )
    rows = [short_row(policy) for policy in run.policies]
    shown = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    print(f"\n{markdown([{name: row[name] for name in shown} for row in rows])}\n")
    print(LEGEND.format(reference=run.reference_steps))
    if run.clock == "processor":
        print("ms: processor time of all threads")
    if run.features is not None:
        to = "" if run.frechet_to is None else f"; Frechet distance to {run.frechet_to}"
        print(f"feature network: {run.features}{to}")
    for doubt in run.doubts:
        print(doubt)


def short_row(policy: PolicyQuality) -> dict[str, Any]:
    """The columns to read, under their headings."""
    row = {
        "policy": policy.name,
        "steps": policy.steps,
        "lazy ratio": policy.lazy_ratio,
        "M multiply-adds": None if policy.multiply_adds is None else policy.multiply_adds / 1e6,
        "ms": None if policy.image_ms is None else policy.image_ms.median,
        "error": with_interval(policy.error, ".4f"),
        "PSNR": None if policy.psnr is None else policy.psnr.value,
        "Frechet": None if policy.frechet is None else with_interval(policy.frechet, ".2f"),
        "accuracy %": None if policy.accuracy is None else 100 * policy.accuracy.value,
    }
    for equal, heading in EQUAL.items():
        row[f"vs DDIM, equal {heading}"] = _comparison(policy.against(equal))
    return row


def with_interval(estimate: Estimate, form: str) -> str:
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"


def _comparison(found: Comparison | None) -> str | None:
    return None if found is None else f"{with_interval(found.error, '.2f')} ({found.steps:.3g})"


def flat_row(policy: PolicyQuality) -> dict[str, Any]:
    """Every number in a column of its own, None where there is none."""
    row: dict[str, Any] = {
        "policy": policy.name,
        "family": policy.family,
        "steps": policy.steps,
        "gates": policy.gates,
        "extrapolate": policy.extrapolate,
        "lazy_ratio": policy.lazy_ratio,
        "multiply_adds": policy.multiply_adds,
    }
    time = policy.image_ms
    for part in ("median", "low", "high"):
        row[f"image_ms_{part}"] = None if time is None else getattr(time, part)
    for measure in ("error", "psnr", "frechet", "accuracy"):
        row |= _parts(measure, getattr(policy, measure))
    for equal in EQUAL:
        found = policy.against(equal)
        prefix = f"equal_{equal.replace('-', '_')}"
        row[f"{prefix}_steps"] = None if found is None else found.steps
        for measure in ("error", "frechet", "accuracy"):
            estimate = None if found is None else getattr(found, measure)
            row |= _parts(f"{prefix}_{measure}", estimate)
    return row


def _parts(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    parts: Sequence[tuple[str, str]] = (("", "value"), ("_low", "low"), ("_high", "high"))
    return {
        f"{name}{suffix}": None if estimate is None else getattr(estimate, part)
        for suffix, part in parts
    }
