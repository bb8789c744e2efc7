"""What stands for xcrun devicectl, xcodebuild and xcodegen.

Run as `apple_programs.py STATE PROGRAM ARGUMENTS`, where STATE is the folder of
apple_tools.AppleTools.

The options are those of `devicectl help` (Xcode 15 to 27) and no others; answers have the shape of
its --json-output.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

PID = 1802

Errors = dict[str, Any]


class Parser(argparse.ArgumentParser):
    """Knows no short forms of options, and exits as Swift's parser does."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "allow_abbrev": False})

    def error(self, message: str) -> Any:
        print(f"Error: {message}", file=sys.stderr)
        sys.exit(64)


def output_options() -> Parser:
    options = Parser(add_help=False)
    options.add_argument("--timeout", type=float, required=True)
    options.add_argument("--json-output", type=Path, required=True)
    return options


def devicectl_parser() -> Parser:
    output = output_options()
    device = Parser(add_help=False, parents=[output])
    device.add_argument("--device", required=True)
    files = Parser(add_help=False, parents=[device])
    files.add_argument("--domain-type", choices=["appDataContainer"], required=True)
    files.add_argument("--domain-identifier", choices=["org.lazydit.demo"], required=True)
    files.add_argument("--source", required=True)
    files.add_argument("--destination", required=True)
    files.add_argument("--remove-existing-content", choices=["true", "false"], default="false")

    top = Parser(prog="devicectl")
    commands = top.add_subparsers(dest="command", required=True)

    def group(parent: Any, name: str) -> Any:
        return parent.add_parser(name).add_subparsers(required=True)

    def command(parent: Any, name: str, title: str, options: Parser) -> Parser:
        made: Parser = parent.add_parser(name, parents=[options], add_help=False)
        made.set_defaults(title=title)
        return made

    command(group(commands, "list"), "devices", "list devices", output)
    device_group = group(commands, "device")
    info = group(device_group, "info")
    command(info, "processes", "device info processes", device)
    copy = group(device_group, "copy")
    command(copy, "to", "device copy to", files)
    command(copy, "from", "device copy from", files)
    install = command(group(device_group, "install"), "app", "device install app", device)
    install.add_argument("path", type=Path)
    process = group(device_group, "process")
    launch = command(process, "launch", "device process launch", device)
    launch.add_argument("--terminate-existing", action="store_true")
    launch.add_argument("bundle")
    launch.add_argument("arguments", nargs=argparse.REMAINDER)
    terminate = command(process, "terminate", "device process terminate", device)
    terminate.add_argument("--pid", type=int, required=True)
    return top


class Phone:
    """The phone, as far as devicectl shows it."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._settings = json.loads((state / "settings.json").read_text())
        self._container = state / "container"
        self._running = state / "running"

    def answer(self, arguments: argparse.Namespace) -> tuple[int, dict[str, Any]]:
        """Exit code and what --json-output holds."""
        title = arguments.title
        failure = self._failure(title)
        if failure is None:
            failure = self._unknown(arguments)
        if failure is not None:
            return 1, failure
        result = getattr(self, title.replace(" ", "_"))(arguments)
        if "error" in result:
            return 1, {**result, "info": {"outcome": "failed"}}
        return 0, {"info": {"outcome": "success", "jsonVersion": 2}, "result": result}

    def _failure(self, title: str) -> dict[str, Any] | None:
        """How this call fails, where that is set for it."""
        left = self._state / f"failures-{title.replace(' ', '-')}.json"
        if not left.exists():
            return None
        failures = json.loads(left.read_text())
        if not failures:
            return None
        left.write_text(json.dumps(failures[1:]))
        failure: dict[str, Any] | None = failures[0]
        return failure

    def _unknown(self, arguments: argparse.Namespace) -> dict[str, Any] | None:
        known = [device["hardwareProperties"]["udid"] for device in self._settings["devices"]]
        if not hasattr(arguments, "device") or arguments.device in known:
            return None
        return core_device_error(1000, "The specified device was not found.")

    def list_devices(self, _: argparse.Namespace) -> dict[str, Any]:
        return {"devices": self._settings["devices"]}

    def device_install_app(self, arguments: argparse.Namespace) -> dict[str, Any]:
        if not arguments.path.is_dir():
            return core_device_error(3002, "Failed to install the app on the device.")
        (self._container / "Documents").mkdir(parents=True, exist_ok=True)
        return {"installedApplications": [{"bundleID": "org.lazydit.demo"}]}

    def device_process_launch(self, arguments: argparse.Namespace) -> dict[str, Any]:
        if not self._container.exists():
            return core_device_error(10002, "The application failed to launch.")
        if self._running.exists() and not arguments.terminate_existing:
            return core_device_error(10002, "The application is running.")
        (self._state / "launched.json").write_text(json.dumps(arguments.arguments))
        self._running.touch()
        if self._settings["result"] is not None:
            # The app is quick: it is done before anybody asks.
            out = arguments.arguments[arguments.arguments.index("--out") + 1]
            folder = self._container / "Documents" / "benchmarks"
            folder.mkdir(exist_ok=True)
            (folder / out).write_text(self._settings["result"])
        if self._settings["ends"]:
            self._running.unlink()
        path = "file:///private/var/containers/Bundle/Application/A/LazyDiTDemo.app/LazyDiTDemo"
        return {"process": {"executable": path, "processIdentifier": PID}}

    def device_info_processes(self, _: argparse.Namespace) -> dict[str, Any]:
        processes = [{"executable": "file:///sbin/launchd", "processIdentifier": 1}]
        if self._running.exists():
            processes.append({"executable": "file:///x", "processIdentifier": PID})
        return {"runningProcesses": processes}

    def device_process_terminate(self, arguments: argparse.Namespace) -> dict[str, Any]:
        if arguments.pid != PID or not self._running.exists():
            return core_device_error(10000, "There is no such process.")
        self._running.unlink()
        return {}

    def device_copy_to(self, arguments: argparse.Namespace) -> dict[str, Any]:
        source, target = Path(arguments.source), self._container / arguments.destination
        if source.is_dir():
            if arguments.remove_existing_content == "true":
                shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
        return {}

    def device_copy_from(self, arguments: argparse.Namespace) -> dict[str, Any]:
        if self._settings["interrupts"]:
            os.kill(os.getppid(), signal.SIGINT)
        source, target = self._container / arguments.source, Path(arguments.destination)
        if not source.is_file():
            said = f"Failed to retrieve the file node for {arguments.source}"
            return core_device_error(7000, said)
        if target.exists():
            return core_device_error(7000, "The destination exists.")
        shutil.copy(source, target)
        return {}


def core_device_error(code: int, words: str, inner: Errors | None = None) -> dict[str, Any]:
    """An error as devicectl writes it; `inner` is the one that explains it."""
    info: Errors = {"NSLocalizedDescription": {"string": words}}
    if inner is not None:
        info["NSUnderlyingError"] = {"error": inner}
    error = {"code": code, "domain": "com.apple.dt.CoreDeviceError", "userInfo": info}
    return {"error": error, "info": {"jsonVersion": 2, "outcome": "failed"}}


def xcrun(state: Path, words: list[str]) -> int:
    if (state / "only-command-line-tools").exists():
        print('xcrun: error: unable to find utility "devicectl", not a developer tool or in PATH')
        print('xcrun: error: unable to find utility "devicectl"', file=sys.stderr)
        return 72
    assert words[0] == "devicectl", words
    arguments = devicectl_parser().parse_args(words[1:])
    code, content = Phone(state).answer(arguments)
    arguments.json_output.write_text(json.dumps(content))
    return code


def xcodebuild(state: Path, words: list[str]) -> int:
    parser = Parser()
    for option in ("project", "scheme", "configuration", "destination", "derivedDataPath"):
        parser.add_argument(f"-{option}", required=True)
    parser.add_argument("-allowProvisioningUpdates", action="store_true")
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args(words)
    said = state / "xcodebuild-says"
    if said.exists():
        print(said.read_text())
        return 65
    assert Path(arguments.project, "project.pbxproj").is_file()
    assert arguments.destination == "generic/platform=iOS" and arguments.rest[-1] == "build"
    products = Path(arguments.derivedDataPath, "Build", "Products")
    products = products / f"{arguments.configuration}-iphoneos"
    (products / f"{arguments.scheme}.app").mkdir(parents=True, exist_ok=True)
    print("** BUILD SUCCEEDED **")
    return 0


def xcodegen(state: Path, words: list[str]) -> int:
    said = state / "xcodegen-says"
    if said.exists():
        print(said.read_text())
        return 1
    parser = Parser()
    parser.add_argument("command", choices=["generate"])
    parser.add_argument("--spec", type=Path, required=True)
    arguments = parser.parse_args(words)
    project = arguments.spec.with_name("LazyDiTDemo.xcodeproj")
    project.mkdir(exist_ok=True)
    (project / "project.pbxproj").write_text("// !$*UTF8*$!\n")
    return 0


def main() -> int:
    state, program, words = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    with (state / "calls").open("a") as calls:
        calls.write(json.dumps([program, *words]) + "\n")
    return {"xcrun": xcrun, "xcodebuild": xcodebuild, "xcodegen": xcodegen}[program](state, words)


if __name__ == "__main__":
    sys.exit(main())
