"""Cases of engines that nobody started, and phones that nobody plugged in."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from apple import ios_app, xcode
from contestants import Contestant
from measurement import Timed
from protocol import BUNDLE, Case, EngineSpec, ImageTimes
from tests.benchmarks.android.adb_device import AdbDevice, adb_device
from tests.benchmarks.apple.apple_tools import AppleTools
from tests.benchmarks.apple.ios_run import RESULT

MakeTimed = Callable[..., Timed]


def engine(kind: str = BUNDLE, name: str = "executorch", threads: int = 2) -> Contestant:
    return Contestant(EngineSpec(kind=kind, name=name, threads=threads))


@pytest.fixture
def timed() -> MakeTimed:
    """Makes a case whose images took `image_ms`, every step but the first as long as the other."""

    def make(case: Case, image_ms: Sequence[float], contestant: Contestant | None = None) -> Timed:
        images = [ImageTimes(ms, [ms / case.steps] * case.steps) for ms in image_ms]
        return Timed(contestant or engine(), case, images)

    return make


def adb(*arguments: str) -> str:
    """What the real adb client prints."""
    done = subprocess.run(["adb", *arguments], capture_output=True, text=True, timeout=60)
    return done.stdout


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server of adb that no other program of this user knows of, with keys of its own."""
    home = tmp_path_factory.mktemp("adb-home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        # Caches of other programs stay where they are.
        patch.setenv(
            "XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        )
        patch.setenv("HOME", str(home))
        patch.delenv("ANDROID_SERIAL", raising=False)
        adb("start-server")
        yield
        adb("kill-server")


@pytest.fixture
def attach(adb_server: None, tmp_path: Path) -> Iterator[Callable[..., AdbDevice]]:
    """Attaches another phone, which is gone after the test."""
    with ExitStack() as stack:

        def another(authorized: bool = True) -> AdbDevice:
            folder = tmp_path / f"phone-{len(phones)}"
            device = stack.enter_context(adb_device(folder))
            device.authorized = authorized
            phones.append(device)
            adb("connect", device.serial)
            return device

        phones: list[AdbDevice] = []
        yield another
        for device in phones:
            adb("disconnect", device.serial)


@pytest.fixture
def phone(attach: Callable[..., AdbDevice]) -> AdbDevice:
    """The one phone that is attached."""
    return attach()


@pytest.fixture
def apple(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppleTools:
    """A Mac with Xcode and an iPhone, whose app answers at once with RESULT."""
    tools = AppleTools.make(tmp_path)
    tools.set(result=json.dumps(RESULT))
    monkeypatch.setenv("PATH", f"{tools.programs}:{os.environ['PATH']}")
    monkeypatch.delenv("DEVELOPMENT_TEAM", raising=False)
    monkeypatch.setattr(xcode, "ROOT", tools.checkout)
    monkeypatch.setattr(ios_app, "POLL_S", 0.01)
    return tools
