"""How good the images are and what they cost: every policy beside plain DDIM, in one run.

All policies draw the same labels from the same noise, in PyTorch or with a bundle on its executor.
docs/quality.md says what the columns mean and how far to trust them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial

from evaluation.arguments import parse_arguments
from lazydit.errors import LazyDiTError

USE_ERROR = 2
INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> None:
    # These import PyTorch, which takes seconds: not before the command line is known to be good.
    from evaluation.output import print_run
    from evaluation.session import open_session
    from lazydit.distributed import Workers
    from lazydit.plots.pareto import pareto_figure
    from lazydit.plots.theme import save_figure

    workers = Workers.join(arguments.device)
    with open_session(arguments, workers) as session:
        session.draw()
        # The times are taken by one process alone.
        workers.leave()
        if not workers.main:
            return
        outcome = session.outcome()
        if arguments.npz is not None:
            session.write_npz(arguments.npz)
    for path in arguments.plot:
        save_figure(partial(pareto_figure, outcome), path)
    print_run(arguments.output, outcome)


def main(argv: Sequence[str] | None = None) -> int:
    # Before anything starts threads: idle ones otherwise keep the other engine's processors busy.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    # A run started in the background would otherwise ignore ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = None
    try:
        arguments = parse_arguments(argv, __doc__)
        run(arguments)
    except LazyDiTError as error:
        print(f"error: {error}", file=sys.stderr)
        return USE_ERROR
    except KeyboardInterrupt:
        kept = "" if arguments is None else f": the same command goes on from {arguments.work}"
        print(f"interrupted{kept}", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
