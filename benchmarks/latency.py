"""How long an image takes: this runtime under every policy, and what people would use instead.

All engines run the same weights with the same threads, each in a process of its own, and take
turns round by round, on this machine or on a phone. docs/benchmarks.md says what the columns mean
and how far to trust them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from android.app import run_in_android_app
from android.phone import opened_phone
from apple.ios_app import run_in_ios_app
from apple.ios_device import IosDevice
from arguments import parse_arguments
from attached import chosen_device
from cases import cases_for, equal_latency_cases, second_plain_case
from compare import OldRun, read_old_run
from contestants import Contestant, bring_to_start
from device import Device, Host
from facts import facts_of
from lazydit.errors import LazyDiTError
from lineup import Lineup, line_up
from measurement import Timed
from output import busy_machine, print_run
from protocol import BUNDLE, PEERS, Case, EngineSpec
from rounds import run_rounds
from rows import Rounds, rows_of

PILOT_ROUNDS = 3

USE_ERROR = 2
INTERRUPTED = 130


def measure(device: Device, lineup: Lineup, cases: Sequence[Case], rounds: int) -> Rounds:
    """Times `cases`; all processes have ended and all their files are gone afterwards.

    Raises LazyDiTError when not one of this runtime's own engines can start.
    """
    with started(device, [*lineup.engines, *lineup.limits]) as contestants:
        own = [c for c in contestants if c.spec.kind == BUNDLE]
        if all(contestant.failure is not None for contestant in own):
            raise LazyDiTError(f"{own[0].spec.name} cannot start: {own[0].failure}")
        engines = contestants[: len(lineup.engines)]
        entries = planned(engines, cases, lineup.num_classes)
        products = {
            limit.spec.threads: Timed(limit, Case("limit", steps=1))
            for limit in contestants[len(lineup.engines) :]
        }
        timed = [*entries, *products.values()]
        take_turns("timing", timed, rounds, lineup.num_classes, device.settle)
        for contestant in contestants:
            contestant.note_peak()
    return Rounds(entries, products, lineup.manifest.model.depth)


@contextmanager
def started(device: Device, specs: Sequence[EngineSpec]) -> Iterator[list[Contestant]]:
    """The engines in processes of their own, which end with the block."""
    with tempfile.TemporaryDirectory(prefix="lazydit-benchmarks-") as scratch, ExitStack() as stack:
        contestants = []
        for number, spec in enumerate(specs):
            folder = Path(scratch, str(number))
            folder.mkdir()
            contestants.append(bring_to_start(device.start, spec, folder, stack))
        yield contestants


def planned(
    contestants: Sequence[Contestant], cases: Sequence[Case], num_classes: int
) -> list[Timed]:
    """The cases of this runtime's engines, and plain DDIM alone of the peers, who know no policies.

    A pilot of a few images finds plain DDIM's step counts of equal latency; what these really take
    is then timed in the same rounds as all else.
    """
    plain = [case for case in cases if case.policy == "always"]
    second = second_plain_case(plain[0].steps)
    pilots = {
        contestant: [Timed(contestant, case) for case in dict.fromkeys([*cases, second])]
        for contestant in contestants
        if contestant.spec.kind == BUNDLE
    }
    take_turns("trying", list(chain(*pilots.values())), PILOT_ROUNDS, num_classes, lambda: None)
    chosen = {
        contestant: [*cases, *equal_latency_cases(pilot, second)]
        for contestant, pilot in pilots.items()
    }
    return [
        Timed(contestant, case)
        for contestant in contestants
        for case in sorted(chosen.get(contestant, plain), key=by_steps)
    ]


def by_steps(case: Case) -> tuple[int, bool, str]:
    return case.steps, case.policy != "always", case.name


def take_turns(
    title: str,
    entries: Sequence[Timed],
    rounds: int,
    num_classes: int,
    settle: Callable[[], object],
) -> None:
    """Runs the rounds behind a progress bar, which is not part of the output."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=rounds * len(entries))
        run_rounds(entries, rounds, num_classes, settle, lambda: progress.advance(task))


def run(argv: Sequence[str] | None) -> None:
    arguments = parse_arguments(argv, __doc__)
    old = None if arguments.compare is None else read_old_run(arguments.compare)
    chosen = chosen_device(arguments)
    if arguments.peers is None:
        here = isinstance(chosen, Host)
        arguments.peers = list(PEERS) if here and arguments.model == "dit-s-2" else []
    if isinstance(chosen, Host):
        run_on(chosen, arguments, old)
    elif isinstance(chosen, IosDevice):
        run_in_ios_app(chosen, arguments, old)
    elif arguments.app:
        run_in_android_app(chosen, arguments, old)
    else:
        with opened_phone(chosen, arguments.bench, clean=arguments.clean) as phone:
            run_on(phone, arguments, old)


def run_on(device: Device, arguments: argparse.Namespace, old: OldRun | None) -> None:
    """A run with engines in processes of their own on `device`."""
    if arguments.threads is None:
        arguments.threads = [device.processors]
    lineup = line_up(arguments)
    cases = [
        case
        for steps in arguments.steps
        for case in cases_for(steps, arguments.policies, arguments.ratio, lineup.manifest.gate_sets)
    ]
    lineup = device.take(lineup)
    rounds = measure(device, lineup, cases, arguments.rounds)
    facts = {**device.facts(), **facts_of(arguments, lineup)}
    doubts = [*device.remarks(), *busy_machine(rounds)]
    print_run(arguments.output, facts, rows_of(rounds), doubts, old)


def main(argv: Sequence[str] | None = None) -> int:
    # Before anything imports PyTorch: the exporter runs in this process.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    # A run started in the background would otherwise ignore ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run(argv)
    except LazyDiTError as error:
        print(f"error: {error}", file=sys.stderr)
        return USE_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
