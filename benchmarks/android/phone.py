"""An attached Android phone, on which lazydit-bench is every engine's process."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from android.binaries import find_binary
from android.conditions import Conditions, read_conditions, status_name, summary
from conductor import EngineFailed, EngineProcess
from lazydit.errors import LazyDiTError
from lazydit_export.adb import Phone
from lazydit_export.pushed import KEPT, bundle_files, bundle_name, forget_pushed, push_changed
from lazydit_runtime.manifest import FILE_NAME, Manifest
from lineup import Lineup
from protocol import EngineSpec
from tool_engine import ToolEngine

BENCH = "bin/lazydit-bench"
RUN = f"{KEPT}/run"
"""For what engines write of their own accord: gone after the run."""

POLL_S = 2.0
LONGEST_WAIT_S = 120.0
"""For a phone to cool down before a round."""

GOVERNORS = "cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor 2>/dev/null | sort -u"


@contextmanager
def opened_phone(phone: Phone, bench: Path | None, *, clean: bool) -> Iterator[AndroidPhone]:
    """The phone ready for a run; nothing of the run stays there, and with `clean` nothing at all.

    Raises LazyDiTError when `bench`, or the one that was built, is for another processor.
    """
    binary = find_binary(bench, phone.property("ro.product.cpu.abi"))
    try:
        phone.run("rm", "-rf", RUN)
        yield AndroidPhone(phone, binary)
    finally:
        # What ended the run is what is to be told, not that a lost phone cannot be tidied up.
        with suppress(LazyDiTError):
            phone.run("rm", "-rf", RUN)
            if clean:
                forget_pushed(phone)


class AndroidPhone:
    """The Device; see opened_phone."""

    def __init__(self, phone: Phone, binary: Path) -> None:
        self._phone = phone
        self._binary = binary
        self._modules = 0
        self._before = read_conditions(phone)
        self._rounds: list[Conditions] = []

    @property
    def processors(self) -> int:
        return int(self._phone.run("nproc"))

    def take(self, lineup: Lineup) -> Lineup:
        """Pushes what changed since it was last pushed. There are no bare matrix products."""
        self._modules = len(lineup.manifest.graph.modules)
        files = {BENCH: self._binary}
        folders = {}
        for spec in lineup.engines:
            assert spec.bundle is not None
            bundle = Path(spec.bundle)
            manifest = Manifest.read(bundle / FILE_NAME)
            folders[spec.bundle] = folder = f"bundles/{bundle_name(manifest)}"
            files |= bundle_files(bundle, manifest, folder)
        push_changed(self._phone, files, lambda path: print(f"pushing {path}", file=sys.stderr))
        engines = [
            replace(spec, bundle=f"{KEPT}/{folders[spec.bundle]}", checkpoint=None)
            for spec in lineup.engines
            if spec.bundle is not None
        ]
        return replace(lineup, engines=engines, limits=[])

    def start(self, spec: EngineSpec, folder: Path) -> EngineProcess:
        assert spec.bundle is not None
        weights = f"{RUN}/{folder.name}"
        words = [f"{KEPT}/{BENCH}", "--bundle", spec.bundle, "--threads", str(spec.threads)]
        words += ["--weight-cache", weights, "--serve"]
        # exec: the phone ends the process that adb knows when the connection ends.
        script = f"mkdir -p {shlex.quote(weights)} && exec {shlex.join(words)}"
        return PhoneEngine(self._phone, script, self._modules, spec, folder)

    def settle(self) -> None:
        """Waits until the thermal status is no worse than before the first round, and notes it."""
        began = time.monotonic()
        waited = 0.0
        while self._is_hot(now := read_conditions(self._phone)) and waited < LONGEST_WAIT_S:
            time.sleep(POLL_S)
            waited = time.monotonic() - began
        self._rounds.append(replace(now, waited_s=waited))

    def _is_hot(self, now: Conditions) -> bool:
        calm = self._before.thermal_status
        return calm is not None and now.thermal_status is not None and now.thermal_status > calm

    def facts(self) -> dict[str, Any]:
        return {
            **phone_facts(self._phone),
            "cpus": self.processors,
            "conditions": [asdict(moment) for moment in self._rounds],
        }

    def remarks(self) -> list[str]:
        """Of the rounds; the last sentence where some began while the phone was hot."""
        hot = [moment for moment in self._rounds if self._is_hot(moment)]
        if not hot:
            return summary(self._rounds)
        worst = status_name(max(moment.thermal_status or 0 for moment in hot))
        return [
            *summary(self._rounds),
            f"{len(hot)} rounds began at thermal status {worst} or better after {LONGEST_WAIT_S:g} "
            "s of waiting: let the phone cool down and run again",
        ]


class PhoneEngine(ToolEngine):
    """An engine on the phone; it ends with the connection that this process holds."""

    def __init__(
        self, phone: Phone, script: str, modules: int, spec: EngineSpec, folder: Path
    ) -> None:
        self._phone = phone
        super().__init__(phone.command(script), modules, spec, folder)

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        """Raises PhoneLost where the connection has ended and not the engine."""
        try:
            return super()._exchange(question)
        except EngineFailed:
            self._phone.require_attached()
            raise


def phone_facts(phone: Phone) -> dict[str, Any]:
    """What the phone is."""
    maker, model = phone.property("ro.product.manufacturer"), phone.property("ro.product.model")
    chip = phone.property("ro.soc.model") or phone.property("ro.hardware")
    governors = phone.shell(GOVERNORS).stdout.split()
    version, level = (phone.property(f"ro.build.version.{name}") for name in ("release", "sdk"))
    return {
        "device": "android",
        "phone": f"{maker} {model}",
        "processor": chip,
        "machine": phone.property("ro.product.cpu.abi"),
        "system": f"Android {version} (API {level})",
        "governor": ", ".join(governors) or None,
    }
