"""Writing files whole or not at all, and saying plainly when a file cannot be used."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from lazydit.errors import LazyDiTError


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it to `path`.

    Raises LazyDiTError when the folder cannot be written to or the disk is full; `path` then is
    what it was before.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise _cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_writable(path: Path, suffix: str) -> None:
    """Raises LazyDiTError unless a file `path`, which must end in `suffix`, can be written.

    Long work asks before it starts. Readers go by the suffix, so that another one would make a
    file that cannot be read again.
    """
    if path.is_dir():
        raise LazyDiTError(f"{path} is a folder: name the file to write")
    if path.suffix != suffix:
        raise LazyDiTError(f"{path} does not end in {suffix}: name it {path.stem}{suffix}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of the file."""
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        # Small pieces: a bundle has all of its files hashed at once.
        while chunk := opened.read(1 << 16):
            digest.update(chunk)
    return digest.hexdigest()


def existing_file(path: Path, what: str) -> Path:
    """`path`, or a LazyDiTError that says that this `what` is missing."""
    if path.is_dir():
        raise LazyDiTError(f"{path} is a folder: give the {what} file itself")
    if not path.is_file():
        raise LazyDiTError(f"there is no {what} at {path}: check the path")
    return path


def _cannot_write(path: Path, error: Exception) -> LazyDiTError:
    reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    if "enforce fail" in reason:
        reason = "the disk took only a part of it"  # torch.save gives no other reason.
    return LazyDiTError(
        f"cannot write {path} ({reason.strip()}): choose a folder that exists, is writable "
        "and has room"
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
