"""Clients that mean harm: they dribble, never read, or say too much."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator

import aiohttp

from signalling.protocol import VERSION, Candidate, Hello, Join, Offer, write
from tests.bench.exchange.wire import Line, frame
from tests.signalling.exchange import SDP

HUGE = 1024 * 1024  # a frame sixteen times longer than allowed
LONG = 24 * 1024  # an offer within what is allowed
SMALL = 4096  # bytes that the kernel may keep for somebody who does not read


def _offer() -> bytes:
    padding = "".join(f"a=candidate-of-nobody:{number:06d}\r\n" for number in range(LONG // 30))
    return frame(write(Offer(SDP + padding)).encode())


def _nothing(_payload: bytes) -> None:
    """Hear, and do nothing."""


class Hostile:
    """What one attacker has open against one server."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        host, port = origin.removeprefix("http://").split(":")
        self._where = host, int(port)
        self.slow: list[socket.socket] = []
        self.deaf: list[Line] = []
        self.talkers: list[Line] = []
        self.loud: list[Line] = []
        self._offer = _offer()
        self._word = frame(write(Candidate(None)).encode())

    async def dribble(self, count: int) -> None:
        """Open requests that never end."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            line = socket.socket()
            line.setblocking(False)
            await loop.sock_connect(line, self._where)
            await loop.sock_sendall(line, b"GET /signal HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            self.slow.append(line)

    def dribble_on(self, share: int, of: int) -> None:
        """One byte more on every `of`-th: they do not know of each other."""
        for line in self.slow[share % of :: of]:
            try:
                line.send(b"a")
            except OSError:  # it was closed: the attack is over for this one
                continue

    async def never_read(self, count: int) -> None:
        """Sit in so many rooms with a page that stops reading; its other end will talk to it."""
        there = len(self.deaf)
        async with aiohttp.ClientSession() as session:
            for first in range(there, there + count, 50):
                names = ",".join(f"deaf-{number}" for number in range(first, min(first + 50, there + count)))
                async with session.get(f"{self.origin}/tickets", params={"rooms": names}) as answer:
                    given = await answer.json()
                await asyncio.gather(*(self._sit(*one) for one in given))
        for line in self.deaf[there:]:
            line.stop_reading()

    async def _sit(self, _room: str, seat: str, line_ticket: str, seat_ticket: str) -> None:
        line = await self._line()
        sits = asyncio.get_running_loop().create_future()

        def hear(payload: bytes) -> None:
            kind = json.loads(payload)["type"]
            if kind == "welcome":
                line.say(write(Join(seat_ticket, "page-of-the-attack")))
            elif kind == "joined":
                line.hear = _nothing
                sits.set_result(None)

        line.hear = hear
        line.say(write(Hello(version=VERSION, ticket=line_ticket)))
        await asyncio.wait_for(sits, 60)
        (self.deaf if seat == "patient" else self.talkers).append(line)

    async def _line(self) -> Line:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        small.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(small, self._where)
        _, line = await loop.create_connection(lambda: Line("/signal", self.origin, _nothing), sock=small)
        await asyncio.wait_for(line.open, 60)
        return line

    def talk(self, share: int, of: int, offers: int) -> None:
        """So many long offers to every `of`-th page that does not read."""
        for line in self._share(share, of):
            line.write(self._offer * offers)

    def whisper(self, share: int, of: int) -> None:
        """One short word to every `of`-th page that does not read."""
        for line in self._share(share, of):
            line.write(self._word)

    def _share(self, share: int, of: int) -> Iterator[Line]:
        return (line for number, line in enumerate(self.talkers) if number % of == share % of)

    async def shout(self, count: int) -> None:
        """Say one frame each that is far too long."""
        for _ in range(count):
            line = await self._line()
            line.write(frame(b"x" * HUGE))
            self.loud.append(line)

    async def ends(self, lines: list[Line], within: float) -> list[int]:
        """The close codes of those that the server closed in time; 0 where none could be said."""
        for line in lines:
            line.read_on()
        await asyncio.wait([line.closed for line in lines], timeout=within)
        return [line.closed.result() for line in lines if line.closed.done()]

    def stop(self) -> None:
        """Be gone."""
        for slow in self.slow:
            slow.close()
        for line in (*self.deaf, *self.talkers, *self.loud):
            line.drop()
