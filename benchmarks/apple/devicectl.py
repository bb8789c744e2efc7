"""Apple's devicectl, Xcode's client for iPhones: its answers, and its errors in plain words.

Written after the formats that it documents (`--json-output`, versions 2 to 5); it has not run here.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lazydit.errors import LazyDiTError

ANSWER_S = 60
"""How long a phone may take over a short command."""

GRACE_S = 15
"""How much longer devicectl may take to give up by itself."""

NEEDS_XCODE = (
    "an iPhone is measured from a Mac with Xcode 15 or later: install it, choose it with sudo "
    "xcode-select -s /Applications/Xcode.app, and repeat"
)

_CORE_DEVICE = "com.apple.dt.CoreDeviceError"
_NO_FILE = 7000
_LOST = (1000, 1011, 4000, _NO_FILE)
"""CoreDevice's codes where the phone cannot be reached; 7000 says so too, of a file."""

_REMEDIES = (
    (
        10003,
        "could not be, unlocked|^locked$|is (currently )?locked",
        "the iPhone is locked: unlock it, keep its screen on and repeat",
    ),
    (
        10005,
        "developer mode is disabled",
        "developer mode is off on the iPhone: switch it on in Settings, Privacy & Security, and "
        "repeat",
    ),
    (
        None,
        "must be paired",
        "the iPhone is not paired with this Mac: unlock it, plug it in, answer its question with "
        "Trust and repeat",
    ),
    (
        None,
        "explicitly trusted|invalid code signature",
        "the iPhone does not trust who signed the app: in Settings, General, VPN & Device "
        "Management choose the developer, then Trust, and repeat",
    ),
    (
        12040,
        "developer disk image",
        "the iPhone is not ready for development: open Window, Devices and Simulators in Xcode, "
        "wait until it is, and repeat",
    ),
)
"""CoreDevice's code, a pattern in an error's words, and the sentence that either calls for."""

_WORDS = (
    "NSLocalizedDescription",
    "NSLocalizedFailureReason",
    "BSErrorCodeDescription",
    "NSDescription",
)


class FileMissing(LazyDiTError):
    """There is no such file on the phone."""


class DeviceLost(LazyDiTError):
    """The connection ended or could not be made; the next may hold."""


@dataclass(frozen=True)
class Reason:
    """One of the errors that explain one another."""

    domain: str
    code: int
    words: tuple[str, ...]


def devicectl(command: str, *arguments: str, limit_s: float = ANSWER_S) -> dict[str, Any]:
    """The result of a command, such as "device info processes".

    Raises FileMissing, DeviceLost, or LazyDiTError with what to do, when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="lazydit-devicectl-") as folder:
        answer = Path(folder, "answer.json")
        # Ahead of the arguments: what follows an app's identifier is the app's.
        options = ["--timeout", f"{limit_s:g}", "--json-output", str(answer)]
        done = _run(["xcrun", "devicectl", *command.split(), *options, *arguments], limit_s)
        content = _read(answer)
    info, result = content.get("info"), content.get("result")
    outcome = info.get("outcome") if isinstance(info, dict) else None
    if outcome == "success" and isinstance(result, dict):
        return result
    if outcome == "timeout":
        raise _no_answer(limit_s)
    if "unable to find utility" in done.stderr:
        raise LazyDiTError(NEEDS_XCODE)
    raise _failure(command, _reasons(content.get("error")), done.stderr)


def _run(words: Sequence[str], limit_s: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s + GRACE_S,
        )
    except FileNotFoundError:
        raise LazyDiTError(NEEDS_XCODE) from None
    except subprocess.TimeoutExpired:
        raise _no_answer(limit_s) from None


def _read(answer: Path) -> dict[str, Any]:
    """What devicectl has written; nothing where it has not, or no JSON."""
    try:
        content = json.loads(answer.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _no_answer(limit_s: float) -> DeviceLost:
    return DeviceLost(
        f"the iPhone gave no answer in {limit_s:g} s: unlock it, plug it in again and repeat"
    )


def _reasons(error: Any) -> list[Reason]:
    """From the error that devicectl reports to the one at the bottom of it."""
    reasons = []
    while isinstance(error, dict):
        info = error.get("userInfo")
        info = info if isinstance(info, dict) else {}
        words = (_text(info.get(key)) for key in _WORDS)
        code = error.get("code")
        reasons.append(
            Reason(
                str(error.get("domain")),
                code if isinstance(code, int) else 0,
                tuple(word for word in words if word),
            )
        )
        deeper = info.get("NSUnderlyingError")
        error = deeper.get("error") if isinstance(deeper, dict) else None
    return reasons


def _text(value: Any) -> str:
    """devicectl wraps strings: {"string": "..."}."""
    text = value.get("string") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


def _failure(command: str, reasons: Sequence[Reason], stderr: str) -> LazyDiTError:
    codes = [reason.code for reason in reasons if reason.domain == _CORE_DEVICE]
    words = [word for reason in reasons for word in reason.words]
    for code, pattern, sentence in _REMEDIES:
        if code in codes or any(re.search(pattern, word, re.IGNORECASE) for word in words):
            return LazyDiTError(sentence)
    said = "; ".join(dict.fromkeys(word.rstrip(".") for word in words)) or _last_line(stderr)
    if _NO_FILE in codes and any("file node" in word for word in words):
        return FileMissing(f"the iPhone has no such file ({said})")
    if any(code in _LOST for code in codes) or any("Connection" in r.domain for r in reasons):
        return DeviceLost(
            f"the connection to the iPhone was lost ({said}): unlock it, plug it in again and "
            "repeat"
        )
    return LazyDiTError(f"devicectl {command} fails ({said}): see to it in Xcode and repeat")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "without a word"
