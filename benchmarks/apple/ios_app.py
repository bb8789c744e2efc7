"""A benchmark inside the demo app on an iPhone, started with launch arguments."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from app_report import checked, with_ratios
from apple.devicectl import DeviceLost, FileMissing
from apple.ios_bundle import push_bundle
from apple.ios_device import IosDevice
from apple.swift import COREML, TARGETS
from apple.xcode import build_app
from compare import OldRun
from lazydit.errors import LazyDiTError
from lazydit_export.install import APP
from lazydit_export.pushed import bundle_name
from lineup import line_up
from output import print_run

RESULTS = "Documents/benchmarks"

POLL_S = 5.0
"""A question goes over the phone's own network, which costs it a little."""

MOST_LOST = 3
"""Answers in a row that may fail to come: a connection over Wi-Fi drops now and then."""

HOT = ("serious", "critical")


def run_in_ios_app(device: IosDevice, arguments: argparse.Namespace, old: OldRun | None) -> None:
    """Builds and installs the app, has it measure, prints its rows.

    Raises LazyDiTError when that cannot be, the app ends early, or says why it cannot.
    """
    bundle = _bundle(arguments)
    with Status("building the app", console=Console(stderr=True)):
        app = build_app()
    with Status(f"installing it on {device.model}", console=Console(stderr=True)):
        device.install(app)
    if bundle is not None:
        path, name = bundle
        print(f"pushing {name}", file=sys.stderr)
        push_bundle(device, path, name)
    result = f"benchmark-{secrets.token_hex(4)}.json"
    content = measured(device, request(arguments, bundle and bundle[1], result), result)
    rows = with_ratios(content.pop("rows"))
    facts = {**content, "phone": device.model, "app": APP}
    print_run(arguments.output, facts, rows, remarks(content.get("conditions")), old)


def _bundle(arguments: argparse.Namespace) -> tuple[Path, str] | None:
    """The bundle to measure and its name on the phone; None: the one that the app uses by itself.

    Exports it where a model is named; LazyDiTError when it is not for iOS.
    """
    if arguments.bundle is None and arguments.model is None:
        return None
    arguments.threads, arguments.executor = [1], [COREML]
    lineup = line_up(arguments)
    (engine,) = lineup.engines
    assert engine.bundle is not None
    if lineup.manifest.target != TARGETS[COREML]:
        raise LazyDiTError(
            f"{engine.bundle} is for target {lineup.manifest.target}: give one that "
            "lazydit-export --target ios wrote"
        )
    return Path(engine.bundle), bundle_name(lineup.manifest)


def request(arguments: argparse.Namespace, bundle: str | None, result: str) -> list[str]:
    """What the app is launched with; it writes the file `result`."""
    words = ["--benchmark", "--steps", ",".join(map(str, arguments.steps))]
    words += ["--policies", ",".join(dict.fromkeys(["always", *arguments.policies]))]
    words += ["--rounds", str(arguments.rounds), "--out", result]
    return words if bundle is None else [*words, "--bundle", bundle]


def measured(device: IosDevice, words: Sequence[str], result: str) -> dict[str, Any]:
    """What the app writes to `result` once it has done what `words` ask for."""
    pid = device.launch(words)
    try:
        with Status("the app is measuring", console=Console(stderr=True)):
            return checked(_fetched(device, pid, f"{RESULTS}/{result}"))
    finally:
        with suppress(LazyDiTError):
            device.terminate(pid)


def _fetched(device: IosDevice, pid: int, path: str) -> bytes:
    """The file once it is there; the app writes it whole."""
    lost, ended = 0, False
    while True:
        try:
            with suppress(FileMissing):
                return device.pull(path)
            if ended:
                raise LazyDiTError(
                    "the app ended before it was done: Window, Devices and Simulators in Xcode has "
                    "its log; start it again"
                )
            # Asked for the file again: the app may have ended because it was done.
            ended = not device.is_running(pid)
            lost = 0
        except DeviceLost:
            lost += 1
            if lost == MOST_LOST:
                raise
        if not ended:
            time.sleep(POLL_S)


def remarks(conditions: Any) -> list[str]:
    """Of heat and battery at the end of each round, as far as the app tells."""
    moments = [m for m in conditions if isinstance(m, dict)] if isinstance(conditions, list) else []
    states = Counter(str(m["thermal_state"]) for m in moments if m.get("thermal_state"))
    parts = []
    if states:
        rounds = ", ".join(f"{state} in {n}" for state, n in states.items())
        parts.append(f"thermal state {rounds} of {len(moments)} rounds")
    levels = [m["battery_percent"] for m in moments if m.get("battery_percent") is not None]
    if levels:
        parts.append(f"battery {levels[0]} to {levels[-1]} %")
    if plugs := {m["plugged"] for m in moments if isinstance(m.get("plugged"), bool)}:
        parts.append("plugged in" if plugs == {True} else "not plugged in all the time")
    sentences = ["; ".join(parts)] if parts else []
    if hot := sum(states[state] for state in HOT):
        sentences.append(f"{hot} rounds ended on a hot phone: let it cool down and run again")
    return sentences
