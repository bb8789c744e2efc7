"""Which policies draw, at which step counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from lazydit.errors import LazyDiTError
from lazydit_runtime.schedules import read_schedule
from schedule import check_ratio

PLAIN_SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of the step count of lazy policies: plain DDIM that takes about as long as they do."""

Mask = tuple[tuple[bool, ...], ...]


@dataclass(frozen=True)
class Case:
    """A policy at a step count.

    `gates` names the gate set of `lazy`; `every` is the n of `every-n`; `mask` is that of
    `schedule`, [steps][2L], true where a module runs, and `label` what the table calls it. `digest`
    changes with the gates. `max_reuse` None: no limit, or the gate set's own.
    """

    policy: str
    steps: int
    family: str
    gates: str | None = None
    digest: str | None = None
    every: int | None = None
    mask: Mask | None = None
    label: str | None = None
    max_reuse: int | None = None
    extrapolate: bool = False

    @property
    def name(self) -> str:
        base = self.label or self.policy
        return f"{base}, extrapolated" if self.extrapolate else base

    @property
    def key(self) -> str:
        """A file name that no other case has: it changes with all that the images depend on."""
        shown = {"family", "label"}
        content = {name: value for name, value in asdict(self).items() if name not in shown}
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
        return f"{self.policy}-{self.steps}-{digest}"


@dataclass(frozen=True)
class GateChoice:
    """A gate set that a runner has; `digest` changes with its weights and settings."""

    name: str
    steps: int
    target_ratio: float | None
    extrapolate: bool
    digest: str


@dataclass(frozen=True)
class Wanted:
    """What was asked for: `plain` step counts (None: such as the others need), `steps` of all other
    policies, `ratios` of gate sets (None: all) and of skipping, `every` the n of `every-n`, and
    whether reused outputs are taken as they are, extrapolated, or both in turn."""

    steps: Sequence[int]
    plain: Sequence[int] | None
    policies: Sequence[str]
    ratios: Sequence[float] | None
    skipped: Sequence[float]
    every: Sequence[int]
    schedules: Sequence[Path]
    extrapolate: Sequence[bool]


def plain_case(steps: int) -> Case:
    return Case("always", steps, "DDIM", label="always")


def cases_for(wanted: Wanted, gate_sets: Sequence[GateChoice], modules: int) -> list[Case]:
    """Every case once, plain DDIM first, by step count.

    Raises LazyDiTError for a ratio or a schedule that cannot be.
    """
    others = [
        *(case for steps in wanted.steps for case in _at(steps, wanted, gate_sets, modules)),
        *_from_files(wanted, modules),
    ]
    plain = wanted.plain
    if plain is None:
        counts = {*wanted.steps, *(case.steps for case in others)}
        plain = sorted({max(round(share * n), 1) for n in counts for share in PLAIN_SHARES})
    return list(dict.fromkeys([*map(plain_case, plain), *others]))


def _at(
    steps: int, wanted: Wanted, gate_sets: Sequence[GateChoice], modules: int
) -> Iterator[Case]:
    if "lazy" in wanted.policies:
        for gates in gate_sets:
            if gates.steps == steps and (
                wanted.ratios is None or gates.target_ratio in wanted.ratios
            ):
                yield _lazy(gates)
    if "every-n" in wanted.policies:
        for every in wanted.every:
            label = f"every {every}"
            yield from _both(wanted, Case("every-n", steps, "every n", every=every, label=label))
    if "skip" in wanted.policies:
        for ratio in wanted.skipped:
            mask = skipping_mask(steps, modules, ratio)
            label = f"skip {ratio:g}"
            yield from _both(wanted, Case("schedule", steps, "skip", mask=mask, label=label))


def _lazy(gates: GateChoice) -> Case:
    return Case(
        "lazy",
        gates.steps,
        _family("lazy", gates.extrapolate),
        gates=gates.name,
        digest=gates.digest,
        label=f"lazy {gates.name}",
        extrapolate=gates.extrapolate,
    )


def _both(wanted: Wanted, case: Case) -> Iterator[Case]:
    """`case` with its reused outputs as they are, extrapolated, or both."""
    for extrapolate in wanted.extrapolate:
        family = _family(case.family, extrapolate)
        yield replace(case, extrapolate=extrapolate, family=family)


def _family(base: str, extrapolate: bool) -> str:
    return f"{base}, extrapolated" if extrapolate else base


def _from_files(wanted: Wanted, modules: int) -> Iterable[Case]:
    for path in wanted.schedules:
        policy = read_schedule(path)
        assert policy.run is not None, "a file always holds a mask"
        mask = tuple(tuple(row) for row in policy.run)
        if len(mask[0]) != modules:
            raise LazyDiTError(
                f"{path} is for {len(mask[0])} modules and the model has {modules}: give a "
                "schedule of this model"
            )
        extrapolate = policy.extrapolate is True
        yield Case(
            "schedule",
            len(mask),
            _family("schedule", extrapolate),
            mask=mask,
            label=path.stem,
            max_reuse=policy.max_reuse if isinstance(policy.max_reuse, int) else None,
            extrapolate=extrapolate,
        )


def skipping_mask(steps: int, modules: int, ratio: float) -> Mask:
    """A mask [steps][modules] that reuses all modules of whole steps, spread evenly.

    The first step runs; `ratio` of the steps are reused, as near as can be. Raises LazyDiTError
    when so many cannot be.
    """
    check_ratio(ratio, steps)
    skipped = round(ratio * steps)
    run = np.ones((steps, modules), dtype=np.bool_)
    run[1 + (np.arange(skipped) * (steps - 1) + (steps - 1) // 2) // max(skipped, 1)] = False
    return tuple(tuple(row) for row in run.tolist())
