"""Learning gates: what all recipes share. The backbone stays frozen.

A recipe's run does its work bit by bit, so that it can be interrupted and go on later.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from lazydit.data import LabelledImages
from lazydit.distributed import Interrupt, Workers
from lazydit.errors import LazyDiTError
from lazydit.files import check_writable
from lazydit.gates import GateSet, save_gates
from lazydit.learning.paper_learning import PaperRun
from lazydit.learning.recipes import LearnProgress, LearnRecipe, PaperRecipe
from lazydit.learning.trajectory_learning import TrajectoryRun
from lazydit.models.dit import DiT
from lazydit.states import fingerprint, load_state, remove_state, save_state

SAVE_SECONDS = 60.0


class Run(Protocol):
    """Learning with one recipe, between two bits of work."""

    @property
    def finished(self) -> bool: ...

    def advance(self) -> LearnProgress:
        """Do the next bit."""
        ...

    def state(self) -> dict[str, Any]:
        """What `restore` goes on from."""
        ...

    def restore(self, state: dict[str, Any]) -> None: ...

    def result(self) -> tuple[GateSet, float]:
        """The gate set, and the lazy ratio that was measured with it."""
        ...


def learn(
    model: DiT,
    data: LabelledImages | None,
    recipe: LearnRecipe,
    out: Path,
    workers: Workers,
    report: Callable[[LearnProgress], None] = lambda _: None,
) -> float:
    """Learn one gate set and write it to `out`; returns its measured lazy ratio.

    `data` is for the paper's recipe: None learns on images that the model draws itself. Goes on
    where an earlier run stopped. On ctrl-C the state is saved and KeyboardInterrupt raised.
    """
    check_writable(out, ".safetensors")
    model.to(workers.device).requires_grad_(False).eval()
    run: Run
    if isinstance(recipe, PaperRecipe):
        run = PaperRun(model, data, recipe, workers)
    elif data is not None:
        raise LazyDiTError("only the paper's recipe learns on data: leave the data out")
    else:
        run = TrajectoryRun(model, recipe, workers)
    settings = _settings(model, data, recipe)
    state = load_state(out, settings)
    if state is not None:
        run.restore(state["run"])
    _work(run, workers, report, lambda: save_state(out, settings, {"run": run.state()}))
    gates, ratio = run.result()
    if workers.main:
        save_gates([gates], out)
        remove_state(out)
    return ratio


def _work(
    run: Run, workers: Workers, report: Callable[[LearnProgress], None], save: Callable[[], None]
) -> None:
    """Until the run is finished; saves every now and then, and when interrupted."""
    last_saved = time.monotonic()
    with Interrupt() as interrupt:
        while not run.finished:
            report(run.advance())
            stop = interrupt.asked(workers)
            if workers.main and (stop or time.monotonic() - last_saved > SAVE_SECONDS):
                save()
                last_saved = time.monotonic()
            if stop and not run.finished:
                raise KeyboardInterrupt


def _settings(model: DiT, data: LabelledImages | None, recipe: LearnRecipe) -> dict[str, Any]:
    """What must be the same for a stopped run to go on."""
    settings = asdict(model.config) | asdict(recipe)
    # A state names what differs, and these are two sets of names.
    settings |= settings.pop("calibration", {})
    return settings | {
        "recipe": type(recipe).__name__,
        "checkpoint": fingerprint(model),
        "data": None if data is None else len(data.labels),
    }
