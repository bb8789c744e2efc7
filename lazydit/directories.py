"""Writing directories whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lazydit.errors import LazyDiTError


@contextmanager
def new_directory(out: Path, *, force: bool = False, mark: str = "") -> Iterator[Path]:
    """Yields an empty directory beside `out` that takes `out`'s place when the block ends well.

    When the block raises anything, ctrl-C included, the new directory is removed and an old `out`
    stays as it was. An existing `out` is refused unless `force`, and then too when it holds
    something but no file `mark`, by which directories of its kind are known. Raises LazyDiTError,
    also for whatever the disk refuses.
    """
    _refuse_existing(out, force, mark)
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}.new-"))
        temporary.chmod(0o755)
        yield temporary
        _sync(temporary)
        _replace(out, temporary, force, mark)
    except OSError as error:
        raise LazyDiTError(
            f"cannot write {out} ({error.strerror or error}): choose an --out in a folder that "
            "exists, is writable and has room"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _refuse_existing(out: Path, force: bool, mark: str) -> None:
    if not os.path.lexists(out):
        return
    if not force:
        instead = ", or replace it with --force" if mark else ""
        raise LazyDiTError(f"{out} exists: choose another --out{instead}")
    if out.is_symlink() or not out.is_dir() or (any(out.iterdir()) and not (out / mark).is_file()):
        raise LazyDiTError(f"{out} has no {mark}, so --force does not replace it: move it away")


def _sync(directory: Path) -> None:
    """Has the disk hold every file before the rename makes them visible."""
    for path in [*directory.rglob("*"), directory]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _replace(out: Path, new: Path, force: bool, mark: str) -> None:
    # Asked again: something may have come to `out` while the new directory was being made.
    _refuse_existing(out, force, mark)
    if not out.exists():
        new.rename(out)
        return
    old = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}.old-"))
    try:
        out.rename(old / out.name)
        new.rename(out)
    finally:
        if not out.exists():
            (old / out.name).rename(out)
        shutil.rmtree(old, ignore_errors=True)
