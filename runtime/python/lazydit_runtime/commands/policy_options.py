"""From the options of a command line to policies."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lazydit.errors import LazyDiTError
from lazydit_runtime.policies import (
    POLICY_NAMES,
    Always,
    EveryN,
    FixedSchedule,
    Lazy,
    MaxReuse,
    Policy,
    ThresholdPair,
    named_policy,
)
from lazydit_runtime.schedules import read_schedule

_REUSING = tuple(name for name in POLICY_NAMES if name != "always")

_OWNERS = {
    "gates": ("lazy",),
    "threshold": ("lazy",),
    "every": ("every-n",),
    "schedule": ("schedule",),
    "lazy_ratio": ("lazy",),
    "max_reuse": _REUSING,
    "extrapolate": _REUSING,
}
"""The policies that each option belongs to."""


@dataclass(frozen=True)
class PolicyOptions:
    """The options as typed, None where left out: `threshold` one number or two with a comma,
    `max_reuse` 0 for no limit, `schedule` a file for `schedules.read_schedule`, `extrapolate` as
    the gate set or the file has it."""

    gates: str | None = None
    threshold: str | None = None
    max_reuse: int | None = None
    every: int | None = None
    schedule: Path | None = None
    extrapolate: bool | None = None
    lazy_ratio: float | None = None

    def policies(self, names: Sequence[str]) -> list[Policy]:
        """The policies called `names`, each with the options that belong to it.

        Raises LazyDiTError for a name that is none and for options that belong to none of them.
        """
        chosen = [self._policy(name) for name in names]
        for option, owners in _OWNERS.items():
            if getattr(self, option) is not None and not set(owners) & set(names):
                raise LazyDiTError(
                    f"--{option.replace('_', '-')} means nothing without "
                    f"--policy {' or '.join(owners)}: leave it out or add the policy"
                )
        return chosen

    def _policy(self, name: str) -> Policy:
        policy = named_policy(name)
        if isinstance(policy, Always):
            return policy
        if isinstance(policy, Lazy):
            policy = Lazy(self.gates, _thresholds(self.threshold), lazy_ratio=self.lazy_ratio)
        elif isinstance(policy, EveryN) and self.every is not None:
            policy = EveryN(self.every)
        elif isinstance(policy, FixedSchedule) and self.schedule is not None:
            policy = read_schedule(self.schedule)
        limit: MaxReuse = "stored" if self.max_reuse is None else self.max_reuse or None
        policy = dataclasses.replace(policy, max_reuse=limit)
        if self.extrapolate is not None:
            policy = dataclasses.replace(policy, extrapolate=self.extrapolate)
        return policy


def _thresholds(text: str | None) -> float | ThresholdPair | None:
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    raise LazyDiTError(f"--threshold {text} is not one number or two: try --threshold 0.5")
