"""The smallest WebSocket client that will do (RFC 6455): thousands fit into one process, whose cost nobody counts."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_KEY = base64.b64encode(os.urandom(16)).decode()


def frame(payload: bytes, kind: int = TEXT) -> bytes:
    """One whole frame as a client sends it; a mask of zeros masks nothing and is allowed."""
    head = bytes([0x80 | kind])
    if len(payload) < 126:
        return head + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload
    if len(payload) < 65536:
        return head + b"\xfe" + struct.pack("!H", len(payload)) + b"\0\0\0\0" + payload
    return head + b"\xff" + struct.pack("!Q", len(payload)) + b"\0\0\0\0" + payload


class Line(asyncio.Protocol):
    """One socket: `hear` gets each text, `closed` has the code that ended it (0: none was said)."""

    def __init__(self, path: str, origin: str, hear: Callable[[bytes], None]) -> None:
        self._greeting = (
            f"GET {path} HTTP/1.1\r\nHost: {origin.removeprefix('http://')}\r\nOrigin: {origin}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self.hear = hear
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.counted = 0
        self._upgraded = False
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own
        self._transport.write(self._greeting.encode())

    def connection_lost(self, _error: Exception | None) -> None:
        """Nobody said a code."""
        if not self.closed.done():
            self.closed.set_result(0)
        if not self.open.done():
            self.open.set_exception(ConnectionError("refused"))
            self.open.exception()

    def write(self, whole: bytes) -> None:
        """Send a frame made by `frame`."""
        if self._transport is not None and not self.closed.done():
            self._transport.write(whole)

    def say(self, text: str) -> None:
        """Send a text."""
        self.write(frame(text.encode()))

    def stop_reading(self) -> None:
        """Read nothing more, as a page that hangs."""
        if self._transport is not None:
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again, if only to see that it is over."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def drop(self) -> None:
        """Be gone at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, more: bytes) -> None:
        """Take apart what came."""
        self._rest = self._rest + more if self._rest else more
        if not self._upgraded and not self._upgrade():
            return
        at, have = 0, self._rest
        while len(have) - at >= 2:
            size, body = have[at + 1], at + 2
            if size == 126:
                size, body = int.from_bytes(have[at + 2 : at + 4]), at + 4
            elif size == 127:
                size, body = int.from_bytes(have[at + 2 : at + 10]), at + 10
            if len(have) < body + size or (have[at + 1] >= 126 and len(have) < body):
                break
            self._heard(have[at] & 0xF, have[body : body + size])
            at = body + size
        self._rest = have[at:]

    def _upgrade(self) -> bool:
        head, found, rest = self._rest.partition(b"\r\n\r\n")
        if not found:
            return False
        self._upgraded, self._rest = True, rest
        if b" 101 " in head[:20]:
            self.open.set_result(None)
        return True

    def _heard(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self.hear(payload)
        elif kind == PING:
            self.write(frame(payload, PONG))
        elif kind == CLOSE:
            if not self.closed.done():
                self.closed.set_result(int.from_bytes(payload[:2]) if len(payload) >= 2 else 0)
            self.write(frame(payload[:2], CLOSE))
