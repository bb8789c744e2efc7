"""Rounds: in each, every case draws one image, one at a time, while all other engines are idle."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from conductor import EngineFailed
from measurement import Timed


def run_rounds(
    entries: Sequence[Timed],
    rounds: int,
    num_classes: int,
    settle: Callable[[], object],
    done: Callable[[], object],
) -> None:
    """Adds one image per round to every entry whose engine has not failed.

    `settle` is called before every round, `done` after every image.

    Within a round all draw the same label from the same seed, and their order is shuffled, so
    that a slow spell of the machine falls on all of them.
    """
    shuffle = random.Random(0)
    for index in range(rounds):
        settle()
        for timed in shuffle.sample(entries, len(entries)):
            process = timed.contestant.process
            if process is not None:
                try:
                    timed.images.append(process.image(timed.case, index % num_classes, index))
                except EngineFailed as failure:
                    timed.contestant.fail(f"{failure} (in round {index + 1})")
            done()
