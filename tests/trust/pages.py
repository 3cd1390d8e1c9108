"""One page of a call, in Python, that comes back by itself wherever somebody answers, and keeps what it heard."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import pairwise

import aiohttp

from signalling.protocol import (
    VERSION,
    Answer,
    Bye,
    Candidate,
    Error,
    FromExchange,
    FromPage,
    Hello,
    Join,
    Joined,
    Offer,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    Reconnect,
    Replaced,
    Seat,
    Uncounted,
    Welcome,
    read_exchange,
    write,
)
from tests.signalling.exchange import SDP

AGAIN = (0.02, 0.3)  # s before the next attempt: long enough for something to be said meanwhile
SILENT = 0.6  # s without a word after which a socket is given up: the tests are in more of a hurry than people
Ticket = Callable[[str], Awaitable[str]]
"""Asks a server, by its origin, for a ticket."""


class Page:
    """It says numbers to the other seat. What it hears is cut into runs: another begins when it is told to look again.

    Within a run each number follows the one before: what is missing or doubled there was lost without a word.
    """

    def __init__(self, seat: Seat, where: Callable[[], str], line: Ticket, sit: Ticket, silent: float = SILENT) -> None:
        self.seat = seat
        self._silent = silent
        self._where, self._line, self._sit = where, line, sit
        self.runs: list[list[int]] = [[]]
        self.said = 0
        self.met = asyncio.Event()
        self.resumed = self.begun = self.left = 0
        self._heard = self._confirmed = 0
        self._kept: deque[str] = deque()
        self._resume = ""
        self._pause = 0.0
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._life = 0.0
        self._origin = ""

    async def run(self) -> None:
        """Be connected, wherever somebody answers, until cancelled."""
        async with aiohttp.ClientSession() as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    await self._connect(client)
                self._ws = None
                pause, self._pause = self._pause or random.uniform(*AGAIN), 0.0
                await asyncio.sleep(pause)

    @property
    def connected(self) -> bool:
        """Whether it was welcomed, and not lost since."""
        return self._ws is not None

    def lose(self) -> None:
        """Cut its line, without a goodbye."""
        if self._ws is not None:
            self._ws._response.close()

    def total(self) -> int:
        """How many numbers it heard so far."""
        return sum(map(len, self.runs))

    async def say(self) -> None:
        """One number more, if there is somebody to hear it, now or on resuming."""
        if self.met.is_set() and (self._ws is not None or self._resume) and len(self._kept) < 50:
            if self.said % 100 == 0:  # an exchange takes 120 candidates after a description
                await self._say(Answer(SDP) if self.seat is Seat.PATIENT else Offer(SDP))
            await self._say(Candidate(f"{self.begun}:{self.said}"))
            self.said += 1

    async def _say(self, message: FromPage) -> None:
        frame = write(message)
        if not isinstance(message, Uncounted):
            self._kept.append(frame)
        if self._ws is not None:
            with contextlib.suppress(ConnectionError):
                await self._ws.send_str(frame)

    async def _connect(self, client: aiohttp.ClientSession) -> None:
        origin = self._origin = self._where()
        hello = Hello(VERSION, resume=self._resume, heard=self._heard) if self._resume else None
        hello = hello or Hello(VERSION, ticket=await asyncio.wait_for(self._line(origin), self._silent * 4))
        async with asyncio.timeout(self._silent * 5):
            ws = await client.ws_connect(f"{origin}/signal", origin=origin)
        try:
            await ws.send_str(write(hello))
            beat = asyncio.create_task(self._beat(ws))
            try:
                async for frame in ws:
                    self._life = asyncio.get_running_loop().time()
                    await self._hear(read_exchange(str(frame.data)), ws)
            finally:
                beat.cancel()
            if ws.close_code in (4400, 4401, 4409, 4429):
                self._resume = ""
        finally:
            ws._response.close()  # no close handshake with a server that may be frozen

    async def _beat(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._life = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - self._life < self._silent * (1 if self._ws else 4):
            await asyncio.sleep(self._silent / 2)
            if self._ws is not None:
                with contextlib.suppress(ConnectionError):
                    await ws.send_str(write(Ping(self._heard)))
        ws._response.close()

    async def _hear(self, message: FromExchange, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._heard += not isinstance(message, Uncounted)
        match message:
            case Welcome():
                await self._begin(message, ws)
            case Pong(heard):
                self._confirm(heard)
            case Reconnect(after):
                self._pause = after / 1000
            case Candidate(candidate=str(text)):
                self.runs[-1].append(int(text.split(":")[1]))
            case Joined(page=page):
                self._anew(page is not None)
            case PeerJoined():
                self._anew(True)
            case Error():
                await self._join()
            case PeerLeft() | Bye() | Replaced():
                self.left += 1
                self._anew(False)
            case _:
                pass

    async def _begin(self, welcome: Welcome, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._resume, self._ws = welcome.resume, ws
        if welcome.resumed:
            self.resumed += 1
            self._confirm(welcome.heard)
            for frame in tuple(self._kept):
                await ws.send_str(frame)
            return
        self.begun += 1
        self._kept.clear()
        self._heard = self._confirmed = 0
        self._anew(False)
        await self._join()

    async def _join(self) -> None:
        await self._say(Join(await asyncio.wait_for(self._sit(self._origin), self._silent * 4), f"page-{self.seat}"))

    def _anew(self, met: bool) -> None:
        """Whoever comes or went: what follows need not follow what was."""
        self.runs.append([])
        if met:
            self.met.set()
        else:
            self.met.clear()

    def _confirm(self, heard: int) -> None:
        while self._confirmed < heard and self._kept:
            self._kept.popleft()
            self._confirmed += 1
        self._confirmed = max(heard, self._confirmed)

    def holes(self) -> int:
        """How many numbers are missing or doubled within a run."""
        return sum(after - before != 1 for run in self.runs for before, after in pairwise(run))
