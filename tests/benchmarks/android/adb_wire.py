"""The device's side of adb's wire protocol: packets, and the streams that they carry.

After the public description in Android's sources, packages/modules/adb/protocol.txt.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field

VERSION = 0x01000001
"""From this one on nobody checks sums."""

MAX_DATA = 256 * 1024

_HEADER = struct.Struct("<4sIIIII")


@dataclass(frozen=True)
class Packet:
    """One message; what its two numbers mean depends on the command."""

    command: bytes
    first: int
    second: int
    data: bytes = b""

    def encoded(self) -> bytes:
        magic = int.from_bytes(self.command, "little") ^ 0xFFFFFFFF
        numbers = (self.first, self.second, len(self.data), 0, magic)
        return _HEADER.pack(self.command, *numbers) + self.data


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    """Raises asyncio.IncompleteReadError when the connection has ended."""
    command, first, second, length, _, magic = _HEADER.unpack(
        await reader.readexactly(_HEADER.size)
    )
    assert magic == int.from_bytes(command, "little") ^ 0xFFFFFFFF
    return Packet(command, first, second, await reader.readexactly(length))


@dataclass
class Stream:
    """One service's bytes, in both directions, over a connection shared with others."""

    writer: asyncio.StreamWriter
    ours: int
    theirs: int
    open: bool = True
    _arrived: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _buffer: bytes = b""

    def send(self, command: bytes, data: bytes = b"") -> None:
        self.writer.write(Packet(command, self.ours, self.theirs, data).encoded())

    def take(self, packet: Packet) -> None:
        """What the other side says about this stream."""
        if packet.command == b"WRTE":
            self._arrived.put_nowait(packet.data)
            self.send(b"OKAY")
        elif packet.command == b"OKAY":
            self._ready.set()
        elif packet.command == b"CLSE":
            self.end()

    def end(self) -> None:
        """Nothing arrives or leaves any more."""
        self.open = False
        self._arrived.put_nowait(b"")
        self._ready.set()

    async def read(self, size: int) -> bytes:
        """Exactly `size` bytes; raises EOFError when the stream ends before."""
        while len(self._buffer) < size:
            arrived = await self._arrived.get()
            if not arrived:
                raise EOFError
            self._buffer += arrived
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    async def write(self, data: bytes) -> None:
        """Returns when the other side has taken all of it, or is gone."""
        for start in range(0, len(data), MAX_DATA):
            if not self.open:
                return
            self._ready.clear()
            self.send(b"WRTE", data[start : start + MAX_DATA])
            await self._ready.wait()

    def close(self) -> None:
        if self.open:
            self.open = False
            self.send(b"CLSE")
