"""--device ios: which phone is meant, and what it and devicectl refuse.

The programs here stand for Apple's, which have not run; see apple_tools.
"""

import json
from typing import Any

import pytest

from tests.benchmarks.apple.apple_programs import core_device_error
from tests.benchmarks.apple.apple_tools import LOST, UDID, AppleTools, device
from tests.benchmarks.apple.ios_run import RESULT, measure, sentence

WATCH = device("Watch", "W", hardware={"platform": "watchOS"})
SIMULATED = device("Simulator", "S", hardware={"reality": "simulated"})
AWAY = device("Away", "A", connection={"tunnelState": "unavailable", "transportType": None})
UNPAIRED = device("New", "N", connection={"pairingState": "unpaired"})


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        ([], "no iPhone is attached: plug one in and unlock it"),
        ([WATCH, SIMULATED, AWAY], "no iPhone is attached: plug one in and unlock it"),
        (
            [device(), UNPAIRED, device("Other", "O")],
            f"2 iPhones are attached (Acme's iPhone {UDID}, Other O): choose with --serial",
        ),
        (
            [UNPAIRED, AWAY],
            "New is not paired with this Mac: unlock it, plug it in, answer its question "
            "with Trust and repeat",
        ),
        (
            [device(state={"developerModeStatus": "disabled"})],
            "developer mode is off on Acme's iPhone: switch it on in Settings, Privacy & Security, "
            "and repeat",
        ),
    ],
)
def test_a_phone_that_is_not_ready_is_a_sentence(
    devices: list[dict[str, Any]],
    said: str,
    apple: AppleTools,
    capsys: pytest.CaptureFixture[str],
) -> None:
    apple.set(devices)
    assert sentence(capsys) == said


@pytest.mark.parametrize("serial", ["Other", "O-UDID", "0000-O-UDID", "SUDID"])
def test_a_phone_is_chosen_by_any_of_its_names(
    serial: str, apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    apple.set([device(), device("Other", "O-UDID"), WATCH], result=json.dumps(RESULT))
    assert measure("--serial", serial) == 0
    assert "O-UDID" in apple.calls[-1]
    capsys.readouterr()
    assert sentence(capsys, "--serial", "Watch") == (
        "no iPhone Watch is attached: see xcrun devicectl list devices for those that are"
    )


def denied(reason: str, words: str) -> dict[str, Any]:
    """A launch that the phone refuses, as devicectl tells it."""
    info = {
        "NSLocalizedFailureReason": {"string": words},
        "BSErrorCodeDescription": {"string": reason},
    }
    inner = {"code": 7, "domain": "FBSOpenApplicationErrorDomain", "userInfo": info}
    return core_device_error(10002, "The application failed to launch.", inner)


NO_SPACE = {"code": 28, "domain": "NSPOSIXErrorDomain", "userInfo": {}}


@pytest.mark.parametrize(
    ("command", "failure", "said"),
    [
        ("device install app", LOST, "the connection to the iPhone was lost (A connection to this"),
        (
            "device install app",
            core_device_error(10003, "The device is currently locked."),
            "the iPhone is locked: unlock it, keep its screen on and repeat",
        ),
        (
            "device install app",
            core_device_error(10005, "The operation failed because Developer Mode is disabled."),
            "developer mode is off on the iPhone: switch it on",
        ),
        (
            "device install app",
            core_device_error(4000, "The device must be paired before it can be connected."),
            "the iPhone is not paired with this Mac",
        ),
        (
            "device install app",
            core_device_error(12040, "The developer disk image could not be mounted."),
            "the iPhone is not ready for development: open Window, Devices and Simulators",
        ),
        (
            "device install app",
            core_device_error(3002, "Failed to install the app on the device.", NO_SPACE),
            "devicectl device install app fails (Failed to install the app on the device): see to",
        ),
        (
            "device process launch",
            denied("Locked", "the device was not, or could not be, unlocked"),
            "the iPhone is locked: unlock it",
        ),
        (
            "device process launch",
            denied("Security", "its profile has not been explicitly trusted by the user"),
            "the iPhone does not trust who signed the app: in Settings, General, VPN & Device",
        ),
        (
            "device process launch",
            core_device_error(10002, "The application failed to launch."),
            "devicectl device process launch fails (The application failed to launch): see to it",
        ),
        (
            "device process launch",
            {"info": {"outcome": "timeout", "details": "Exceeded command timeout"}},
            "the iPhone gave no answer in 60 s",
        ),
        (
            "device process launch",
            {"info": {"outcome": "success"}, "result": {"process": {}}},
            "devicectl does not tell the app's process",
        ),
        ("list devices", {}, "devicectl list devices fails (without a word): see to it in Xcode"),
    ],
)
def test_what_the_phone_refuses_is_a_sentence(
    command: str,
    failure: dict[str, Any],
    said: str,
    apple: AppleTools,
    capsys: pytest.CaptureFixture[str],
) -> None:
    apple.fail(command, failure)
    assert sentence(capsys).startswith(said)
