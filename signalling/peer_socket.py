"""The one socket of a peer without a browser: it says hello, hears, and comes back when it is lost.

run(hear): connect ─▶ hello {fresh line ticket} ─▶ welcome, nudge, … each given to `hear`
              ▲                                          │ lost
              └────────────── pause ◀────────────────────┘   ends: close(), or another socket took the seat
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

from signalling.errors import Replaced
from signalling.protocol import VERSION, FromExchange, FromPage, Hello, Welcome, read_exchange, write

PAUSES: Final = (0.1, 5.0)  # s: from the first to the longest, as a browser's page has them
HEARTBEAT: Final = 5.0  # s: a peer is always in a call, or about to be
FRAME_BYTES: Final = 64 * 1024

Hear = Callable[[FromExchange], Awaitable[None]]


class PeerSocket:
    """`line_ticket` is asked before each connection; what it raises beyond a lost network ends `run`."""

    def __init__(self, client: aiohttp.ClientSession, origin: str, line_ticket: Callable[[], Awaitable[str]]) -> None:
        self._client = client
        self._origin = origin
        self._line_ticket = line_ticket
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._finished = False
        self._failures = 0

    async def say(self, message: FromPage) -> bool:
        """Say something to the exchange; False when there is no socket to say it on."""
        if self._ws is None or self._ws.closed:
            return False
        try:
            await self._ws.send_str(write(message))
        except (ConnectionError, aiohttp.ClientError):
            return False
        return True

    async def run(self, hear: Hear) -> None:
        """Be connected, and give every message to `hear`, until somebody closes or a newer socket takes the seat."""
        while not self._finished:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                if await self._connect(hear) == Replaced.close_code:
                    return
            shortest, longest = PAUSES
            pause = min(longest, shortest * 2 ** min(self._failures, 6)) if self._failures else 0.0
            self._failures += 1
            if not self._finished:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    async def _connect(self, hear: Hear) -> int | None:
        hello = Hello(VERSION, await self._line_ticket())
        async with self._client.ws_connect(
            f"{self._origin}/signal", origin=self._origin, heartbeat=HEARTBEAT, max_msg_size=FRAME_BYTES
        ) as ws:
            await ws.send_str(write(hello))
            self._ws = ws
            try:
                async for frame in ws:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        message = read_exchange(frame.data)
                        if isinstance(message, Welcome):
                            self._failures = 0
                        await hear(message)
            finally:
                self._ws = None
        return ws.close_code

    async def close(self) -> None:
        """Close for good; `run` then returns."""
        self._finished = True
        if self._ws is not None:
            await self._ws.close()
