"""Files kept on a phone: what is there already, by hash, is not pushed again."""

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from lazydit.files import sha256
from lazydit_export.adb import Phone
from lazydit_runtime.manifest import FILE_NAME, Manifest

KEPT = "/data/local/tmp/lazydit"
"""Where a phone's shell user may keep and run files."""

RECORD = f"{KEPT}/pushed.sha256"
"""A line for every file that was pushed whole: its sha256 and its path below KEPT."""


def bundle_name(manifest: Manifest) -> str:
    """What a bundle is called on a phone, where the next of its model and precision replaces it."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', manifest.model.name)}-{manifest.precision}"


def bundle_files(bundle: Path, manifest: Manifest, folder: str) -> dict[str, Path]:
    """A bundle's files by their paths below KEPT; the manifest is last, as in a finished bundle."""
    return {f"{folder}/{name}": bundle / name for name in (*manifest.files, FILE_NAME)}


def push_changed(
    phone: Phone, files: Mapping[str, Path], pushing: Callable[[str], object]
) -> list[str]:
    """Brings `files`, by their paths below KEPT, onto the phone; `pushing` is told of each.

    Returns the paths that were pushed. A file counts as there if the record has its hash and its
    size is right. What else lies in the same folders is removed. However this ends, the record
    holds no file that is not there whole.
    """
    wanted = {path: sha256(local) for path, local in files.items()}
    recorded, sizes = _recorded(phone), _sizes(phone)
    there = {path: digest for path, digest in recorded.items() if path in sizes}
    changed = [
        path
        for path, local in files.items()
        if there.get(path) != wanted[path] or sizes[path] != local.stat().st_size
    ]
    folders = {posixpath.dirname(path) for path in files if posixpath.basename(path) == FILE_NAME}
    stale = [
        path
        for path in sizes
        if path not in files and any(path.startswith(f"{f}/") for f in folders)
    ]
    if not changed and not stale:
        return []
    _write_record(phone, {p: d for p, d in there.items() if p not in {*changed, *stale}})
    # The record first: a file that is being replaced may be cut anywhere.
    gone = [*changed, *stale]
    phone.run("rm", "-f", *(f"{KEPT}/{path}" for path in gone))
    for folder in sorted({posixpath.dirname(path) for path in changed}):
        phone.run("mkdir", "-p", f"{KEPT}/{folder}")
    for path in changed:
        pushing(path)
        phone.push(files[path], f"{KEPT}/{path}")
        _append(phone, f"{wanted[path]}  {path}")
    return changed


def forget_pushed(phone: Phone) -> None:
    """Removes all that was ever pushed."""
    phone.run("rm", "-rf", KEPT)


def _recorded(phone: Phone) -> dict[str, str]:
    lines = phone.shell(f"cat {RECORD} 2>/dev/null").stdout.splitlines()
    pairs = (line.split("  ", 1) for line in lines if "  " in line)
    return {path: digest for digest, path in pairs}


def _sizes(phone: Phone) -> dict[str, int]:
    script = f"cd {KEPT} 2>/dev/null && find . -type f -exec stat -c '%s %n' {{}} +"
    pairs = (line.split(" ", 1) for line in phone.shell(script).stdout.splitlines() if " " in line)
    return {path.removeprefix("./"): int(size) for size, path in pairs}


def _write_record(phone: Phone, record: Mapping[str, str]) -> None:
    text = "".join(f"{digest}  {path}\n" for path, digest in record.items())
    phone.run("mkdir", "-p", KEPT)
    phone.run(
        "sh", "-c", f"printf %s {shlex.quote(text)} > {RECORD}.new && mv {RECORD}.new {RECORD}"
    )


def _append(phone: Phone, line: str) -> None:
    phone.run("sh", "-c", f"echo {shlex.quote(line)} >> {RECORD}")
