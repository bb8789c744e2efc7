"""A bundle handed to the demo app on a phone."""

from collections.abc import Callable
from pathlib import Path

from lazydit.errors import LazyDiTError
from lazydit_export.adb import Phone
from lazydit_export.pushed import KEPT, bundle_files, push_changed
from lazydit_runtime.manifest import FILE_NAME, Manifest

APP = "org.lazydit.demo"
"""The demo app's package."""

FILES = f"/sdcard/Android/data/{APP}/files"
"""What the app calls getExternalFilesDir(null)."""


def install_bundle(phone: Phone, bundle: Path, name: str, pushing: Callable[[str], object]) -> None:
    """Puts a bundle into the app's folder under `name`, whole or not at all.

    It is pushed beside the app first, where the benchmark looks too, so that what is there already
    is not pushed again. Raises LazyDiTError when the app is not installed or has no room.
    """
    require_app(phone)
    folder = f"bundles/{name}"
    push_changed(phone, bundle_files(bundle, Manifest.read(bundle / FILE_NAME), folder), pushing)
    kept, place = f"{KEPT}/{folder}", f"{FILES}/{folder}"
    new, old = f"{FILES}/bundles/.{name}.new", f"{FILES}/bundles/.{name}.old"
    if phone.shell(f"cmp -s {kept}/{FILE_NAME} {place}/{FILE_NAME}").code == 0:
        return
    phone.run("rm", "-rf", new, old)
    phone.run("mkdir", "-p", f"{FILES}/bundles")
    try:
        phone.run("cp", "-r", kept, new)
    except LazyDiTError:
        phone.shell(f"rm -rf {new}")
        raise
    phone.shell(f"test ! -e {place} || mv {place} {old}; mv {new} {place}; rm -rf {old}")


def require_app(phone: Phone) -> None:
    """Raises LazyDiTError unless the app is installed and has made its folder."""
    if f"package:{APP}" not in phone.run("pm", "list", "packages", APP).split():
        raise LazyDiTError(
            f"the demo app ({APP}) is not on phone {phone.serial}: install it with adb install"
        )
    if phone.shell(f"test -d {FILES}").code != 0:
        raise LazyDiTError("the demo app has made no folder yet: start it once and repeat")
