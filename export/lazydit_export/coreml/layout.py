"""Where the model lies in a package: Manifest.json, as Core ML writes it."""

import json
from pathlib import Path
from typing import Any

from lazydit_export.coreml.faults import UPDATE, Fault

_VERSION = "1."


def model_file(package: Path) -> Path:
    """The path of the package's root model; Fault when `package` is not one."""
    manifest = package / "Manifest.json"
    if not manifest.is_file():
        raise Fault("it is no Core ML package (it has no Manifest.json)")
    try:
        content: Any = json.loads(manifest.read_text(encoding="utf-8"))
        version = content["fileFormatVersion"]
        item = content["itemInfoEntries"][content["rootModelIdentifier"]]["path"]
        inside = f"Data/{item}"
        known = version.startswith(_VERSION)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Fault("its Manifest.json is not that of a Core ML package") from error
    if not known:
        raise Fault(f"its Manifest.json is of the unknown version {version}", UPDATE)
    return member(package, inside)


def member(folder: Path, name: str) -> Path:
    """The file called `name` below `folder`; Fault when it is missing or leads elsewhere."""
    try:
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve()) and path.is_file()
    except ValueError:
        inside = False
    if not inside:
        raise Fault(f"its file {name!r} is missing or leads out of it")
    return path
