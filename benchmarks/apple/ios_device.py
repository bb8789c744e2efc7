"""An attached iPhone or iPad, by way of devicectl."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apple.devicectl import ANSWER_S, DeviceLost, devicectl
from lazydit.errors import LazyDiTError
from lazydit_export.install import APP

TRANSFER_S = 1800
"""How long an app or a bundle may be on its way."""

CONTAINER = ("--domain-type", "appDataContainer", "--domain-identifier", APP)
"""The app's own folder on the phone, against which paths are meant."""


@dataclass(frozen=True)
class IosDevice:
    """A phone that is ready. Every method raises DeviceLost when the connection ends meanwhile, and
    LazyDiTError with what to do when the phone refuses.

    Attributes:
        udid: by which devicectl finds it.
        model: what Apple sells it as.
    """

    udid: str
    model: str

    def install(self, app: Path) -> None:
        """Installs an app, or its new version, which keeps the files of the old one."""
        self._ask("device install app", str(app), limit_s=TRANSFER_S)

    def launch(self, arguments: Sequence[str]) -> int:
        """Starts the app anew with `arguments`; its process."""
        # A "--" ahead of the arguments would reach the app.
        result = self._ask("device process launch", "--terminate-existing", APP, *arguments)
        process = result.get("process")
        pid = process.get("processIdentifier") if isinstance(process, dict) else None
        if not isinstance(pid, int):
            raise LazyDiTError("devicectl does not tell the app's process: update Xcode and repeat")
        return pid

    def is_running(self, pid: int) -> bool:
        processes = self._ask("device info processes").get("runningProcesses")
        return isinstance(processes, list) and any(
            isinstance(process, dict) and process.get("processIdentifier") == pid
            for process in processes
        )

    def terminate(self, pid: int) -> None:
        self._ask("device process terminate", "--pid", str(pid))

    def push(self, source: Path, destination: str) -> None:
        """Copies a file, or a folder, which takes the place of all that was there."""
        replacing = ("--remove-existing-content", "true") if source.is_dir() else ()
        paths = ("--source", str(source), "--destination", destination)
        self._ask("device copy to", *CONTAINER, *paths, *replacing, limit_s=TRANSFER_S)

    def pull(self, source: str) -> bytes:
        """What the file holds; FileMissing when there is none."""
        with tempfile.TemporaryDirectory(prefix="lazydit-benchmarks-") as folder:
            # devicectl overwrites nothing.
            local = Path(folder, Path(source).name)
            paths = ("--source", source, "--destination", str(local))
            self._ask("device copy from", *CONTAINER, *paths)
            if not local.is_file():
                raise DeviceLost(f"{source} did not arrive from the iPhone: repeat")
            return local.read_bytes()

    def _ask(self, command: str, *arguments: str, limit_s: float = ANSWER_S) -> dict[str, Any]:
        return devicectl(command, "--device", self.udid, *arguments, limit_s=limit_s)


@dataclass(frozen=True)
class _Listed:
    """What devicectl's list says of a device; empty where it does not."""

    identifier: str
    udid: str
    serial: str
    name: str
    model: str
    pairing: str
    developer_mode: str
    transport: str
    tunnel: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.name, self.udid, self.identifier, self.serial

    @property
    def is_here(self) -> bool:
        """The list also holds what was paired once: that has no transport while it is away."""
        return bool(self.transport) or self.tunnel != "unavailable"

    @property
    def problem(self) -> str | None:
        """What keeps it from being used, with what to do; None if it is ready."""
        name = self.name or self.udid
        if self.pairing == "unpaired":
            return (
                f"{name} is not paired with this Mac: unlock it, plug it in, answer its question "
                "with Trust and repeat"
            )
        if self.developer_mode == "disabled":
            return (
                f"developer mode is off on {name}: switch it on in Settings, Privacy & Security, "
                "and repeat"
            )
        return None


def find_ios_device(serial: str | None) -> IosDevice:
    """The phone whose name, UDID or serial number that is, or the one that is attached.

    Raises LazyDiTError when there is none, more than one to choose from, or it is not ready.
    """
    attached = [device for device in _listed() if device.is_here]
    if serial is not None:
        attached = [device for device in attached if serial in device.names]
        if not attached:
            raise LazyDiTError(
                f"no iPhone {serial} is attached: see xcrun devicectl list devices for those that "
                "are"
            )
    if not attached:
        raise LazyDiTError("no iPhone is attached: plug one in and unlock it")
    ready = [device for device in attached if device.problem is None]
    if len(ready) > 1:
        names = ", ".join(f"{device.name} {device.udid}" for device in ready)
        raise LazyDiTError(f"{len(ready)} iPhones are attached ({names}): choose with --serial")
    if not ready:
        raise LazyDiTError(str(attached[0].problem))
    return IosDevice(ready[0].udid, ready[0].model)


def _listed() -> list[_Listed]:
    """The iPhones and iPads that devicectl knows, without simulated ones."""
    devices = devicectl("list devices").get("devices")
    found = []
    for device in devices if isinstance(devices, list) else []:
        hardware = _part(device, "hardwareProperties")
        state, connection = _part(device, "deviceProperties"), _part(device, "connectionProperties")
        if hardware.get("platform") != "iOS" or hardware.get("reality", "physical") != "physical":
            continue
        found.append(
            _Listed(
                identifier=_text(device, "identifier"),
                udid=_text(hardware, "udid") or _text(device, "identifier"),
                serial=_text(hardware, "serialNumber"),
                name=_text(state, "name"),
                model=_text(hardware, "marketingName") or _text(hardware, "productType"),
                pairing=_text(connection, "pairingState"),
                developer_mode=_text(state, "developerModeStatus"),
                transport=_text(connection, "transportType"),
                tunnel=_text(connection, "tunnelState"),
            )
        )
    return found


def _part(device: Any, name: str) -> Mapping[str, Any]:
    part = device.get(name) if isinstance(device, dict) else None
    return part if isinstance(part, dict) else {}


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""
