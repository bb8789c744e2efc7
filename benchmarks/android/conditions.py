"""What a phone's numbers depend on besides the phone: heat and battery."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lazydit_export.adb import Phone

THERMAL_STATUS = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""The words for PowerManager.getCurrentThermalStatus."""

_QUESTION = "dumpsys battery; dumpsys thermalservice"


@dataclass(frozen=True)
class Conditions:
    """Of one moment; None is what the phone does not tell.

    Attributes:
        thermal_status: an index into THERMAL_STATUS; from Android 10 on.
        battery_percent: how full it is.
        battery_celsius: how warm it is.
        plugged: whether it is being charged.
        waited_s: how long a round has waited for the phone to cool down.
    """

    thermal_status: int | None
    battery_percent: int | None
    battery_celsius: float | None
    plugged: bool | None
    waited_s: float = 0.0


def read_conditions(phone: Phone) -> Conditions:
    return parse_conditions(phone.shell(_QUESTION).stdout)


def parse_conditions(text: str) -> Conditions:
    """`text` is what dumpsys says of the services battery and thermalservice."""
    tenths = _number("temperature", text)
    plugs = re.findall(r"^\s*(?:AC|USB|Wireless|Dock) powered: (true|false)$", text, re.MULTILINE)
    return Conditions(
        thermal_status=_number("Thermal Status", text),
        battery_percent=_number("level", text),
        battery_celsius=None if tenths is None else tenths / 10,
        plugged="true" in plugs if plugs else None,
    )


def summary(moments: Sequence[Conditions]) -> list[str]:
    """One line for the table: thermal status of the rounds, waiting, battery from first to last."""
    if not moments:
        return []
    parts = []
    counts = Counter(m.thermal_status for m in moments if m.thermal_status is not None)
    if counts:
        rounds = (f"{status_name(status)} in {n}" for status, n in sorted(counts.items()))
        parts.append(f"thermal status {', '.join(rounds)} of {len(moments)} rounds")
    if waited := sum(m.waited_s for m in moments):
        parts.append(f"waited {waited:.0f} s for the phone to cool down")
    first, last = moments[0], moments[-1]
    if first.battery_celsius is not None and last.battery_celsius is not None:
        parts.append(f"battery {first.battery_celsius:.1f} to {last.battery_celsius:.1f} °C")
    if first.battery_percent is not None and last.battery_percent is not None:
        parts.append(f"{first.battery_percent} to {last.battery_percent} %")
    if first.plugged is not None:
        parts.append("plugged in" if first.plugged else "not plugged in")
    return ["; ".join(parts)] if parts else []


def status_name(status: int) -> str:
    return THERMAL_STATUS[status] if status < len(THERMAL_STATUS) else str(status)


def _number(name: str, text: str) -> int | None:
    found = re.search(rf"^\s*{name}: (\d+)$", text, re.MULTILINE)
    return None if found is None else int(found[1])
