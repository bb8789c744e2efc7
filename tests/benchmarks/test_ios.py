"""--device ios: what is asked of Xcode's tools and of the app, and what becomes of their answers.

The programs here stand for Apple's, which have not run; see apple_tools.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import ios_app
import latency
import xcode
from tests.benchmarks.apple_programs import core_device_error
from tests.benchmarks.apple_tools import LOST, MISSING, UDID, AppleTools, device
from tests.conftest import SmallBundle

APP = "org.lazydit.demo"
NEEDS_XCODE = "an iPhone is measured from a Mac with Xcode 15 or later"


def moment(number: int, state: str) -> dict[str, Any]:
    return {
        "round": number,
        "thermal_state": state,
        "battery_percent": 80 - number,
        "plugged": True,
        "low_power": False,
    }


ROWS: list[dict[str, Any]] = [
    {"policy": "always", "images": [10.0, 12.0, 11.0, 10.0, 10.0], "image_ms": 10.0},
    {"policy": "lazy 10-r30", "images": [5.0, 6.0, 5.5, 5.0, 5.0], "image_ms": 5.0},
]
CASE = {"engine": "coreml", "threads": None, "precision": "fp16", "steps": 10}
RESULT = {
    "device": "ios",
    "processor": "iPhone16,1",
    "cpus": 6,
    "system": "iOS 18.1.0",
    "model": "digits",
    "guidance": 3.0,
    "rounds": 5,
    "executor": "coreml",
    "conditions": [moment(number, "nominal") for number in range(4)] + [moment(4, "fair")],
    "rows": [{**CASE, **row} for row in ROWS],
}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppleTools:
    """A Mac with a phone whose app answers at once with RESULT."""
    tools = AppleTools.make(tmp_path)
    tools.set(result=json.dumps(RESULT))
    monkeypatch.setenv("PATH", f"{tools.programs}:{os.environ['PATH']}")
    monkeypatch.delenv("DEVELOPMENT_TEAM", raising=False)
    monkeypatch.setattr(xcode, "ROOT", tools.checkout)
    monkeypatch.setattr(ios_app, "POLL_S", 0.01)
    return tools


@pytest.fixture
def ios_bundle(small_bundle: SmallBundle, tmp_path: Path) -> Path:
    """A bundle that says of itself that it is for iOS: nothing here runs it."""
    folder = tmp_path / "bundle"
    shutil.copytree(small_bundle.directory, folder)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "target": "ios"}))
    return folder


def measure(*arguments: str) -> int:
    return latency.main(["--device", "ios", "--steps", "10", "--rounds", "5", *arguments])


def sentence(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refusal says."""
    assert measure(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "Traceback" not in printed.err
    error = printed.err.splitlines()[-1]
    assert error.startswith("error: ")
    return error.removeprefix("error: ")


def test_the_app_is_built_installed_and_asked_for_its_rows(
    tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("-o", "json") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["device"], content["phone"]) == ("ios", "iPhone 15 Pro")
    assert (content["app"], content["rounds"], content["model"]) == (APP, 5, "digits")
    assert [row["policy"] for row in content["rows"]] == ["always", "lazy 10-r30"]
    assert [row["vs_always"] for row in content["rows"]] == [None, 0.5]
    assert content["rows"][1]["vs_always_verdict"] == "faster"
    out = tools.launched[-1]
    project = str(tools.checkout / "ios_app" / "LazyDiTDemo.xcodeproj")
    derived = str(tools.checkout / "build" / "ios" / "derived")
    app = f"{derived}/Build/Products/Release-iphoneos/LazyDiTDemo.app"
    on_phone = ["--device", UDID]
    request = ["--benchmark", "--steps", "10", "--policies", "always,lazy,every-n"]
    request += ["--rounds", "5", "--out", out]
    listed, generate, build, install, launch, fetch, terminate = tools.calls
    assert listed == ["xcrun", "devicectl", "list", "devices"]
    assert generate == ["xcodegen", "generate", "--spec", str(tools.spec)]
    assert build == [
        *("xcodebuild", "-project", project, "-scheme", "LazyDiTDemo"),
        *("-configuration", "Release", "-destination", "generic/platform=iOS"),
        *("-derivedDataPath", derived, "-allowProvisioningUpdates", "build"),
    ]
    assert install == ["xcrun", "devicectl", "device", "install", "app", *on_phone, app]
    assert launch == [
        *("xcrun", "devicectl", "device", "process", "launch", *on_phone),
        *("--terminate-existing", APP, *request),
    ]
    assert fetch[:-1] == [
        *("xcrun", "devicectl", "device", "copy", "from", *on_phone),
        *("--domain-type", "appDataContainer", "--domain-identifier", APP),
        *("--source", f"Documents/benchmarks/{out}", "--destination"),
    ]
    assert terminate == [
        *("xcrun", "devicectl", "device", "process", "terminate", *on_phone, "--pid", "1802")
    ]
    assert not tools.app_runs


def test_the_table_tells_heat_and_battery(
    tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure() == 0
    table = capsys.readouterr().out
    assert "phone iPhone 15 Pro, processor iPhone16,1, cpus 6, model digits" in table
    assert (
        "thermal state nominal in 4, fair in 1 of 5 rounds; battery 80 to 76 %; plugged in" in table
    )
    assert "hot phone" not in table
    hot = [moment(0, "fair"), moment(1, "serious"), moment(2, "critical")]
    tools.set(result=json.dumps({**RESULT, "conditions": hot}))
    assert measure() == 0
    assert "2 rounds ended on a hot phone: let it cool down" in capsys.readouterr().out


def test_a_run_on_the_phone_is_compared_with(
    tools: AppleTools, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("-o", "json") == 0
    old = tmp_path / "old.json"
    old.write_text(capsys.readouterr().out)
    tools.set(result=json.dumps({**RESULT, "system": "iOS 18.2.0"}))
    assert measure("--compare", str(old)) == 0
    printed = capsys.readouterr().out
    assert "vs old" in printed
    (difference,) = (line for line in printed.splitlines() if line.startswith("not as in"))
    assert difference.endswith("system was iOS 18.1.0, is iOS 18.2.0")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def pushes(tools: AppleTools) -> list[str]:
    """Where things were copied to."""
    copies = [words for words in tools.calls if words[3:5] == ["copy", "to"]]
    return [words[words.index("--destination") + 1] for words in copies]


def test_a_bundle_is_pushed_with_its_manifest_last_and_only_when_it_has_changed(
    tools: AppleTools, ios_bundle: Path
) -> None:
    place = tools.documents / "bundles" / "small-fp32"
    both = ["Documents/bundles/small-fp32", "Documents/bundles/small-fp32/manifest.json"]
    assert measure("--bundle", str(ios_bundle)) == 0
    assert tools.launched[-2:] == ["--bundle", "small-fp32"]
    assert files_of(place) == files_of(ios_bundle)
    assert pushes(tools) == both
    assert measure("--bundle", str(ios_bundle)) == 0
    assert pushes(tools) == both, "nothing anew"
    (place / "old.pte").touch()
    (place / "manifest.json").write_text("{}")
    assert measure("--bundle", str(ios_bundle)) == 0
    assert files_of(place) == files_of(ios_bundle)
    assert pushes(tools) == 2 * both


def test_a_bundle_that_is_cut_off_is_none_for_the_app(
    tools: AppleTools, ios_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tools.documents / "bundles" / "small-fp32"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text("{}")
    tools.fail("device copy to", None, LOST)
    assert sentence(capsys, "--bundle", str(ios_bundle)).startswith(
        "the connection to the iPhone was lost (A connection to this device could not be "
        "established; Timed out): unlock it"
    )
    left = files_of(ios_bundle)
    del left["manifest.json"]
    assert files_of(place) == left
    assert not tools.app_runs


def test_a_bundle_for_android_is_refused(
    tools: AppleTools, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence(capsys, "--bundle", str(small_bundle.directory)) == (
        f"{small_bundle.directory} is for target android: give one that lazydit-export --target "
        "ios wrote"
    )
    assert [words[0] for words in tools.calls] == ["xcrun"], "nothing was built"


def test_xcode_is_needed(
    tools: AppleTools, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tools.state / "only-command-line-tools").touch()
    assert sentence(capsys).startswith(NEEDS_XCODE)
    (tools.state / "only-command-line-tools").unlink()
    (tools.programs / "xcodebuild").unlink()
    assert sentence(capsys).startswith(NEEDS_XCODE)
    monkeypatch.setenv("PATH", "")
    assert sentence(capsys).startswith(NEEDS_XCODE)


def test_the_project_is_made_once_and_again_when_its_description_changes(
    tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    def made() -> int:
        return [words[0] for words in tools.calls].count("xcodegen")

    assert measure() == 0 and measure() == 0
    assert made() == 1
    later = tools.spec.stat().st_mtime + 3600
    os.utime(tools.spec, (later, later))
    tools.say("xcodegen", "Spec validation error: Target has a missing source directory")
    said = sentence(capsys)
    assert said.startswith("xcodegen cannot make ") and "(Target has a missing" in said
    (tools.programs / "xcodegen").unlink()
    assert sentence(capsys).endswith("run brew install xcodegen and repeat")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            'note: Building\nLazyDiTDemo.xcodeproj: error: Signing for "LazyDiTDemo" requires a '
            "development team. Select one. (in target 'LazyDiTDemo')",
            'the app cannot be signed (Signing for "LazyDiTDemo" requires a development team. ',
        ),
        (
            "error: No profiles for 'org.lazydit.demo' were found",
            "the app cannot be signed (No profiles for 'org.lazydit.demo' were found): log in to ",
        ),
        (
            "Demo.swift:3:1: warning: old\nDemo.swift:4:2: error: cannot find 'x' in scope\nfailed",
            "the app cannot be built (cannot find 'x' in scope): see ",
        ),
        (
            "xcode-select: error: tool 'xcodebuild' requires Xcode, but active developer directory "
            "'/Library/Developer/CommandLineTools' is a command line tools instance",
            NEEDS_XCODE,
        ),
    ],
)
def test_a_build_that_fails_is_a_sentence(
    words: str, said: str, tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.say("xcodebuild", words)
    assert sentence(capsys).startswith(said)
    assert words in (tools.checkout / "build" / "ios" / "xcodebuild.log").read_text()


def test_the_team_of_the_environment_signs(
    tools: AppleTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVELOPMENT_TEAM", "ABCDE12345")
    assert measure() == 0
    (build,) = (words for words in tools.calls if words[0] == "xcodebuild")
    assert build[-2:] == ["DEVELOPMENT_TEAM=ABCDE12345", "build"]


def test_the_app_needs_its_own_bundle(
    tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tools.checkout / "build")
    said = sentence(capsys)
    assert said.startswith("there is no ") and "run lazydit-export --target ios --out " in said


WATCH = device("Watch", "W", hardware={"platform": "watchOS"})
SIMULATED = device("Simulator", "S", hardware={"reality": "simulated"})
AWAY = device("Away", "A", connection={"tunnelState": "unavailable"})


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        ([], "no iPhone is attached: plug one in and unlock it"),
        ([WATCH, SIMULATED, AWAY], "no iPhone is attached: plug one in and unlock it"),
        (
            [device(), device("Other", "O")],
            "2 iPhones are attached (Acme's iPhone, Other): choose with --serial",
        ),
        (
            [device(connection={"pairingState": "unpaired"})],
            "Acme's iPhone is not paired with this Mac: unlock it, plug it in, answer its question "
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
    tools: AppleTools,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tools.set(devices)
    assert sentence(capsys) == said


@pytest.mark.parametrize("serial", ["Other", "O-UDID", "0000-O-UDID", "SUDID"])
def test_a_phone_is_chosen_by_any_of_its_names(
    serial: str, tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.set([device(), device("Other", "O-UDID"), WATCH], result=json.dumps(RESULT))
    assert measure("--serial", serial) == 0
    assert "O-UDID" in tools.calls[-1]
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
    tools: AppleTools,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tools.fail(command, failure)
    assert sentence(capsys).startswith(said)


def test_the_app_is_waited_for_while_it_runs(tools: AppleTools) -> None:
    tools.fail("device copy from", MISSING, MISSING, LOST, LOST, MISSING)
    assert measure() == 0
    assert [words[2:5] for words in tools.calls].count(["device", "info", "processes"]) == 3


def test_a_connection_that_stays_lost_is_a_sentence(
    tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.fail("device copy from", MISSING, LOST, LOST, LOST)
    assert sentence(capsys).startswith("the connection to the iPhone was lost")
    assert not tools.app_runs


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('{"failed": "there is no bundle here"}', "the app says: there is no bundle here"),
        ('{"rows": []}', "the app's result has no table: install the app of this version"),
        ("{", "the app's result has no table: install the app of this version"),
        (None, "the app ended before it was done: Window, Devices and Simulators in Xcode has its"),
    ],
)
def test_an_app_that_fails_or_ends_is_a_sentence(
    result: str | None, said: str, tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.set(result=result, ends=True)
    assert sentence(capsys).startswith(said)


def test_ctrl_c_ends_the_app(tools: AppleTools, capsys: pytest.CaptureFixture[str]) -> None:
    tools.set(interrupts=True)
    assert measure() == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"
    assert tools.calls[-1][2:5] == ["device", "process", "terminate"]
    assert not tools.app_runs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--peers", "torch"], "peers do not run on a phone: give --peers none"),
        (["--executor", "coreml"], "the app runs Core ML: leave --executor out"),
        (["--bench", "x"], "the app holds its own runtime: leave --bench out"),
        (["--threads", "2"], "Core ML chooses its threads: leave --threads out"),
        (["--ratio", "0.3"], "the app times every gate set of a step count: leave --ratio out"),
        (["--clean"], "nothing can be removed from an iPhone but with its app: leave --clean out"),
        (
            ["--precision", "fp16,int8"],
            "the app runs one bundle as it is: give one value of --precision",
        ),
        (
            ["--precision", "fp16"],
            "the app's own bundle has the precision it has: add --model to export another, or "
            "leave --precision out",
        ),
    ],
)
def test_what_the_app_cannot_do(
    arguments: list[str], said: str, tools: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence(capsys, *arguments) == said
    assert tools.calls == []
