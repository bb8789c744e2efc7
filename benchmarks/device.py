"""Where engines run: this machine, or a phone."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any, Protocol

from apple.swift import is_swift, start_swift
from conductor import EngineProcess
from facts import processor_name
from lineup import Lineup
from protocol import EngineSpec

_WORKER = Path(__file__).with_name("worker.py")


class Device(Protocol):
    """What the rounds need of it."""

    @property
    def processors(self) -> int:
        """How many an engine may use."""
        ...

    def take(self, lineup: Lineup) -> Lineup:
        """Gets all files onto the device, and returns the line-up with where they are there."""
        ...

    def start(self, spec: EngineSpec, folder: Path) -> EngineProcess:
        """Starts an engine; EngineFailed when it is not to be had."""
        ...

    def settle(self) -> None:
        """Waits until a round can begin."""
        ...

    def facts(self) -> dict[str, Any]:
        """What the device is and how it fared, as plain values."""
        ...

    def remarks(self) -> list[str]:
        """Sentences on how it fared that whoever reads the table has to know."""
        ...


class Host:
    """This machine; `swift` is the tool that stands for the engines of Swift's runtime."""

    def __init__(self, swift: Path | None = None) -> None:
        self._swift = swift
        self._modules = 0

    @property
    def processors(self) -> int:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def take(self, lineup: Lineup) -> Lineup:
        self._modules = len(lineup.manifest.graph.modules)
        return lineup

    def start(self, spec: EngineSpec, folder: Path) -> EngineProcess:
        if self._swift is not None and is_swift(spec.executor):
            return start_swift(self._swift, self._modules, spec, folder)
        return EngineProcess([sys.executable, str(_WORKER)], spec, folder)

    def settle(self) -> None:
        """Nothing to wait for: the matrix products tell a busy machine."""

    def facts(self) -> dict[str, Any]:
        return {
            "device": "host",
            "processor": processor_name(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
            "system": platform.platform(),
        }

    def remarks(self) -> list[str]:
        return []
