"""What is wrong with a package, said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lazydit.errors import LazyDiTError

EXPORT_AGAIN = "export the bundle again"
UPDATE = "update lazydit, or export the bundle again"


class Fault(Exception):
    """Something in a package that is wrong or not known; `remedy` says what to do about it."""

    def __init__(self, problem: str, remedy: str = EXPORT_AGAIN) -> None:
        super().__init__(problem)
        self.remedy = remedy


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Turn a Fault into a LazyDiTError that names the file at `path`."""
    try:
        yield
    except Fault as fault:
        problem = " ".join(str(fault).split())
        raise LazyDiTError(f"{path} cannot be used, {problem}: {fault.remedy}") from fault
    except OSError as error:
        raise LazyDiTError(
            f"{path} cannot be read ({error.strerror}): check the path and its permissions"
        ) from error
