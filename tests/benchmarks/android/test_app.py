"""--app and lazydit-export --install: what is asked of the demo app on a phone, over the real adb.

The app here is a script on the device on loopback: it shows that both sides keep to what is agreed
on, and nothing of the app itself.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import latency
from android import app as android_app
from lazydit.errors import LazyDiTError
from lazydit_export.adb import Phone
from lazydit_export.cli import install_on, phone_for
from lazydit_export.install import APP, FILES
from tests.benchmarks.android.adb_device import AdbDevice
from tests.conftest import SmallBundle

ROWS: list[dict[str, Any]] = [
    {"policy": "always", "images": [10.0, 12.0, 11.0, 10.0, 10.0], "image_ms": 10.0},
    {"policy": "lazy 4-r50", "images": [5.0, 6.0, 5.5, 5.0, 5.0], "image_ms": 5.0},
]
RESULT = {
    "model": "small",
    "rounds": 5,
    "rows": [
        {"engine": "native", "threads": 2, "precision": "fp32", "steps": 4, **row} for row in ROWS
    ],
}


@pytest.fixture
def phone_with_app(phone: AdbDevice, monkeypatch: pytest.MonkeyPatch) -> AdbDevice:
    """A phone whose app has been started once, and answers at once with RESULT."""
    phone.install("pm", f"echo package:{APP}")
    phone.place(FILES).mkdir(parents=True)
    answer_with(phone, json.dumps(RESULT))
    monkeypatch.setattr(android_app, "POLL_S", 0.05)
    return phone


def answer_with(phone: AdbDevice, result: str | None) -> None:
    """The app writes `result` where it is asked to; None: it goes on for ever, as process 1."""
    given = phone.root / "result"
    write = ""
    if result is not None:
        given.write_text(result)
        write = (
            f"mkdir -p {FILES}/benchmarks; for out; do :; done; cp {given} {FILES}/benchmarks/$out"
        )
    phone.install("am", f'echo "$@" >> {phone.root}/asked; [ "$1" = start ] || exit 0\n{write}')
    phone.install("pidof", "echo 1" if result is None else "exit 1")


def arguments(bundle: SmallBundle, *more: str) -> list[str]:
    base = ["--device", "android", "--app", "--bundle", str(bundle.directory), "--steps", "4"]
    return [*base, *more]


def test_the_app_s_rows_become_the_table(
    phone_with_app: AdbDevice, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--rounds", "5", "--threads", "2", "-o", "json"]
    assert latency.main(arguments(small_bundle, *options)) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["app"], content["phone"], content["rounds"]) == (APP, "Acme Loop 1", 5)
    assert [row["policy"] for row in content["rows"]] == ["always", "lazy 4-r50"]
    assert [row["vs_always"] for row in content["rows"]] == [None, 0.5]
    assert content["rows"][1]["vs_always_verdict"] == "faster"
    assert "images" not in content["rows"][0]
    start, stop = (phone_with_app.root / "asked").read_text().splitlines()
    asked, _, out = start.rpartition(" ")
    assert asked == (
        f"start -W -n {APP}/.BenchmarkActivity -a {APP}.BENCHMARK --es bundle small-fp32 "
        "--es steps 4 --es policies always,lazy,every-n --ei rounds 5 --ei threads 2 --es out"
    )
    assert stop == f"force-stop {APP}"
    assert not phone_with_app.place(f"{FILES}/benchmarks/{out}").exists()
    assert installed(phone_with_app) == files_of(small_bundle.directory)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def installed(phone: AdbDevice) -> dict[str, bytes]:
    """The bundle in the app's folder, which holds nothing else."""
    bundles = phone.place(f"{FILES}/bundles")
    assert [path.name for path in bundles.iterdir()] == ["small-fp32"]
    return files_of(bundles / "small-fp32")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('{"failed": "there is no bundle here"}', "the app says: there is no bundle here"),
        ('{"rows": []}', "the app's result has no table: install the app of this version"),
        ("{", "the app's result has no table: install the app of this version"),
    ],
)
def test_an_app_that_fails_is_a_sentence(
    result: str,
    said: str,
    phone_with_app: AdbDevice,
    small_bundle: SmallBundle,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer_with(phone_with_app, result)
    assert latency.main(arguments(small_bundle)) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {said}"


def test_an_app_that_ends_early_is_a_sentence(
    phone_with_app: AdbDevice, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    phone_with_app.install("am", "exit 0")
    assert latency.main(arguments(small_bundle)) == 2
    assert "the app ended before it was done" in capsys.readouterr().err


def test_an_app_without_a_benchmark_is_a_sentence(
    phone_with_app: AdbDevice, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    phone_with_app.install("am", "echo 'Error: Activity class does not exist.' >&2")
    assert latency.main(arguments(small_bundle)) == 2
    assert (
        "the app cannot start its benchmark (Error: Activity class does not exist.): install a"
        in capsys.readouterr().err
    )


def test_ctrl_c_stops_the_app(phone_with_app: AdbDevice, small_bundle: SmallBundle) -> None:
    answer_with(phone_with_app, None)
    run = subprocess.Popen(
        [sys.executable, latency.__file__, *arguments(small_bundle)],
        env=os.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    asked = phone_with_app.root / "asked"
    while not asked.exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130 and errors.splitlines()[-1] == "interrupted"
    assert asked.read_text().splitlines()[-1] == f"force-stop {APP}"


def test_install_replaces_the_app_s_bundle_whole(
    phone_with_app: AdbDevice, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    old = phone_with_app.place(f"{FILES}/bundles/small-fp32/old.pte")
    old.parent.mkdir(parents=True)
    old.touch()
    install_on(phone_for("android", None), small_bundle.directory)
    assert installed(phone_with_app) == files_of(small_bundle.directory)
    assert capsys.readouterr().out == (
        f"the app on {phone_with_app.serial} finds it as small-fp32\n"
    )
    phone_with_app.pushed.clear()
    install_on(phone_for("android", None), small_bundle.directory)
    assert phone_with_app.pushed == []


def test_a_phone_without_room_keeps_the_app_s_bundle(
    phone_with_app: AdbDevice, small_bundle: SmallBundle
) -> None:
    old = phone_with_app.place(f"{FILES}/bundles/small-fp32/manifest.json")
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    phone_with_app.install("cp", 'mkdir "$3"; echo "cp: $3: No space left on device" >&2; exit 1')
    with pytest.raises(LazyDiTError, match="the phone is full"):
        install_on(Phone(phone_with_app.serial), small_bundle.directory)
    assert installed(phone_with_app) == {"manifest.json": b"{}"}


def test_install_needs_the_app(phone: AdbDevice) -> None:
    phone.install("pm", "exit 0")
    with pytest.raises(LazyDiTError, match=f"the demo app .{APP}. is not on phone {phone.serial}"):
        phone_for("android", None)
    phone.install("pm", f"echo package:{APP}")
    with pytest.raises(LazyDiTError, match="start it once"):
        phone_for("android", phone.serial)
    with pytest.raises(LazyDiTError, match="not target ios: leave it out"):
        phone_for("ios", None)
