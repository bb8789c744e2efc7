"""What is kept of a run, and how it goes on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.cases import plain_case
from evaluation.drawing import Drawing, Plan
from evaluation.features import FeatureNetwork
from evaluation.judge import Judge
from evaluation.runners import Drawn
from evaluation.work import WorkFolder
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError

REFERENCE, CASE = plain_case(100), plain_case(10)
PLAN = Plan(images=5, batch=2, first_seed=3, num_classes=4)
ALONE = Workers(0, 1, torch.device("cpu"))
SHAPE = (3, 2, 2)


class Painter:
    """Paints every image in one grey, 1 / steps, and counts; stops before number `stop`."""

    def __init__(self, stop: int | None = None) -> None:
        self.drawn: list[tuple[int, list[int], list[int]]] = []
        self._stop = stop

    def draw(self, case, labels, seeds) -> Drawn:
        if len(self.drawn) == self._stop:
            raise KeyboardInterrupt
        self.drawn.append((case.steps, list(labels), list(seeds)))
        grey = np.full((len(labels), *SHAPE), 1 / case.steps, np.float32)
        return Drawn(grey, np.ones((len(labels), 2), np.int64))


@pytest.fixture
def drawing(tmp_path: Path):
    def make(runner: Painter, judge: Judge | None = None) -> Drawing:
        work = WorkFolder(tmp_path / "work", {"seed": 3})
        return Drawing(runner, judge or Judge(REFERENCE, None, None), PLAN, work)

    return make


def run(made: Drawing, workers: Workers = ALONE) -> int:
    done: list[int] = []
    made.run([REFERENCE, CASE], workers, lambda: done.append(1))
    return len(done)


def test_every_image_has_its_label_and_its_seed(drawing) -> None:
    painter = Painter()
    assert run(drawing(painter)) == 6
    assert [entry for entry in painter.drawn if entry[0] == 10] == [
        (10, [0, 1], [3, 4]),
        (10, [2, 3], [5, 6]),
        (10, [0], [7]),
    ]


def test_the_error_is_the_mean_square_against_the_reference(drawing) -> None:
    made = drawing(Painter())
    run(made)
    assert made.judged(CASE).error == pytest.approx([(0.1 - 0.01) ** 2] * 5, rel=1e-6)
    assert made.judged(REFERENCE).error.tolist() == [0.0] * 5


def test_an_interrupted_run_draws_only_what_is_missing(drawing) -> None:
    first, second = Painter(stop=3), Painter()
    with pytest.raises(KeyboardInterrupt):
        run(drawing(first))
    run(drawing(second))
    whole = Painter()
    run(Drawing(whole, Judge(REFERENCE, None, None), PLAN, _Forgetful()))
    assert first.drawn + second.drawn == whole.drawn
    third = Painter()
    run(drawing(third))
    assert third.drawn == []


class _Forgetful:
    """A work folder that keeps nothing but what a batch needs."""

    def drawn(self, *_: object) -> None: ...
    def judged(self, *_: object) -> None: ...
    def keep_judged(self, *_: object) -> None: ...

    def keep_drawn(self, case, batch, drawn) -> None:
        def kept(wanted, number, _count):
            return drawn if (wanted, number) == (case, batch) else None

        self.drawn = kept


def test_two_processes_share_the_batches_and_one_reads_all(drawing) -> None:
    both = [Painter(), Painter()]
    for rank, painter in enumerate(both):
        run(drawing(painter), Workers(rank, 2, torch.device("cpu")))
    seeds = [seed for painter in both for _, _, found in painter.drawn for seed in found]
    assert sorted(seeds) == sorted([3, 4, 5, 6, 7] * 2)
    assert both[1].drawn == [(100, [2, 3], [5, 6]), (10, [2, 3], [5, 6])]
    assert len(drawing(Painter()).judged(CASE).error) == 5


def test_another_network_judges_anew_what_is_kept(drawing) -> None:
    run(drawing(Painter()))

    def network(images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(2, 3))

    painter = Painter()
    looking = FeatureNetwork("means", network, SHAPE, 4, torch.device("cpu"))
    made = drawing(painter, Judge(REFERENCE, looking, None))
    run(made)
    assert painter.drawn == []
    assert made.judged(CASE).features == pytest.approx(np.full((5, 3), 0.1))


def test_a_damaged_file_is_made_again(drawing, tmp_path: Path) -> None:
    run(drawing(Painter()))
    damaged = tmp_path / "work" / CASE.key / "drawn-00001.npz"
    judged = next((tmp_path / "work" / CASE.key).glob("judged-*-00001.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    judged.write_bytes(b"")
    painter = Painter()
    run(drawing(painter))
    assert painter.drawn == [(10, [2, 3], [5, 6])]


def test_images_that_are_not_finite_are_told_and_the_others_kept(drawing) -> None:
    class Exploding(Painter):
        def draw(self, case, labels, seeds) -> Drawn:
            drawn = super().draw(case, labels, seeds)
            if case == CASE:
                drawn.images[0, 0, 0, 0] = np.nan
            return drawn

    with pytest.raises(LazyDiTError, match="images of always with 10 steps grow beyond"):
        run(drawing(Exploding()))
    painter = Painter()
    drawing(painter).run([REFERENCE], ALONE, list)
    assert painter.drawn == [(100, [2, 3], [5, 6]), (100, [0], [7])]


def test_a_work_folder_of_other_settings_or_other_files_is_refused(tmp_path: Path) -> None:
    WorkFolder(tmp_path / "work", {"seed": 3, "guidance": 3.0})
    with pytest.raises(LazyDiTError, match="holds images of another guidance: give another folder"):
        WorkFolder(tmp_path / "work", {"seed": 3, "guidance": 1.0})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(LazyDiTError, match="holds other files"):
        WorkFolder(tmp_path / "mine", {})
    (tmp_path / "work" / "settings.json").write_text("{")
    with pytest.raises(LazyDiTError, match="cannot be read: remove"):
        WorkFolder(tmp_path / "work", {})
    with pytest.raises(LazyDiTError, match="cannot make .*: give another folder with --work"):
        WorkFolder(tmp_path / "mine" / "letter.txt", {})
