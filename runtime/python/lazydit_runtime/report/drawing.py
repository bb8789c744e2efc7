"""The images and decisions that a report shows: the same labels and seeds under every policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import fmean

from lazydit.progress import progress_bar
from lazydit_runtime import planning
from lazydit_runtime._core import Step
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.pipeline import Pipeline, Request
from lazydit_runtime.policies import Always, EveryN, Lazy, Policy
from lazydit_runtime.report.content import Picture, PictureGrid, PictureRow
from lazydit_runtime.results import Result

_SMALLEST = 96


@dataclass(frozen=True)
class Contestant:
    """A policy at a step count, and what a reader calls it."""

    name: str
    policy: Policy
    steps: int


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a policy drew, one result a label."""

    contestant: Contestant
    results: Sequence[Result]

    @property
    def lazy_ratio(self) -> float:
        return fmean(result.lazy_ratio for result in self.results)

    @property
    def image_ms(self) -> float:
        return fmean(result.timings.total_ms for result in self.results)


def contestants(bundle: Bundle, steps: int) -> list[Contestant]:
    """Plain DDIM, every gate set of this step count and every second step.

    Behind a gate set whose target ratio is known comes plain DDIM with the steps that run about
    as many modules.
    """
    chosen = [Contestant(f"plain DDIM, {steps} steps", Always(), steps)]
    for spec in bundle.manifest.gate_sets:
        if spec.steps != steps:
            continue
        chosen.append(Contestant(f"lazy {spec.name}", Lazy(gates=spec.name), steps))
        if spec.target_ratio is not None:
            fewer = max(1, round(steps * (1 - spec.target_ratio)))
            chosen.append(Contestant(f"plain DDIM, {fewer} steps", Always(), fewer))
    chosen.append(Contestant("every-n, every second step", EveryN(), steps))
    return list({contestant.name: contestant for contestant in chosen}.values())


def draw(
    pipeline: Pipeline, chosen: Sequence[Contestant], labels: Sequence[int], seed: int, shown: bool
) -> list[Drawn]:
    """One image a policy and label, all from the noise of `seed`."""
    requests = [
        Request(label=label, seed=seed, steps=contestant.steps, policy=contestant.policy)
        for contestant in chosen
        for label in labels
    ]
    total = sum(
        planning.resolve(pipeline.bundle, request.steps, request.guidance, request.policy).steps
        for request in requests
    )
    with progress_bar("drawing", total, shown) as show:
        done = 0

        def on_step(_: Step) -> None:
            nonlocal done
            done += 1
            show(done, "")

        results = pipeline.generate_all(requests, on_step)
    count = len(labels)
    return [
        Drawn(contestant, results[index * count : (index + 1) * count])
        for index, contestant in enumerate(chosen)
    ]


def picture_grid(drawn: Sequence[Drawn], labels: Sequence[int]) -> PictureGrid:
    """A row a policy and a column a label."""
    return PictureGrid(
        columns=[str(label) for label in labels],
        rows=[
            PictureRow(
                heading=row.contestant.name,
                note=f"{row.lazy_ratio:.0%} reused, {row.image_ms:.1f} ms an image",
                pictures=[_picture(result, row.contestant.name) for result in row.results],
            )
            for row in drawn
        ],
    )


def _picture(result: Result, name: str) -> Picture:
    image = result.image
    png = BytesIO()
    image.save(png, format="PNG", optimize=True)
    scale = max(1, -(-_SMALLEST // image.width))
    size = (image.width * scale, image.height * scale)
    return Picture.of_png(png.getvalue(), f"label {result.label}, {name}", size)
