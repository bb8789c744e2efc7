"""--device android: the real adb client, a device on loopback, lazydit-bench of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import latency
from android import phone as phone_module
from tests.benchmarks.android.adb_device import AdbDevice
from tests.conftest import TOOLS, SmallBundle

KEPT = "/data/local/tmp/lazydit"
BENCH = TOOLS / "lazydit-bench"

Attach = Callable[..., AdbDevice]


@pytest.fixture
def on_phone(small_bundle: SmallBundle) -> list[str]:
    """The arguments of a short run on the phone."""
    return [
        *("--device", "android", "--bundle", str(small_bundle.directory), "--bench", str(BENCH)),
        *("--steps", "4", "--rounds", "2", "--threads", "1"),
    ]


def sentence(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refusal says."""
    assert latency.main(list(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    error = printed.err.splitlines()[-1]
    assert error.startswith("error: ") and "Traceback" not in printed.err
    return error.removeprefix("error: ")


def left_on(device: AdbDevice) -> list[str]:
    """The files on the phone, below the folder that the benchmark keeps."""
    kept = device.place(KEPT)
    return sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file())


def test_the_table_is_the_host_s_with_the_phone_s_facts(
    phone: AdbDevice, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert latency.main([*on_phone, "-o", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["device"], content["phone"]) == ("android", "Acme Loop 1")
    assert (content["system"], content["governor"]) == ("Android 15 (API 35)", "schedutil")
    assert content["model"] == "small"
    assert content["conditions"] == 2 * [
        {
            "thermal_status": 0,
            "battery_percent": 87,
            "battery_celsius": 31.2,
            "plugged": True,
            "waited_s": 0.0,
        }
    ]
    rows = {(row["policy"], row["steps"]): row for row in content["rows"]}
    assert {("always", 4), ("lazy 4-r50", 4), ("every-n", 4)} <= rows.keys()
    for row in rows.values():
        assert row["failed"] is None and row["engine"] == "executorch"
        assert min(row[n] for n in ("load_cold_ms", "load_warm_ms", "image_ms")) > 0
        # One step alone is a first step, and no steady one.
        assert row["steps"] == 1 or row["step_ms"] > 0
        assert row["attn_ms"] > 0 and row["peak_mb"] > 0 and row["ddim_steps"] is not None
    assert rows["every-n", 4]["lazy_ratio"] == 0.5
    assert rows["every-n", 4]["vs_always"] > 0


def test_a_schedule_reuses_as_much_as_asked(
    phone: AdbDevice, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = ["--policies", "schedule", "--ratio", "0.25", "-o", "json"]
    assert latency.main([*on_phone, *schedule]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    (row,) = (row for row in rows if row["policy"] == "schedule 0.25")
    assert row["lazy_ratio"] == 0.25


def test_nothing_is_pushed_twice_and_a_changed_file_again(
    phone: AdbDevice, on_phone: list[str], small_bundle: SmallBundle, tmp_path: Path
) -> None:
    def pushed(*arguments: str) -> set[str]:
        phone.pushed.clear()
        assert latency.main([*on_phone, *arguments]) == 0
        return {Path(path).name for path in phone.pushed}

    assert pushed() >= {"lazydit-bench", "manifest.json", "programs.pte"}
    assert Path(phone.pushed[-1]).name == "manifest.json"
    assert pushed() == set()
    other = tmp_path / "lazydit-bench"
    other.write_bytes(BENCH.read_bytes() + b"\0")
    other.chmod(0o755)
    assert pushed("--bench", str(other)) == {"lazydit-bench"}
    phone.place(f"{KEPT}/bundles/small-fp32/programs.pte").write_bytes(b"short")
    assert pushed("--bench", str(other)) == {"programs.pte"}
    phone.place(f"{KEPT}/bundles/small-fp32/old.pte").touch()
    assert pushed("--bench", str(other), "--clean") == set()
    assert not phone.place(KEPT).exists()


def test_a_hot_phone_is_waited_for(
    phone: AdbDevice,
    on_phone: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(phone_module, "POLL_S", 0.01)
    phone.set_thermal(0, 2, 2, 0)
    assert latency.main(on_phone) == 0
    table = capsys.readouterr().out
    assert "phone Acme Loop 1, processor L1" in table and "governor schedutil" in table
    assert "thermal status none in 2 of 2 rounds; waited" in table
    monkeypatch.setattr(phone_module, "LONGEST_WAIT_S", 0.02)
    phone.set_thermal(0, 3)
    assert latency.main(on_phone) == 0
    assert "2 rounds began at thermal status severe" in capsys.readouterr().out


def test_an_older_run_on_the_phone_is_compared_with(
    phone: AdbDevice, on_phone: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert latency.main([*on_phone, "-o", "json"]) == 0
    old = tmp_path / "old.json"
    old.write_text(capsys.readouterr().out)
    phone.place("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").write_text("powersave\n")
    assert latency.main([*on_phone, "--compare", str(old)]) == 0
    printed = capsys.readouterr().out
    assert "vs old" in printed
    (difference,) = (line for line in printed.splitlines() if line.startswith("not as in"))
    assert difference.endswith("governor was schedutil, is powersave")


def test_no_phone(
    adb_server: None, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence(capsys, *on_phone).startswith("no phone is attached: plug one in")
    assert sentence(capsys, *on_phone, "--serial", "X") == (
        "no phone X is attached: see adb devices for those that are"
    )


def test_no_adb(
    on_phone: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert sentence(capsys, *on_phone).startswith("there is no adb on this machine: install")


def test_an_unauthorized_phone(
    attach: Attach, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    device = attach(authorized=False)
    assert sentence(capsys, *on_phone).startswith(
        f"phone {device.serial} has not allowed this computer yet: unlock it"
    )


def test_two_phones_need_a_choice(
    attach: Attach, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = attach(), attach()
    said = sentence(capsys, *on_phone)
    assert said.startswith("2 phones are attached (") and said.endswith("choose with --serial")
    assert one.serial in said and two.serial in said
    assert latency.main([*on_phone, "--serial", two.serial]) == 0
    assert one.pushed == [] and two.pushed != []


def test_a_full_phone(
    phone: AdbDevice, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    phone.free_bytes = BENCH.stat().st_size + 1000
    assert sentence(capsys, *on_phone) == ("the phone is full: free some of its storage and repeat")
    assert left_on(phone) == ["bin/lazydit-bench", "pushed.sha256"]
    phone.free_bytes = None
    phone.pushed.clear()
    assert latency.main(on_phone) == 0
    assert f"{KEPT}/bin/lazydit-bench" not in phone.pushed


@pytest.mark.parametrize("moment", ["programs.pte", "--serve", "dumpsys battery"])
def test_a_connection_that_is_lost(
    moment: str, phone: AdbDevice, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    phone.cut = moment
    assert sentence(capsys, *on_phone) == (
        f"the connection to phone {phone.serial} was lost: plug it in again and repeat"
    )


def test_a_program_for_another_processor_is_not_pushed(
    phone: AdbDevice, on_phone: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = tmp_path / "lazydit-bench"
    header = bytearray(BENCH.read_bytes()[:64])
    header[18:20] = b"\xb7\0"
    arm.write_bytes(header)
    assert sentence(capsys, *on_phone, "--bench", str(arm)) == (
        f"{arm} is built for arm64-v8a, the phone is x86_64: build lazydit-bench for x86_64, or "
        "name it with --bench"
    )
    arm.write_text("#!/bin/sh")
    assert "is no program for Android" in sentence(capsys, *on_phone, "--bench", str(arm))
    assert "there is no /nowhere" in sentence(capsys, *on_phone, "--bench", "/nowhere")
    assert phone.pushed == []


def test_ctrl_c_ends_lazydit_bench_and_leaves_what_was_pushed(
    phone: AdbDevice, on_phone: list[str], tmp_path: Path
) -> None:
    run = subprocess.Popen(
        [sys.executable, latency.__file__, *on_phone, "--rounds", "100000"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    weights = phone.place(f"{KEPT}/run/0")
    while not weights.exists() or len(served(phone)) != 1:
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert errors.splitlines()[-1] == "interrupted"
    assert not phone.place(f"{KEPT}/run").exists()
    assert "bundles/small-fp32/manifest.json" in left_on(phone)
    while served(phone):
        time.sleep(0.05)


def served(device: AdbDevice) -> list[int]:
    """The processes of lazydit-bench that run on the phone."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == str(device.place(f"{KEPT}/bin/lazydit-bench")).encode():
            found.append(int(process.parent.name))
    return found


def test_without_a_value_a_phone_is_found(
    phone: AdbDevice, on_phone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert latency.main([*on_phone[2:], "--device", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["device"] == "android"


def test_without_a_value_and_a_phone_it_is_the_host(
    adb_server: None, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--bundle", str(small_bundle.directory), "--device", "--steps", "4"]
    assert latency.main([*arguments, "--rounds", "1", "--threads", "1", "-o", "json"]) == 0
    printed = capsys.readouterr()
    assert "no Android phone is attached: measuring the host" in printed.err
    assert json.loads(printed.out)["device"] == "host"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--peers", "torch"], "peers do not run on a phone: give --peers none"),
        (["--executor", "torch"], "lazydit-bench runs ExecuTorch's programs: leave --executor out"),
        (["--app"], "the app holds its own runtime: leave --bench or --app out"),
    ],
)
def test_what_a_phone_cannot_do(
    arguments: list[str],
    said: str,
    phone: AdbDevice,
    on_phone: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sentence(capsys, *on_phone, *arguments) == said


def test_arguments_about_phones_need_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert sentence(capsys, "--app") == (
        "--app is about a phone: add --device android, or leave it out"
    )
