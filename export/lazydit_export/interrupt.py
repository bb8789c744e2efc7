"""Ctrl-C that PyTorch's exporter cannot swallow."""

import signal
import threading
from types import FrameType


class KeptInterrupt:
    """While entered, ctrl-C raises KeyboardInterrupt as ever and is remembered besides.

    Python drops an exception that is raised in a weak reference's callback, where the exporter
    spends some of its time. Outside the main thread ctrl-C does not arrive, and nothing is done.
    """

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> "KeptInterrupt":
        self._mine = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._mine:
            signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self._mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raises KeyboardInterrupt if ctrl-C was pressed since this was entered."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt
