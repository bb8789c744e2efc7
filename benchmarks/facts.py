"""What the numbers are about: the model and the settings of a run."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

from bundles import versions
from lineup import Lineup

_CPUINFO = Path("/proc/cpuinfo")


def facts_of(arguments: argparse.Namespace, lineup: Lineup) -> dict[str, Any]:
    """Plain values, for every form of output."""
    model = lineup.manifest.model
    return {
        "model": model.name,
        "checkpoint_sha256": model.checkpoint_sha256,
        "guidance": lineup.manifest.defaults.guidance,
        "rounds": arguments.rounds,
        "versions": versions(),
    }


def processor_name() -> str:
    """As Linux calls it, or as Python knows it."""
    lines = _CPUINFO.read_text().splitlines() if _CPUINFO.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
