"""--device ios: what the demo app is asked for, and what becomes of its answer.

The programs here stand for Apple's, which have not run; see apple_tools.
"""

import json
from pathlib import Path

import pytest

from tests.benchmarks.apple.apple_tools import LOST, MISSING, UDID, AppleTools
from tests.benchmarks.apple.ios_run import RESULT, measure, moment, sentence

APP = "org.lazydit.demo"


def test_the_app_is_built_installed_and_asked_for_its_rows(
    apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("-o", "json") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["device"], content["phone"]) == ("ios", "iPhone 15 Pro")
    assert (content["app"], content["rounds"], content["model"]) == (APP, 5, "digits")
    assert [row["policy"] for row in content["rows"]] == ["always", "lazy 10-r30"]
    assert [row["vs_always"] for row in content["rows"]] == [None, 0.5]
    assert content["rows"][1]["vs_always_verdict"] == "faster"
    out = apple.launched[-1]
    project = str(apple.checkout / "ios_app" / "LazyDiTDemo.xcodeproj")
    derived = str(apple.checkout / "build" / "ios" / "derived")
    app = f"{derived}/Build/Products/Release-iphoneos/LazyDiTDemo.app"
    on_phone = ["--device", UDID]
    request = ["--benchmark", "--steps", "10", "--policies", "always,lazy,every-n"]
    request += ["--rounds", "5", "--out", out]
    listed, generate, build, install, launch, fetch, terminate = apple.calls
    assert listed == ["xcrun", "devicectl", "list", "devices"]
    assert generate == ["xcodegen", "generate", "--spec", str(apple.spec)]
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
    assert not apple.app_runs


def test_the_table_tells_heat_and_battery(
    apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure() == 0
    table = capsys.readouterr().out
    assert "phone iPhone 15 Pro, processor iPhone16,1, cpus 6, model digits" in table
    assert (
        "thermal state nominal in 4, fair in 1 of 5 rounds; battery 80 to 76 %; plugged in" in table
    )
    assert "hot phone" not in table
    hot = [moment(0, "fair"), moment(1, "serious"), moment(2, "critical")]
    apple.set(result=json.dumps({**RESULT, "conditions": hot}))
    assert measure() == 0
    assert "2 rounds ended on a hot phone: let it cool down" in capsys.readouterr().out


def test_a_run_on_the_phone_is_compared_with(
    apple: AppleTools, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("-o", "json") == 0
    old = tmp_path / "old.json"
    old.write_text(capsys.readouterr().out)
    apple.set(result=json.dumps({**RESULT, "system": "iOS 18.2.0"}))
    assert measure("--compare", str(old)) == 0
    printed = capsys.readouterr().out
    assert "vs old" in printed
    (difference,) = (line for line in printed.splitlines() if line.startswith("not as in"))
    assert difference.endswith("system was iOS 18.1.0, is iOS 18.2.0")


def test_the_app_is_waited_for_while_it_runs(apple: AppleTools) -> None:
    apple.fail("device copy from", MISSING, LOST, LOST, MISSING, LOST, LOST, MISSING)
    assert measure() == 0
    assert [words[2:5] for words in apple.calls].count(["device", "info", "processes"]) == 3


def test_an_app_may_end_because_it_is_done(apple: AppleTools) -> None:
    apple.set(result=json.dumps(RESULT), ends=True)
    apple.fail("device copy from", MISSING)
    assert measure() == 0


def test_a_connection_that_stays_lost_is_a_sentence(
    apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    apple.fail("device copy from", MISSING, LOST, LOST, LOST)
    assert sentence(capsys).startswith("the connection to the iPhone was lost")
    assert not apple.app_runs


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
    result: str | None, said: str, apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    apple.set(result=result, ends=True)
    assert sentence(capsys).startswith(said)


def test_ctrl_c_ends_the_app(apple: AppleTools, capsys: pytest.CaptureFixture[str]) -> None:
    apple.set(interrupts=True)
    assert measure() == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"
    assert apple.calls[-1][2:5] == ["device", "process", "terminate"]
    assert not apple.app_runs


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
    arguments: list[str], said: str, apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence(capsys, *arguments) == said
    assert apple.calls == []
