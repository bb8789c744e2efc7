"""A Mac with Xcode, and a phone attached to it: programs that stand for Apple's and XcodeGen.

They check the command lines that they are given and answer in the formats that are documented for
Apple's, which nobody has run here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.apple import apple_programs
from tests.benchmarks.apple.apple_programs import core_device_error

UDID = "00008130-0000111122223333"

MISSING = core_device_error(7000, "Failed to retrieve the file node for Documents/x")
LOST = core_device_error(
    4000,
    "A connection to this device could not be established.",
    {
        "code": 1001,
        "domain": "com.apple.dt.RemotePairingError",
        "userInfo": {"NSLocalizedDescription": {"string": "Timed out"}},
    },
)


def device(
    name: str = "Acme's iPhone",
    udid: str = UDID,
    hardware: dict[str, Any] | None = None,
    connection: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An entry of `devicectl list devices`: one that is ready, with other properties as given."""
    return {
        "identifier": f"0000-{udid}",
        "visibilityClass": "default",
        "connectionProperties": {
            "pairingState": "paired",
            "transportType": "wired",
            "tunnelState": "disconnected",
            **(connection or {}),
        },
        "deviceProperties": {
            "ddiServicesAvailable": True,
            "developerModeStatus": "enabled",
            "name": name,
            "osVersionNumber": "18.1",
            **(state or {}),
        },
        "hardwareProperties": {
            "deviceType": "iPhone",
            "marketingName": "iPhone 15 Pro",
            "platform": "iOS",
            "productType": "iPhone16,1",
            "reality": "physical",
            "serialNumber": f"S{udid[-4:]}",
            "udid": udid,
            **(hardware or {}),
        },
    }


@dataclass(frozen=True)
class AppleTools:
    """The programs and what they saw; `state` holds what they know, `checkout` stands for this
    repository's folder."""

    state: Path
    checkout: Path

    @classmethod
    def make(cls, folder: Path) -> AppleTools:
        """Makes them below `folder`: one phone, without the app."""
        tools = cls(folder / "state", folder / "checkout")
        tools.programs.mkdir(parents=True)
        script = Path(apple_programs.__file__)
        for name in ("xcrun", "xcodebuild", "xcodegen"):
            program = tools.programs / name
            words = f'"{sys.executable}" -S -E "{script}" "{tools.state}" {name}'
            program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
            program.chmod(0o755)
        tools.set()
        (tools.checkout / "ios_app").mkdir(parents=True)
        tools.spec.write_text("name: LazyDiTDemo\n")
        bundle = tools.checkout / "build" / "ios" / "demo-ios"
        bundle.mkdir(parents=True)
        (bundle / "manifest.json").write_text("{}")
        return tools

    @property
    def programs(self) -> Path:
        return self.state / "bin"

    @property
    def spec(self) -> Path:
        return self.checkout / "ios_app" / "project.yml"

    @property
    def documents(self) -> Path:
        """The folder of that name of the app on the phone."""
        return self.state / "container" / "Documents"

    def set(
        self,
        devices: Sequence[dict[str, Any]] | None = None,
        result: str | None = None,
        ends: bool = False,
        interrupts: bool = False,
    ) -> None:
        """What is attached; what the app leaves, if it does; whether it ends by itself; whether the
        first look for its result meets a ctrl-C."""
        settings = {
            "devices": [device()] if devices is None else devices,
            "result": result,
            "ends": ends,
            "interrupts": interrupts,
        }
        (self.state / "settings.json").write_text(json.dumps(settings))

    def fail(self, command: str, *failures: dict[str, Any] | None) -> None:
        """The next calls of a devicectl command fail so, one after the other; None does not."""
        path = self.state / f"failures-{command.replace(' ', '-')}.json"
        path.write_text(json.dumps(failures))

    def say(self, program: str, words: str) -> None:
        """xcodebuild or xcodegen prints this and fails."""
        (self.state / f"{program}-says").write_text(words)

    @property
    def calls(self) -> list[list[str]]:
        """The command lines so far, without where devicectl leaves its answer and how long it may
        take."""
        path = self.state / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [_without_output(json.loads(line)) for line in lines]

    @property
    def launched(self) -> list[str]:
        """What the app was last launched with."""
        words: list[str] = json.loads((self.state / "launched.json").read_text())
        return words

    @property
    def app_runs(self) -> bool:
        return (self.state / "running").exists()


def _without_output(words: list[str]) -> list[str]:
    if "--json-output" not in words:
        return words
    start = words.index("--timeout")
    assert words[start + 2] == "--json-output"
    return words[:start] + words[start + 4 :]
