"""What the numbers are about: the model and the settings of a run."""

from __future__ import annotations

import argparse
from typing import Any

from bundles import versions
from lineup import Lineup


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
