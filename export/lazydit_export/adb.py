"""Phones that are attached to this machine, by way of Android's own client, adb."""

import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lazydit.errors import LazyDiTError

ANSWER_S = 60
"""How long a phone may take over a short command."""

READY = "device"
"""The state of a phone that takes commands."""

PASSING = ("authorizing", "connecting")
"""States that another follows at once."""

SETTLE_S = 5.0

_REMEDIES = {
    "unauthorized": "has not allowed this computer yet: unlock it and accept the question about "
    "USB debugging",
    "offline": "does not answer: unplug it, plug it in again, and see that adb devices lists it",
    "no permissions": "may not be used by this user: see adb devices -l for what udev lacks",
}


class PhoneLost(LazyDiTError):
    """The connection ended in the middle of something."""


@dataclass(frozen=True)
class Attached:
    """What adb knows of a phone: `state` is READY, unauthorized, offline ..."""

    serial: str
    state: str


@dataclass(frozen=True)
class Outcome:
    """What a command left, on the phone or here."""

    code: int
    stdout: str
    stderr: str

    @property
    def last_words(self) -> str:
        """The line that names an error, or the last one."""
        lines = f"{self.stdout}\n{self.stderr}".strip().splitlines()
        last = lines[-1].strip() if lines else f"exit code {self.code}"
        return next((line.strip() for line in lines if "error" in line.lower()), last)


def attached_phones() -> list[Attached]:
    """All that adb lists; raises LazyDiTError when there is no adb."""
    lines = _adb(["devices"], ANSWER_S).stdout.splitlines()
    fields = (line.split("\t", 1) for line in lines if "\t" in line)
    return [Attached(serial, state.split(";")[0].strip()) for serial, state in fields]


def _settled_phones() -> list[Attached]:
    """All that adb lists once it has made its mind up about each."""
    end = time.monotonic() + SETTLE_S
    while True:
        attached = attached_phones()
        if all(phone.state not in PASSING for phone in attached) or time.monotonic() > end:
            return attached
        time.sleep(0.1)


def find_phone(serial: str | None) -> "Phone":
    """The phone of that serial number, or the one that is attached.

    Raises LazyDiTError when there is none, more than one to choose from, or it is not ready.
    """
    attached = _settled_phones()
    if serial is not None:
        attached = [phone for phone in attached if phone.serial == serial]
        if not attached:
            raise LazyDiTError(f"no phone {serial} is attached: see adb devices for those that are")
    if not attached:
        raise LazyDiTError(
            "no phone is attached: plug one in and switch on USB debugging in its developer options"
        )
    ready = [phone for phone in attached if phone.state == READY]
    if len(ready) > 1:
        names = ", ".join(phone.serial for phone in ready)
        raise LazyDiTError(f"{len(ready)} phones are attached ({names}): choose with --serial")
    if not ready:
        first = attached[0]
        remedy = next((r for state, r in _REMEDIES.items() if first.state.startswith(state)), None)
        raise LazyDiTError(
            f"phone {first.serial} "
            + (remedy or f"is not ready ({first.state}): start Android on it as usual")
        )
    return Phone(ready[0].serial)


@dataclass(frozen=True)
class Phone:
    """An attached phone. Every method raises PhoneLost when the connection ends meanwhile."""

    serial: str

    def command(self, script: str) -> list[str]:
        """The client's command line for a line of shell there, with its standard streams."""
        return ["adb", "-s", self.serial, "shell", script]

    def shell(self, script: str) -> Outcome:
        """Runs a line of shell there."""
        outcome = _adb(["-s", self.serial, "shell", script], ANSWER_S)
        if outcome.code != 0:
            self.require_attached()
        return outcome

    def run(self, *words: str) -> str:
        """What a command prints; raises LazyDiTError when it fails."""
        outcome = self.shell(shlex.join(words))
        if outcome.code != 0:
            raise LazyDiTError(_refused(words[0], outcome))
        return outcome.stdout

    def property(self, name: str) -> str:
        """A system property, such as ro.product.model; empty where there is none."""
        return self.run("getprop", name).strip()

    def push(self, local: Path, remote: str) -> None:
        """Copies a file there; raises LazyDiTError when it does not fit or may not be written."""
        outcome = _adb(["-s", self.serial, "push", str(local), remote], None)
        if outcome.code != 0:
            self.require_attached()
            raise LazyDiTError(_refused(f"to take {local.name}", outcome))

    def pull(self, remote: str, local: Path) -> None:
        """Copies a file from there."""
        outcome = _adb(["-s", self.serial, "pull", remote, str(local)], None)
        if outcome.code != 0:
            self.require_attached()
            raise LazyDiTError(_refused(f"to give {remote}", outcome))

    def require_attached(self) -> None:
        """Raises PhoneLost unless the phone is still there."""
        if Attached(self.serial, READY) not in attached_phones():
            raise PhoneLost(
                f"the connection to phone {self.serial} was lost: plug it in again and repeat"
            )


def _refused(what: str, outcome: Outcome) -> str:
    if "No space left" in outcome.stdout + outcome.stderr:
        return "the phone is full: free some of its storage and repeat"
    return f"the phone refuses {what} ({outcome.last_words}): see adb shell and repeat"


def _adb(arguments: Sequence[str], limit_s: float | None) -> Outcome:
    try:
        done = subprocess.run(
            ["adb", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
        )
    except FileNotFoundError:
        raise LazyDiTError(
            "there is no adb on this machine: install Android's platform-tools (Debian: apt "
            "install adb)"
        ) from None
    except subprocess.TimeoutExpired:
        raise PhoneLost(
            f"adb gave no answer in {limit_s:g} s: plug the phone in again and repeat"
        ) from None
    return Outcome(done.returncode, done.stdout, done.stderr)
