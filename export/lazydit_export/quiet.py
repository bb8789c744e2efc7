"""Keeps the chatter of engines and compilers off the terminal."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from lazydit.errors import LazyDiTError


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Swallows what anybody, C++ included, writes to stderr inside the block.

    When the block ends with an error that nobody expects, what was swallowed is shown after all.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as swallowed:
        os.dup2(swallowed.fileno(), 2)
        try:
            yield
        except (LazyDiTError, KeyboardInterrupt):
            raise
        except BaseException:
            swallowed.seek(0)
            os.write(terminal, swallowed.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
