"""The progress bar of long runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Show(Protocol):
    """Moves the bar to `step` and shows `text` beside it."""

    def __call__(self, step: int, text: str) -> None: ...


@contextmanager
def progress_bar(title: str, steps: int, shown: bool) -> Iterator[Show]:
    """A bar of `steps` steps with the time left; nothing when not `shown`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, disable=not shown) as progress:
        task = progress.add_task(title, total=steps, text="")

        def show(step: int, text: str) -> None:
            progress.update(task, completed=step, text=text)

        yield show
