"""--device mac: this Mac, with Core ML from Python and from Swift."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from apple.swift import swift_executor_for
from device import Host
from lazydit.errors import LazyDiTError
from lazydit_runtime.executors import executor_for
from lazydit_runtime.manifest import FILE_NAME, Manifest
from lineup import Lineup


class Mac(Host):
    """This machine, which is a Mac."""

    def take(self, lineup: Lineup) -> Lineup:
        """Without the bare matrix products: XNNPACK's are no limit for what Core ML may use."""
        return replace(super().take(lineup), limits=[])

    def facts(self) -> dict[str, Any]:
        return {
            **super().facts(),
            "device": "mac",
            "processor": _sysctl("machdep.cpu.brand_string") or platform.processor(),
            "system": f"macOS {platform.mac_ver()[0]}",
        }


def require_mac() -> None:
    """Raises LazyDiTError on any other machine."""
    if platform.system() != "Darwin":
        raise LazyDiTError(
            "this machine is no Mac: leave --device out to measure it, with --executor "
            "executorch,swift-native to measure Swift as well"
        )


def mac_executors(bundle: Path | None) -> list[str]:
    """Python's and Swift's own for the programs of `bundle`, None being one that is exported."""
    target = "ios" if bundle is None else Manifest.read(bundle / FILE_NAME).target
    swift = swift_executor_for(target)
    return [executor_for(target), *([swift] if swift is not None else [])]


def _sysctl(name: str) -> str:
    """Empty where the system does not tell."""
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
