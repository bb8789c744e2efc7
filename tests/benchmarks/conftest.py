"""Cases of engines that nobody started, with times that a test makes up."""

from collections.abc import Callable, Sequence

import pytest

from contestants import Contestant
from measurement import Timed
from protocol import BUNDLE, Case, EngineSpec, ImageTimes

MakeTimed = Callable[..., Timed]


def engine(kind: str = BUNDLE, name: str = "executorch", threads: int = 2) -> Contestant:
    return Contestant(EngineSpec(kind=kind, name=name, threads=threads))


@pytest.fixture
def timed() -> MakeTimed:
    """Makes a case whose images took `image_ms`, every step but the first as long as the other."""

    def make(case: Case, image_ms: Sequence[float], contestant: Contestant | None = None) -> Timed:
        images = [ImageTimes(ms, [ms / case.steps] * case.steps) for ms in image_ms]
        return Timed(contestant or engine(), case, images)

    return make
