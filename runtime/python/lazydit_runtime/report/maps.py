"""Maps of decisions, as the page's script reads them."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from lazydit_runtime.report.drawing import Drawn
from lazydit_runtime.results import Result

SAMPLES = ("conditional", "unconditional")
_RUN, _REUSED, _EXTRAPOLATED = "run", "reused", "extrapolated"


def decision_maps(drawn: Sequence[Drawn], thresholds: dict[str, tuple[float, float]]) -> str | None:
    """JSON of all policies that reused anything; None if none did.

    `thresholds` (attention, feedforward) are those of gate sets by name.
    """
    policies = [
        {
            "name": one.contestant.name,
            "thresholds": thresholds.get(one.results[0].gates or ""),
            "modules": one.results[0].trace.modules,
            "timesteps": one.results[0].trace.timesteps,
            "images": [_image(result) for result in one.results],
        }
        for one in drawn
        if one.lazy_ratio > 0
    ]
    if not policies:
        return None
    # In a script element "</" would end it, whatever JSON says.
    return json.dumps({"policies": policies}, separators=(",", ":")).replace("</", "<\\/")


def _image(result: Result) -> dict[str, Any]:
    """Decisions and scores [sample][step][module]."""
    trace = result.trace
    decisions = np.where(
        trace.ran, _RUN, np.where(trace.extrapolated, _EXTRAPOLATED, _REUSED)
    ).transpose(1, 0, 2)
    scores = trace.scores.transpose(1, 0, 2)
    return {
        "label": result.label,
        "samples": [
            {
                "name": SAMPLES[index],
                "decisions": decisions[index].tolist(),
                "scores": [[_score(value) for value in step] for step in scores[index].tolist()],
            }
            for index in range(len(decisions))
        ],
    }


def _score(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)
