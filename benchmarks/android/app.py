"""A benchmark inside the demo app on an Android phone: its own screen does it, started over adb."""

from __future__ import annotations

import argparse
import secrets
import shlex
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from android.conditions import read_conditions, summary
from android.phone import phone_facts
from app_report import checked, with_ratios
from compare import OldRun
from lazydit.errors import LazyDiTError
from lazydit_export.adb import Phone
from lazydit_export.install import APP, FILES, install_bundle, require_app
from lazydit_export.pushed import bundle_name, forget_pushed
from lineup import Lineup, line_up
from output import print_run

ACTIVITY = f"{APP}/.BenchmarkActivity"
ACTION = f"{APP}.BENCHMARK"
RESULTS = f"{FILES}/benchmarks"

POLL_S = 1.0


def run_in_android_app(phone: Phone, arguments: argparse.Namespace, old: OldRun | None) -> None:
    """Installs the bundle, has the app measure it, prints its rows.

    Raises LazyDiTError when the app is missing, ends early, or says why it cannot.
    """
    require_app(phone)
    threads = arguments.threads
    arguments.threads = threads or [1]
    lineup = line_up(arguments)
    bundle = lineup.engines[0].bundle
    assert bundle is not None
    name = bundle_name(lineup.manifest)
    install_bundle(
        phone, Path(bundle), name, lambda path: print(f"pushing {path}", file=sys.stderr)
    )
    before = read_conditions(phone)
    result = f"benchmark-{secrets.token_hex(4)}.json"
    words = request(name, lineup, arguments, threads, result)
    try:
        content = measured(phone, words, f"{RESULTS}/{result}")
    finally:
        with suppress(LazyDiTError):
            phone.shell(f"am force-stop {APP}; rm -f {RESULTS}/{result}")
            if arguments.clean:
                forget_pushed(phone)
    moments = [before, read_conditions(phone)]
    rows = with_ratios(content.pop("rows"))
    facts = {
        **content,
        **phone_facts(phone),
        "app": APP,
        "conditions": [asdict(moment) for moment in moments],
    }
    print_run(arguments.output, facts, rows, summary(moments), old)


def request(
    name: str,
    lineup: Lineup,
    arguments: argparse.Namespace,
    threads: list[int] | None,
    result: str,
) -> list[str]:
    """The command that starts the app's benchmark; it writes the file `result`."""
    words = ["am", "start", "-W", "-n", ACTIVITY, "-a", ACTION, "--es", "bundle", name]
    words += ["--es", "steps", ",".join(map(str, arguments.steps))]
    words += ["--es", "policies", ",".join(dict.fromkeys(["always", *arguments.policies]))]
    words += ["--ei", "rounds", str(arguments.rounds)]
    if threads is not None:
        words += ["--ei", "threads", str(threads[0])]
    return [*words, "--es", "out", result]


def measured(phone: Phone, words: list[str], result: str) -> dict[str, Any]:
    """What the app writes to `result` once it has done what `words` ask for."""
    started = phone.shell(shlex.join(words))
    # am says so in words: its exit code is 0 on some versions of Android.
    if started.code != 0 or "Error" in started.stdout + started.stderr:
        raise LazyDiTError(
            f"the app cannot start its benchmark ({started.last_words}): install a newer build"
        )
    with Status("the app is measuring", console=Console(stderr=True)):
        while not _exists(phone, result):
            # Asked again: the app may have ended because it was done.
            if phone.shell(f"pidof {APP}").code != 0 and not _exists(phone, result):
                raise LazyDiTError(
                    "the app ended before it was done: adb logcat says why; start it again"
                )
            time.sleep(POLL_S)
    with tempfile.TemporaryDirectory(prefix="lazydit-benchmarks-") as folder:
        local = Path(folder, "result.json")
        phone.pull(result, local)
        return checked(local.read_bytes())


def _exists(phone: Phone, path: str) -> bool:
    return phone.shell(f"test -f {shlex.quote(path)}").code == 0
