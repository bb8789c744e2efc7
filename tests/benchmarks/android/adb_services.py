"""What adb asks of a device: a shell (v2, with exit codes) and files (sync, v1)."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.benchmarks.android.adb_wire import Stream

STDIN, STDOUT, STDERR, EXIT, CLOSE_STDIN = range(5)

MAX_SYNC_DATA = 64 * 1024

_SHELL = struct.Struct("<BI")
_SYNC = struct.Struct("<4sI")


async def shell(stream: Stream, script: str, environment: dict[str, str]) -> None:
    """Runs `script` with its three streams apart; it is hung up when adb ends the stream."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None and process.stderr is not None
    incoming = asyncio.create_task(_feed(stream, process))
    outgoing = [
        asyncio.create_task(_tell(stream, STDOUT, process.stdout)),
        asyncio.create_task(_tell(stream, STDERR, process.stderr)),
    ]
    await asyncio.wait({incoming, asyncio.gather(*outgoing)}, return_when="FIRST_COMPLETED")
    if not stream.open and process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGHUP)
    await asyncio.gather(*outgoing)
    code = await process.wait()
    await stream.write(_SHELL.pack(EXIT, 1) + bytes([code & 0xFF]))
    incoming.cancel()


async def _feed(stream: Stream, process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    with suppress(EOFError, ConnectionError):
        while True:
            kind, size = _SHELL.unpack(await stream.read(_SHELL.size))
            data = await stream.read(size)
            if kind == STDIN:
                process.stdin.write(data)
                await process.stdin.drain()
            elif kind == CLOSE_STDIN:
                process.stdin.close()
    process.stdin.close()
    if stream.open:
        await asyncio.Event().wait()


async def _tell(stream: Stream, kind: int, source: asyncio.StreamReader) -> None:
    while data := await source.read(MAX_SYNC_DATA):
        await stream.write(_SHELL.pack(kind, len(data)) + data)


class Full(Exception):
    """There is no room for another byte."""


async def sync(
    stream: Stream, place: Callable[[str], Path], room: Callable[[str, int], None]
) -> None:
    """Answers STAT, SEND and RECV until QUIT.

    `place` is where a path of the device lies here; `room` is asked before every write to a path of
    so many bytes, and raises Full.
    """
    with suppress(EOFError):
        while True:
            request, size = _SYNC.unpack(await stream.read(_SYNC.size))
            name = (await stream.read(size)).decode()
            if request == b"STAT":
                await _stat(stream, place(name))
            elif request == b"SEND":
                await _receive_file(stream, name, place, room)
            elif request == b"RECV":
                await _send_file(stream, place(name))
            else:
                return


async def _stat(stream: Stream, path: Path) -> None:
    found = path.stat() if path.exists() else None
    facts = (found.st_mode, found.st_size, int(found.st_mtime)) if found else (0, 0, 0)
    await stream.write(b"STAT" + struct.pack("<III", *facts))


async def _receive_file(
    stream: Stream, name: str, place: Callable[[str], Path], room: Callable[[str, int], None]
) -> None:
    name, _, mode = name.rpartition(",")
    path, problem = place(name), ""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while True:
            kind, size = _SYNC.unpack(await stream.read(_SYNC.size))
            if kind == b"DONE":
                break
            data = await stream.read(size)
            with suppress(Full):
                if not problem:
                    problem = "No space left on device"
                    room(name, size)
                    file.write(data)
                    problem = ""
    if problem:
        path.unlink()
        await stream.write(_SYNC.pack(b"FAIL", len(problem)) + problem.encode())
        return
    os.chmod(path, int(mode) & 0o777)
    await stream.write(_SYNC.pack(b"OKAY", 0))


async def _send_file(stream: Stream, path: Path) -> None:
    content = path.read_bytes()
    for start in range(0, len(content), MAX_SYNC_DATA):
        data = content[start : start + MAX_SYNC_DATA]
        await stream.write(_SYNC.pack(b"DATA", len(data)) + data)
    await stream.write(_SYNC.pack(b"DONE", 0))
