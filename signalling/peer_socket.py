"""The one socket of a peer without a browser: it says hello, hears, and resumes when it is lost (PROTOCOL.md §3).

run(hear): connect ─▶ hello {line ticket} ─▶ welcome, nudge, … each given to `hear`
              ▲                                    │ lost
              │                                    ▼
              └── pause ◀── hello {resume ticket}: what either side had not heard is said again
                                                       ends: close(), or another socket took the seat
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

from signalling.errors import BadMessage, BadTicket, Flood, Replaced
from signalling.protocol import (
    VERSION,
    FromExchange,
    FromPage,
    Hello,
    Ping,
    Pong,
    Reconnect,
    Uncounted,
    Welcome,
    read_exchange,
    write,
)

PAUSES: Final = (0.1, 0.25)  # s: from the first to the longest, as a page in a call has them
PING_EVERY: Final = 5.0  # s: a peer is always in a call, or about to be
FRAME_BYTES: Final = 64 * 1024
KEPT: Final = 50  # counted frames that were said and not yet confirmed
NEVER_RESUMED: Final = frozenset({error.close_code for error in (BadMessage, BadTicket, Replaced, Flood)})

Hear = Callable[[FromExchange], Awaitable[None]]


class PeerSocket:
    """`line_ticket` is asked when there is nothing to resume; what it raises beyond a lost network ends `run`."""

    def __init__(self, client: aiohttp.ClientSession, origin: str, line_ticket: Callable[[], Awaitable[str]]) -> None:
        self._client = client
        self._origin = origin
        self._line_ticket = line_ticket
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._welcomed = False
        self._finished = False
        self._failures = 0
        self._pause: float | None = None  # s: what a server that stops asks for
        self._resume: str | None = None
        self._heard = 0  # counted frames of the exchange
        self._confirmed = 0  # of ours: the exchange heard them
        self._kept: deque[str] = deque(maxlen=KEPT)

    async def say(self, message: FromPage) -> bool:
        """Say something to the exchange; False when it cannot be said now, and will not be said on resuming."""
        frame = write(message)
        if not isinstance(message, Uncounted):
            if not self._welcomed and self._resume is None:
                return False
            self._kept.append(frame)
        elif not self._welcomed:
            return False
        await self._send(frame)
        return True

    async def run(self, hear: Hear) -> None:
        """Be connected, and give every message to `hear`, until somebody closes or a newer socket takes the seat."""
        while not self._finished:
            code = None
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                code = await self._connect(hear)
            if code == Replaced.close_code:
                return
            if code in NEVER_RESUMED:
                self._resume = None
            if not self._finished:
                await asyncio.sleep(self._next_pause())

    def _next_pause(self) -> float:
        """At once after a loss, then ever later, with jitter; after what a stopping server asks for."""
        shortest, longest = PAUSES
        pause, self._pause = self._pause, None
        if pause is None and self._failures:
            pause = min(longest, shortest * 2 ** min(self._failures, 6)) * random.uniform(0.5, 1.0)
        self._failures += 1
        return pause or 0.0

    async def _connect(self, hear: Hear) -> int | None:
        fresh = self._resume is None or self._failures > 1  # a server that was away for a while may know us no more
        ticket = await self._line_ticket() if fresh else None
        hello = Hello(VERSION, ticket, self._resume, self._heard if self._resume else 0)
        async with self._client.ws_connect(
            f"{self._origin}/signal", origin=self._origin, heartbeat=PING_EVERY, max_msg_size=FRAME_BYTES
        ) as ws:
            await ws.send_str(write(hello))
            self._ws = ws
            beat = asyncio.create_task(self._beat(), name="peer-beat")
            try:
                async for frame in ws:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        await self._take(read_exchange(frame.data), hear)
            finally:
                beat.cancel()
                self._ws, self._welcomed = None, False
        return ws.close_code

    async def _take(self, message: FromExchange, hear: Hear) -> None:
        if not isinstance(message, Uncounted):
            self._heard += 1
        match message:
            case Welcome():
                await self._begin(message)
            case Pong(heard):
                self._confirm(heard)
            case Reconnect(after):
                self._pause = after / 1000
            case _:
                pass
        await hear(message)

    async def _begin(self, welcome: Welcome) -> None:
        """Go on where the former socket was lost, or count anew."""
        self._resume, self._failures, self._welcomed = welcome.resume, 0, True
        if welcome.resumed:
            self._confirm(welcome.heard)
            for frame in tuple(self._kept):
                await self._send(frame)
        else:
            self._kept.clear()
            self._heard = self._confirmed = 0

    def _confirm(self, heard: int) -> None:
        """Forget what the exchange has heard of us."""
        for _ in range(min(heard - self._confirmed, len(self._kept))):
            self._kept.popleft()
        self._confirmed = max(self._confirmed, heard)

    async def _beat(self) -> None:
        """Say what was heard, so that the exchange need not keep it."""
        while True:
            await asyncio.sleep(PING_EVERY)
            await self.say(Ping(self._heard))

    async def _send(self, frame: str) -> None:
        if self._ws is not None and self._welcomed:
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await self._ws.send_str(frame)

    async def close(self) -> None:
        """Close for good; `run` then returns."""
        self._finished = True
        if self._ws is not None:
            await self._ws.close()
