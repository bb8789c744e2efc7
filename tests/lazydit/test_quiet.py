"""What is written to stderr, by Python or past it, and what of it reaches the terminal."""

import os
import sys
import threading

import pytest

from lazydit.errors import LazyDiTError
from lazydit.quiet import quiet_stderr


def write_both():
    os.write(2, b"[engine] from C++\n")
    print("[engine] from Python", file=sys.stderr)
    os.write(2, b"a warning from C++\n")
    print("a warning from Python", file=sys.stderr)


def test_only_chatter_is_held_back(capfd):
    with quiet_stderr(r"\[engine\] "):
        write_both()
    assert capfd.readouterr().err == "a warning from C++\na warning from Python\n"


def test_every_line_is_chatter_where_nothing_is_said(capfd):
    with quiet_stderr():
        write_both()
    print("after", file=sys.stderr)
    assert capfd.readouterr().err == "after\n"


@pytest.mark.parametrize(("error", "lines"), [(LazyDiTError, 0), (ValueError, 4)])
def test_an_error_that_nobody_expects_shows_everything(error, lines, capfd):
    with pytest.raises(error), quiet_stderr():
        write_both()
        raise error("no")
    assert len(capfd.readouterr().err.splitlines()) == lines


def test_blocks_nest(capfd):
    with quiet_stderr(r"\[engine\] from C"), quiet_stderr(r"\[engine\] from P"):
        write_both()
    assert capfd.readouterr().err == "a warning from C++\na warning from Python\n"


def test_blocks_of_several_threads_leave_stderr_as_it_was(capfd):
    entered, before = threading.Event(), (os.fstat(2).st_ino, sys.stderr)

    def other():
        entered.set()
        with quiet_stderr():
            pass

    thread = threading.Thread(target=other)
    with quiet_stderr():
        thread.start()
        entered.wait()
        thread.join(timeout=0.05)
    thread.join()
    assert (os.fstat(2).st_ino, sys.stderr) == before
