"""A bundle handed to the demo app on an iPhone."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from apple.devicectl import FileMissing
from apple.ios_device import IosDevice
from lazydit_runtime.manifest import FILE_NAME

BUNDLES = "Documents/bundles"
"""Where the app looks for them, in its folder."""


def push_bundle(device: IosDevice, bundle: Path, name: str) -> bool:
    """Puts a bundle into the app's folder under `name`; false where the same is there already.

    The manifest goes last, since the app takes a folder with one for a bundle: it sees nothing half
    copied, whenever the connection ends. The app is installed already.
    """
    folder = f"{BUNDLES}/{name}"
    with suppress(FileMissing):
        if device.pull(f"{folder}/{FILE_NAME}") == (bundle / FILE_NAME).read_bytes():
            return False
    with tempfile.TemporaryDirectory(prefix="lazydit-benchmarks-") as scratch:
        files = Path(scratch, name)
        shutil.copytree(bundle, files)
        (files / FILE_NAME).unlink()
        device.push(files, folder)
    device.push(bundle / FILE_NAME, f"{folder}/{FILE_NAME}")
    return True
