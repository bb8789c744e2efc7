"""Drawing and judging all images, batch by batch, in as many processes as there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.cases import Case
from evaluation.judge import Judge
from evaluation.runners import Drawn, Runner
from evaluation.work import Judged, WorkFolder
from lazydit.distributed import Workers


@dataclass(frozen=True)
class Plan:
    """Image i has label i modulo the number of classes and the noise of seed `first_seed` + i."""

    images: int
    batch: int
    first_seed: int
    num_classes: int

    @property
    def batches(self) -> int:
        return -(-self.images // self.batch)

    def numbers(self, batch: int) -> range:
        """The images of a batch; the last one may be smaller."""
        return range(batch * self.batch, min((batch + 1) * self.batch, self.images))

    def label(self, image: int) -> int:
        return image % self.num_classes

    def seed(self, image: int) -> int:
        return self.first_seed + image

    def share(self, workers: Workers) -> range:
        """The batches that are this process's to draw."""
        return range(workers.rank, self.batches, workers.count)


class Drawing:
    """Draws what the work folder does not hold yet."""

    def __init__(self, runner: Runner, judge: Judge, plan: Plan, work: WorkFolder) -> None:
        self._runner, self._judge, self._plan, self._work = runner, judge, plan, work

    def run(self, cases: Sequence[Case], workers: Workers, done: Callable[[], object]) -> None:
        """Draws and judges this process's share; `done` after every batch of a case."""
        for batch in self._plan.share(workers):
            count = len(self._plan.numbers(batch))
            reference = None
            for case in cases:
                if self._work.judged(case, batch, count, self._judge.key) is None:
                    if reference is None:
                        reference = self._judge.decoded(self.drawn(self._judge.reference, batch))
                    judged = self._judge.judge(case, self.drawn(case, batch), reference)
                    self._work.keep_judged(case, batch, self._judge.key, judged)
                done()

    def drawn(self, case: Case, batch: int) -> Drawn:
        """A batch of a case, from the work folder where it is there."""
        numbers = self._plan.numbers(batch)
        drawn = self._work.drawn(case, batch, len(numbers))
        if drawn is None:
            labels = [self._plan.label(image) for image in numbers]
            drawn = self._runner.draw(case, labels, [self._plan.seed(image) for image in numbers])
            self._work.keep_drawn(case, batch, drawn)
        return drawn

    def judged(self, case: Case) -> Judged:
        """All of a case, which has been drawn by now."""
        parts = [
            self._work.judged(case, batch, len(self._plan.numbers(batch)), self._judge.key)
            for batch in range(self._plan.batches)
        ]
        assert None not in parts, "a batch is missing"
        names = ("error", "runs", "features", "predicted")
        return Judged(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
