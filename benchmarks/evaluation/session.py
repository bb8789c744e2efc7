"""One run: everything opened and checked before the first image, then drawn, timed, compared."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bundles import versions
from evaluation import npz, replicates
from evaluation.cases import Case, plain_case
from evaluation.drawing import Drawing, Plan
from evaluation.judge import Judge
from evaluation.measures import measures_of
from evaluation.multiply_adds import multiply_adds_of
from evaluation.opening import open_cases, open_judge, open_real, open_runner
from evaluation.ranking import costs_of, rank
from evaluation.real import BATCH, real_features
from evaluation.runners import UNGUIDED, Runner
from evaluation.timing import IMAGE_MS, WARM_UP, doubts_of, time_cases
from evaluation.work import Judged, WorkFolder
from facts import processor_name
from lazydit.data import LabelledImages
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.quality import QualityRun

REFERENCE = "reference"
"""What the Frechet distance is to where there are no real images."""


@contextmanager
def open_session(arguments: argparse.Namespace, workers: Workers) -> Iterator[Session]:
    """Raises LazyDiTError when something is missing, wrong or too little."""
    replicates.check_enough(arguments.images)
    runner = open_runner(arguments, workers.device)
    try:
        cases = open_cases(arguments, runner)
        reference = plain_case(arguments.reference_steps)
        judge = open_judge(arguments, runner.subject, reference, workers.device)
        real_name, real = open_real(arguments, runner.subject, judge)
        settings = {**runner.settings(), "seed": arguments.seed, "batch": arguments.batch}
        if workers.main:
            WorkFolder(arguments.work, settings)
        workers.any(False)  # Nobody goes on before the folder is there.
        classes = runner.subject.num_classes
        plan = Plan(arguments.images, arguments.batch, arguments.seed, classes)
        drawing = Drawing(runner, judge, plan, WorkFolder(arguments.work, settings))
        yield Session(arguments, workers, runner, cases, judge, real_name, real, plan, drawing)
    finally:
        runner.close()


@dataclass(frozen=True, eq=False)
class Session:
    """All that a run works with; `real` None: the Frechet distance is to the reference."""

    arguments: argparse.Namespace
    workers: Workers
    runner: Runner
    cases: Sequence[Case]
    judge: Judge
    real_name: str | None
    real: LabelledImages | None
    plan: Plan
    drawing: Drawing

    def draw(self) -> None:
        """Draws and judges, in all processes; they have all finished when it returns."""
        cases = [self.judge.reference, *self.cases]
        total = len(cases) * len(self.plan.share(self.workers))
        with progress("drawing", total, self.workers.main) as done:
            self.drawing.run(cases, self.workers, done)
        self.workers.any(False)

    def outcome(self) -> QualityRun:
        """Times and compares what has been drawn."""
        judged = [self.drawing.judged(case) for case in self.cases]
        times = self._times()
        labels = np.array([self.plan.label(image) for image in range(self.plan.images)])
        frechet_to, doubts = self._frechet_to()
        measures = measures_of(judged, labels, self._pixels, frechet_to)
        subject, guidance = self.runner.subject, self.arguments.guidance
        costs = costs_of(
            self.cases,
            np.stack([case.runs.mean(axis=0) for case in judged]),
            subject.modules,
            1 if guidance == UNGUIDED else 2,
            None if subject.config is None else multiply_adds_of(subject.config),
            times,
        )
        if subject.config is None:
            doubts.append(
                "the model's shape is not known, so that no multiply-adds are counted: name the "
                "checkpoint of the bundle with --model"
            )
        return QualityRun(
            model=subject.name,
            checkpoint_sha256=subject.checkpoint_sha256,
            engine=self.runner.engine,
            precision=subject.precision,
            device=str(self.workers.device) if self.runner.engine == "torch" else "host",
            processor=processor_name(),
            machine=platform.machine(),
            cpus=os.cpu_count() or 1,
            threads=self.arguments.threads,
            versions=versions(),
            guidance=guidance,
            images=self.plan.images,
            first_seed=self.plan.first_seed,
            reference_steps=self.arguments.reference_steps,
            pixels=self._pixels,
            features=None if self.judge.network is None else self.judge.network.name,
            frechet_to=None if frechet_to is None else self.real_name or REFERENCE,
            rounds=self.arguments.rounds,
            clock=self.arguments.clock,
            policies=rank(self.cases, measures, costs),
            doubts=(*doubts, *([] if times is None else doubts_of(times))),
        )

    def write_npz(self, folder: Path) -> None:
        """Writes a file per case, named for policy and steps, into a folder that is made for them.

        Raises LazyDiTError when it cannot be made or written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LazyDiTError(
                f"cannot make the folder {folder} ({error.strerror}): choose another for --npz"
            ) from error
        for case in self.cases:
            name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{case.name} {case.steps} steps")
            images = (
                self.judge.decoded(self.drawing.drawn(case, batch))
                for batch in range(self.plan.batches)
            )
            npz.write_npz(folder / f"{name}.npz", self.plan.images, images)

    @property
    def _pixels(self) -> bool:
        return self.runner.subject.pixels or self.judge.decoder is not None

    def _times(self) -> dict[Case, list[float]] | None:
        rounds = self.arguments.rounds
        if rounds == 0:
            return None
        with progress("timing", len(self.cases) * (rounds + WARM_UP), True) as done:
            image_ms = IMAGE_MS[self.arguments.clock](self.runner)
            return time_cases(image_ms, self.cases, rounds, self.plan, done)

    def _frechet_to(self) -> tuple[NDArray[np.float32] | Judged | None, list[str]]:
        """What the Frechet distance is to, or None and a sentence why there is none."""
        network = self.judge.network
        if network is None:
            return None, []
        fewest = replicates.fewest_left(self.plan.images)
        if self.real is not None:
            fewest = min(fewest, len(self.real.labels))
        if fewest <= network.width:
            return None, [
                f"no Frechet distance: {network.width} features need more images; draw at least "
                f"{-(-10 * (network.width + 1) // 9)} with --images, and have as many real ones"
            ]
        if self.real is None:
            return self.drawing.judged(self.judge.reference), []
        with progress("real images", -(-len(self.real.labels) // BATCH), True) as done:
            return real_features(self.real, network, done), []


@contextmanager
def progress(title: str, total: int, shown: bool) -> Iterator[Callable[[], object]]:
    """A bar on stderr, which is not part of the output."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)
