"""This process's resident memory, as Linux tells it; None or 0 elsewhere."""

from __future__ import annotations

from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def resident_bytes() -> int:
    """What is in memory now."""
    return _status("VmRSS") or 0


def peak_bytes() -> int | None:
    """The most that was in memory since `reset_peak`."""
    return _status("VmHWM")


def reset_peak() -> None:
    """Has the peak start again from what is in memory now."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def _status(name: str) -> int | None:
    if not _STATUS.exists():
        return None
    lines = _STATUS.read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(kilobytes) * 1024
