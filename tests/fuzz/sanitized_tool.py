"""lazydit-run, built with sanitizers, many times in one process."""

import selectors
import subprocess
import tempfile
from pathlib import Path

from tests.conftest import TOOLS

RUN_MANY = TOOLS.parent / "core-tests" / "lazydit_run_many"


class SanitizedTool:
    """Answers what lazydit-run answers; AssertionError where the process ends or hangs."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [RUN_MANY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, bufsize=0
        )
        self._read = 0

    def run(self, *arguments: object, seconds: float = 60) -> tuple[int, str]:
        """The exit code, and what stands on stderr."""
        assert self._process.stdin is not None
        self._process.stdin.write(("\t".join(map(str, arguments)) + "\n").encode())
        code = self._answer(seconds)
        return code, self._errors()

    def close(self) -> None:
        """End the process; what it leaked is an error as well."""
        self._process.communicate()
        errors = self._errors()
        self._log.close()
        assert self._process.returncode == 0 and errors == "", errors

    def _answer(self, seconds: float) -> int:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            answer = b""
            while not answer.rpartition(b"\n")[0].rpartition(b"\n")[2].isdigit():
                assert selector.select(seconds), "lazydit-run hangs"
                piece = self._process.stdout.read(4096)
                assert piece, f"lazydit-run ended: {self._errors()}"
                answer += piece
        return int(answer.split()[-1])

    def _errors(self) -> str:
        self._log.seek(self._read)
        errors = self._log.read()
        self._read += len(errors)
        return errors.decode(errors="replace")


def path_of(name: str) -> Path:
    """Where a sanitized binary lies."""
    return RUN_MANY.parent / name
