"""Which device --device means."""

from __future__ import annotations

import argparse
import shutil
import sys

from lazydit.errors import LazyDiTError
from lazydit_export.adb import Phone, attached_phones, find_phone

HOST = "host"
ANDROID = "android"
ATTACHED = "attached"
"""--device without a value: a phone if there is one, else the host."""


def chosen_phone(arguments: argparse.Namespace) -> Phone | None:
    """The phone to measure, None for this machine.

    Raises LazyDiTError when the device asked for is not known or not there, or when other arguments
    do not go with it.
    """
    phone = _find(arguments.device, arguments.serial)
    if phone is None:
        _refuse_phone_arguments(arguments)
    else:
        _refuse_host_arguments(arguments)
    return phone


def _find(device: str, serial: str | None) -> Phone | None:
    if device == ANDROID or (device == ATTACHED and serial is not None):
        return find_phone(serial)
    if device == ATTACHED:
        if shutil.which("adb") and attached_phones():
            return find_phone(None)
        print("no phone is attached: measuring the host", file=sys.stderr)
    elif device != HOST:
        raise LazyDiTError(f"device '{device}' is not known: choose {HOST} or {ANDROID}")
    return None


def _refuse_phone_arguments(arguments: argparse.Namespace) -> None:
    for name in ("serial", "bench", "app", "clean"):
        if getattr(arguments, name):
            raise LazyDiTError(
                f"--{name} is about a phone: add --device {ANDROID}, or leave it out"
            )


def _refuse_host_arguments(arguments: argparse.Namespace) -> None:
    if arguments.peers:
        raise LazyDiTError("peers do not run on a phone: give --peers none")
    if arguments.executor not in (None, ["executorch"]):
        raise LazyDiTError("lazydit-bench runs ExecuTorch's programs: leave --executor out")
    if not arguments.app:
        return
    if arguments.bench is not None:
        raise LazyDiTError("the app holds its own runtime: leave --bench or --app out")
    for name in ("threads", "precision"):
        if len(getattr(arguments, name) or []) > 1:
            raise LazyDiTError(f"the app runs one bundle as it is: give one value of --{name}")
    if arguments.ratio is not None:
        raise LazyDiTError(
            "the app times every gate set of a step count: leave --ratio or --app out"
        )
