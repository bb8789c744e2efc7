"""A device on loopback for the real adb client: this machine's shell in a folder of its own.

Paths under /data, /sdcard and /sys lie in that folder, and its bin/ holds Android's commands that
Linux lacks.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.android.adb_services import Full, shell, sync
from tests.benchmarks.android.adb_wire import MAX_DATA, VERSION, Packet, Stream, read_packet

PROPERTIES = {
    "ro.product.manufacturer": "Acme",
    "ro.product.model": "Loop 1",
    "ro.product.cpu.abi": "x86_64",
    "ro.soc.model": "L1",
    "ro.build.version.release": "15",
    "ro.build.version.sdk": "35",
}

BATTERY = "  USB powered: true\n  level: 87\n  temperature: 312\n"

_AUTH_TOKEN = 1


@dataclass
class AdbDevice:
    """What the device is like, to be changed at any time, and what it saw.

    Attributes:
        root: where its files lie here.
        authorized: whether it accepts this computer.
        free_bytes: how much may yet be pushed; None is no limit.
        cut: a part of a shell script or pushed path at which the connection is cut.
        pushed: paths that were pushed whole, in order.
        scripts: what its shell was asked to run.
        port: on which it listens.
    """

    root: Path
    authorized: bool = True
    free_bytes: int | None = None
    cut: str | None = None
    pushed: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self.port}"

    def place(self, path: str) -> Path:
        """Where a path of the device lies here."""
        return Path(self.local(path))

    def local(self, text: str) -> str:
        return re.sub(r"(?<![\w./-])/(?=(data|sdcard|sys)\b)", f"{self.root}/", text)

    def install(self, command: str, script: str) -> None:
        """Gives the device a command."""
        path = self.root / "bin" / command
        path.write_text(f"#!/bin/sh\n{self.local(script)}\n")
        path.chmod(0o755)

    def set_thermal(self, *statuses: int) -> None:
        """What dumpsys thermalservice says, time by time; the last one from then on."""
        (self.root / "thermal").write_text("".join(f"{status}\n" for status in statuses))

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection of adb."""
        streams: dict[int, Stream] = {}
        tasks = set()
        try:
            while True:
                packet = await read_packet(reader)
                if packet.command == b"CNXN":
                    writer.write(self._welcome().encoded())
                elif packet.command == b"AUTH":
                    writer.write(Packet(b"AUTH", _AUTH_TOKEN, 0, bytes(20)).encoded())
                elif packet.command == b"OPEN":
                    stream = Stream(writer, len(streams) + 1, packet.first)
                    streams[stream.ours] = stream
                    stream.send(b"OKAY")
                    service = packet.data.rstrip(b"\0").decode()
                    tasks.add(asyncio.create_task(self._serve(stream, service)))
                elif packet.second in streams:
                    streams[packet.second].take(packet)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            for stream in streams.values():
                stream.end()
            await asyncio.gather(*tasks, return_exceptions=True)
            writer.close()

    def _welcome(self) -> Packet:
        if not self.authorized:
            return Packet(b"AUTH", _AUTH_TOKEN, 0, bytes(20))
        banner = b"device::ro.product.name=loop;ro.product.model=Loop;features=shell_v2"
        return Packet(b"CNXN", VERSION, MAX_DATA, banner)

    async def _serve(self, stream: Stream, service: str) -> None:
        name, _, script = service.partition(":")
        if name == "sync":
            await sync(stream, self.place, lambda path, size: self._take(stream, path, size))
        elif name.startswith("shell"):
            self.scripts.append(script)
            if self._is_cut(script):
                stream.writer.close()
                return
            binaries = f"{self.root}/bin:{os.environ['PATH']}"
            await shell(stream, self.local(script), {"PATH": binaries, "HOME": str(self.root)})
        stream.close()

    def _is_cut(self, text: str) -> bool:
        return self.cut is not None and self.cut in text

    def _take(self, stream: Stream, path: str, size: int) -> None:
        if self._is_cut(path):
            stream.writer.close()
        if self.free_bytes is not None:
            if size > self.free_bytes:
                raise Full
            self.free_bytes -= size
        if path not in self.pushed:
            self.pushed.append(path)


@contextmanager
def adb_device(root: Path) -> Iterator[AdbDevice]:
    """A device that listens in a thread of its own until the block ends."""
    (root / "bin").mkdir(parents=True)
    (root / "data/local/tmp").mkdir(parents=True)
    governor = root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    governor.parent.mkdir(parents=True)
    governor.write_text("schedutil\n")
    device = AdbDevice(root)
    device.set_thermal(0)
    answers = "".join(f"{name}) echo '{value}';;\n" for name, value in PROPERTIES.items())
    device.install("getprop", f'case "$1" in\n{answers}esac')
    device.install(
        "dumpsys",
        f"""case "$1" in
        battery) printf '{BATTERY}';;
        thermalservice)
          echo "Thermal Status: $(head -n 1 {root}/thermal)"
          [ $(wc -l < {root}/thermal) -le 1 ] || sed -i 1d {root}/thermal;;
        esac""",
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        start = asyncio.start_server(device.connected, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(start, loop).result()
        device.port = server.sockets[0].getsockname()[1]
        yield device
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result(timeout=10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
