"""One engine in a process of its own; conductor.py starts it and talks to it.

Engines are kept apart so that each has its threads, its memory and its crashes to itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from engines import Engine, make_engine
from lazydit.errors import LazyDiTError
from memory import peak_bytes, reset_peak, resident_bytes
from protocol import Case, EngineSpec

QUIET_S = 0.01
LONGEST_WAIT_S = 1.0


class Worker:
    """Does what it is asked with one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._before = 0

    def prepare(self, *, folder: str) -> dict[str, Any]:
        """Makes the file that the engine loads; `made` is null where there is nothing to do."""
        made = self._engine.prepare(Path(folder))
        return {"made": None if made is None else str(made)}

    def load(self, *, cold: bool) -> dict[str, Any]:
        """Loads the engine; `cold` drops its files from the page cache first."""
        if cold:
            drop_from_page_cache(self._engine.files())
        reset_peak()
        self._before = resident_bytes()
        began = time.perf_counter()
        facts = self._engine.load()
        return {"load_ms": (time.perf_counter() - began) * 1e3, **facts}

    def check(self) -> dict[str, Any]:
        """How far the engine's output is from PyTorch's, relative; None where export has asked."""
        return {"error": self._engine.error()}

    def image(self, *, case: dict[str, Any], label: int, seed: int) -> dict[str, Any]:
        """Draws an image, and answers once all threads of this process have come to rest."""
        times = self._engine.image(Case(**case), label, seed)
        wait_until_idle()
        return asdict(times)

    def memory(self) -> dict[str, Any]:
        """The peak of resident memory since before the engine was loaded, less what was there."""
        peak = peak_bytes()
        return {"peak_bytes": None if peak is None else peak - self._before}


def drop_from_page_cache(paths: Iterable[Path]) -> None:
    """The next read comes from the disk, where the system lets a user ask for that."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in filter(Path.is_file, paths):
        with path.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def wait_until_idle() -> None:
    """Engines' threads spin for a while after work: the next engine is not to pay for that."""
    end = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < end:
        used = time.process_time()
        time.sleep(QUIET_S)
        if time.process_time() - used < QUIET_S / 5:
            return


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answers every line of `questions` with one of `answers`; the first names the engine."""
    worker = None
    for line in questions:
        try:
            question = json.loads(line)
            if worker is None:
                worker = Worker(make_engine(EngineSpec(**question)))
                answer = {}
            else:
                answer = getattr(worker, question.pop("do"))(**question)
        except Exception as error:
            answer = {"failed": one_line(error)}
        print(json.dumps(answer), file=answers, flush=True)


def one_line(error: Exception) -> str:
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, LazyDiTError) else f"{type(error).__name__}: {text}"


def main() -> None:
    # Engines write to stdout as they please: the conductor's line is another file.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
