"""Keeps the chatter of engines and compilers off the terminal."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

from lazydit.errors import LazyDiTError

# Two blocks that overlapped would each put back what the other had put there.
_ONE_THREAD = threading.RLock()


@contextmanager
def quiet_stderr(chatter: str = ".*") -> Iterator[None]:
    """Hold back stderr, C++'s included, and let through afterwards all but the chatter.

    `chatter` is a regular expression that such lines begin with; every line does if left out. When
    the block ends with an error that nobody expects, everything is let through.

    stderr belongs to all threads: what others write meanwhile comes late, and a block of another
    thread waits for this one.
    """
    with _ONE_THREAD, tempfile.TemporaryFile("w+", 1, "utf-8", errors="replace") as held:
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(held.fileno(), 2)
        show_all = True
        try:
            # In a notebook Python's stderr is not the process's.
            with redirect_stderr(held):
                yield
            show_all = False
        except (LazyDiTError, KeyboardInterrupt):
            show_all = False
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            sys.stderr.writelines(line for line in held if show_all or not re.match(chatter, line))
