"""Which other arguments go with a device; all raise LazyDiTError for one that does not."""

from __future__ import annotations

import argparse

from apple.swift import COREML, NATIVE, is_swift
from lazydit.errors import LazyDiTError

_PHONE_ONLY = {"serial": "android or ios", "app": "android", "clean": "android"}


def check_here_arguments(arguments: argparse.Namespace) -> None:
    """For this machine."""
    for name, devices in _PHONE_ONLY.items():
        if getattr(arguments, name):
            raise LazyDiTError(
                f"--{name} is about a phone: add --device {devices}, or leave it out"
            )
    if arguments.bench is not None and not any(map(is_swift, arguments.executor or [])):
        raise LazyDiTError(
            f"--bench is about a phone or Swift: add --device android, or --executor {COREML} or "
            f"{NATIVE}, or leave it out"
        )


def check_phone_arguments(arguments: argparse.Namespace) -> None:
    """For an Android phone."""
    _refuse_peers(arguments)
    if arguments.executor not in (None, ["executorch"]):
        raise LazyDiTError("lazydit-bench runs ExecuTorch's programs: leave --executor out")
    if not arguments.app:
        return
    if arguments.bench is not None:
        raise LazyDiTError("the app holds its own runtime: leave --bench or --app out")
    for name in ("threads", "precision"):
        _refuse_several(arguments, name)
    if arguments.ratio is not None:
        raise LazyDiTError(
            "the app times every gate set of a step count: leave --ratio or --app out"
        )


def check_app_arguments(arguments: argparse.Namespace) -> None:
    """For the demo app on an iPhone."""
    _refuse_peers(arguments)
    for name, reason in (
        ("executor", "the app runs Core ML"),
        ("bench", "the app holds its own runtime"),
        ("threads", "Core ML chooses its threads"),
        ("ratio", "the app times every gate set of a step count"),
        ("clean", "nothing can be removed from an iPhone but with its app"),
    ):
        if getattr(arguments, name):
            raise LazyDiTError(f"{reason}: leave --{name} out")
    _refuse_several(arguments, "precision")
    if arguments.precision and arguments.model is None and arguments.bundle is None:
        raise LazyDiTError(
            "the app's own bundle has the precision it has: add --model to export another, or "
            "leave --precision out"
        )


def _refuse_peers(arguments: argparse.Namespace) -> None:
    if arguments.peers:
        raise LazyDiTError("peers do not run on a phone: give --peers none")


def _refuse_several(arguments: argparse.Namespace, name: str) -> None:
    if len(getattr(arguments, name) or []) > 1:
        raise LazyDiTError(f"the app runs one bundle as it is: give one value of --{name}")
