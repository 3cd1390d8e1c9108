"""Servers with real sockets, pages written in Python, and a Redis that a test may kill."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from aiohttp.test_utils import TestServer

from signalling.bus import Bus
from signalling.cloakroom import Cloakroom
from signalling.gateway import Gateway
from signalling.protocol import (
    VERSION,
    FromExchange,
    FromPage,
    Hello,
    Join,
    Joined,
    Seat,
    Uncounted,
    Welcome,
    read_exchange,
    write,
)
from signalling.redis_bus import RedisBus
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass, SeatPass, TicketOffice
from tests import tools

M = TypeVar("M", bound=FromExchange)

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
SDP = f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{FINGERPRINT}\r\n"


async def until(what: Callable[[], bool]) -> None:
    """Look again until it is so; for what tells nobody when it changes."""
    async with asyncio.timeout(15):
        while not what():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def until_sync(what: Callable[[], bool]) -> None:
    """Look again until it is so, while nothing else has to happen."""
    give_up = time.monotonic() + 15
    while not what():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MortalRedis:
    """A Redis that a test may kill and start again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._child: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._child = subprocess.Popen(  # noqa: ASYNC220 -- it only forks
            [str(tools.REDIS.path()), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                await writer.wait_closed()
                return

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


class TestPage:
    """What a page is to the exchange: one socket, and what it hears on it."""

    __test__ = False

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.heard = 0
        self.welcome: Welcome | None = None

    async def say(self, message: FromPage) -> None:
        await self.ws.send_str(write(message))

    async def next(self) -> FromExchange:
        message = await asyncio.wait_for(self.ws.receive(), 10)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        said = read_exchange(message.data)
        self.heard += not isinstance(said, Uncounted)
        return said

    def lose(self) -> None:
        """The line is cut: no goodbye."""
        assert self.ws._conn is not None
        assert self.ws._conn.transport is not None
        self.ws._conn.transport.abort()

    async def hear(self, kind: type[M]) -> M:
        """The next message, which must be of this kind."""
        message = await self.next()
        assert isinstance(message, kind), message
        return message

    async def closed_with(self) -> int | None:
        """Read to the end; the close code."""
        while not (await asyncio.wait_for(self.ws.receive(), 10)).type >= aiohttp.WSMsgType.CLOSE:
            pass
        return self.ws.close_code


@dataclass
class Exchange:
    """One server: a gateway on a real port, its switchboard and its ticket office."""

    bus: Bus
    server: TestServer
    switchboard: Switchboard
    tickets: TicketOffice
    cloakroom: Cloakroom
    gateway: Gateway
    client: aiohttp.ClientSession
    sockets: list[aiohttp.ClientWebSocketResponse] = field(default_factory=list)

    async def socket(self, origin: str | None = None) -> TestPage:
        url = self.server.make_url("/signal")
        headers = {"Origin": origin or str(url.origin())}
        ws = await self.client.ws_connect(url, headers=headers, max_msg_size=0)
        self.sockets.append(ws)
        return TestPage(ws)

    async def page(self, *lines: str) -> TestPage:
        """A page that was welcomed."""
        page = await self.socket()
        await page.say(Hello(VERSION, await self.tickets.issue(LinePass(lines, "account"))))
        page.welcome = await page.hear(Welcome)
        return page

    async def resume(self, lost: TestPage, heard: int | None = None, ticket: str = "") -> TestPage:
        """The same page on a new socket, here, whatever becomes of it."""
        assert lost.welcome
        page = await self.socket()
        page.heard = lost.heard if heard is None else heard
        await page.say(Hello(VERSION, resume=ticket or lost.welcome.resume, heard=page.heard))
        return page

    async def resumed(self, lost: TestPage) -> TestPage:
        """The same page on a new socket, welcomed back."""
        page = await self.resume(lost)
        page.welcome = await page.hear(Welcome)
        assert page.welcome.resumed
        return page

    async def seated(self, seat: Seat, call: str = "call-1", page: str = "") -> TestPage:
        """A page that sits."""
        seated = await self.page()
        await self.sit(seated, seat, call, page)
        return seated

    async def sit(self, on: TestPage, seat: Seat, call: str = "call-1", page: str = "") -> Joined:
        await on.say(Join(await self.tickets.issue(SeatPass(call, seat, "account")), page or f"page-{seat}"))
        return await on.hear(Joined)


OpenExchange = Callable[[Bus], Awaitable[Exchange]]
ConnectBus = Callable[[str], Awaitable[RedisBus]]
