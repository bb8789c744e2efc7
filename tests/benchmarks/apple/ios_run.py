"""A short run with --device ios, and what the app leaves after one."""

from __future__ import annotations

from typing import Any

import pytest

import latency


def moment(number: int, state: str) -> dict[str, Any]:
    return {
        "round": number,
        "thermal_state": state,
        "battery_percent": 80 - number,
        "plugged": True,
        "low_power": False,
    }


ROWS: list[dict[str, Any]] = [
    {"policy": "always", "images": [10.0, 12.0, 11.0, 10.0, 10.0], "image_ms": 10.0},
    {"policy": "lazy 10-r30", "images": [5.0, 6.0, 5.5, 5.0, 5.0], "image_ms": 5.0},
]
CASE = {"engine": "coreml", "threads": None, "precision": "fp16", "steps": 10}
RESULT = {
    "device": "ios",
    "processor": "iPhone16,1",
    "cpus": 6,
    "system": "iOS 18.1.0",
    "model": "digits",
    "guidance": 3.0,
    "rounds": 5,
    "executor": "coreml",
    "conditions": [moment(number, "nominal") for number in range(4)] + [moment(4, "fair")],
    "rows": [{**CASE, **row} for row in ROWS],
}


def measure(*arguments: str) -> int:
    return latency.main(["--device", "ios", "--steps", "10", "--rounds", "5", *arguments])


def sentence(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refusal says."""
    assert measure(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "Traceback" not in printed.err
    error = printed.err.splitlines()[-1]
    assert error.startswith("error: ")
    return error.removeprefix("error: ")
