"""Keeps ExecuTorch's log lines off the terminal."""

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

# As the Python binding writes them, and as the engine itself does.
_LOG_LINE = re.compile(r"(\[|[DIEF] [\d:.]+ executorch:)\w+\.cpp:\d+\] ")


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back stderr and let through afterwards all but the engine's log lines.

    The engine logs what it finds out about the processor, and beside every error that it raises;
    it does so through Python's sys.stderr in some places and through the process's in others.
    Both belong to all threads: what others write meanwhile comes late.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            with redirect_stderr(io.StringIO()) as written:
                yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            _write_rest(held.read().decode(errors="replace"))
            _write_rest(written.getvalue())


def _write_rest(text: str) -> None:
    for line in text.splitlines(keepends=True):
        if not _LOG_LINE.match(line):
            sys.stderr.write(line)
