"""The conductor's end of an engine's process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from lazydit_runtime.executors import weight_cache
from protocol import Case, EngineSpec, ImageTimes


class EngineFailed(Exception):
    """`str(error)` says in a few words why an engine cannot go on."""


class EngineProcess:
    """An engine in a process of its own."""

    def __init__(self, command: Sequence[str], spec: EngineSpec, folder: Path) -> None:
        """Start `command`, which answers as worker.py does; `folder` is for what it writes to disk.

        Raises EngineFailed when the engine is not to be had.
        """
        self._errors = (folder / "stderr").open("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(folder),
            text=True,
            # Ctrl-C is for the conductor alone, which then ends its processes.
            start_new_session=True,
        )
        try:
            self._exchange(asdict(spec))
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """What the method `do` of worker.Worker answers; EngineFailed when it fails."""
        return self._exchange({"do": do, **arguments})

    def image(self, case: Case, label: int, seed: int) -> ImageTimes:
        return ImageTimes(**self.ask("image", case=asdict(case), label=label, seed=seed))

    def close(self) -> None:
        """End the process, whatever it does, and those that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.communicate()
        self._errors.close()

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise EngineFailed(self._last_words()) from None
        line = self._process.stdout.readline()
        if not line:
            raise EngineFailed(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise EngineFailed(answer["failed"])
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        ended = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return f"its process ended with {ended}" + (f": {lines[-1][:300]}" if lines else "")


def environment(folder: Path) -> dict[str, str]:
    """What engines start with: idle OpenMP threads sleep, and caches begin empty in `folder`."""
    return {
        **os.environ,
        "OMP_WAIT_POLICY": "PASSIVE",
        "TMPDIR": str(folder),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),
        weight_cache.VARIABLE: str(folder / "weights"),
    }
