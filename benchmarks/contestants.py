"""Engines brought to the start: their files made, loaded cold, checked, loaded warm, warmed up."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from conductor import EngineFailed, EngineProcess
from lazydit.files import replace_file
from protocol import LIMIT, Case, EngineSpec

MOST_ERROR = 0.01
"""Of a peer's output against PyTorch's: beyond it the peer does not run the same model. ExecuTorch
lowers GELU's tanh form to the exact one, which costs up to 1e-3 and is let through."""

WARM_UP = Case("always", steps=2)

StartEngine = Callable[[EngineSpec, Path], EngineProcess]
"""Starts an engine's process on some device."""


@dataclass(eq=False)
class Contestant:
    """An engine and what is known of it.

    Attributes:
        process: ready to draw; None once it has failed, and `failure` says why.
        load_cold_ms: in a new process, files not in the page cache, engine's caches empty.
        load_warm_ms: in the next process.
        error: of its output against PyTorch's; None where export has compared.
        peak_mb: the most memory that loading and drawing added; None where unknown.
        flops: of one run of a module, by kind; of the matrix products only.
    """

    spec: EngineSpec
    process: EngineProcess | None = None
    failure: str | None = None
    load_cold_ms: float | None = None
    load_warm_ms: float | None = None
    error: float | None = None
    peak_mb: float | None = None
    flops: dict[str, int] = field(default_factory=dict)

    def fail(self, reason: str) -> None:
        """Takes the engine out of the rounds that follow."""
        self.failure = reason
        if self.process is not None:
            self.process.close()
            self.process = None

    def note_peak(self) -> None:
        """Asks the process how much memory it has taken so far."""
        if self.process is not None:
            peak = self.process.ask("memory")["peak_bytes"]
            self.peak_mb = None if peak is None else peak / 1e6


def bring_to_start(
    start: StartEngine, spec: EngineSpec, folder: Path, stack: ExitStack
) -> Contestant:
    """Starts the engine, whose process ends with `stack`; a failure is told, not raised.

    `folder` is empty and stays until the process has ended.
    """
    contestant = Contestant(spec)
    print(f"starting {spec.name}, {spec.threads} threads, {spec.precision}", file=sys.stderr)
    try:
        _load_cold(start, contestant, folder)
        process = stack.enter_context(start(spec, folder))
        contestant.process = process
        facts = process.ask("load", cold=False)
        contestant.load_warm_ms = facts["load_ms"]
        contestant.flops = facts.get("flops", {})
        process.image(WARM_UP, label=0, seed=0)
    except EngineFailed as failure:
        contestant.fail(str(failure))
        print(f"{spec.name} fails: {failure}", file=sys.stderr)
    return contestant


def _load_cold(start: StartEngine, contestant: Contestant, folder: Path) -> None:
    """Loads the engine in processes that end again."""
    spec = contestant.spec
    if spec.kind == LIMIT:
        return
    with start(spec, folder) as process:
        made = process.ask("prepare", folder=str(folder))["made"]
        if made is None:
            _load_and_check(contestant, process)
            return
    # Here and not in the process, which may be ended at any time and leave half a file behind.
    kept = Path(spec.kept).with_name(Path(made).name)
    replace_file(kept, lambda temporary: shutil.move(made, temporary))
    # Another process: what made the file has loaded half the engine on the way.
    with start(spec, folder) as process:
        _load_and_check(contestant, process)


def _load_and_check(contestant: Contestant, process: EngineProcess) -> None:
    contestant.load_cold_ms = process.ask("load", cold=True)["load_ms"]
    error = contestant.error = process.ask("check")["error"]
    if error is not None and not error <= MOST_ERROR:
        raise EngineFailed(f"its output differs from PyTorch's by {error:.1e} of the largest value")
