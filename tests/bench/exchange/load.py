"""A crowd of pages in a process of its own: it reads orders on standard input, one JSON a line, and answers alike.

    open {rooms} ─▶ volley {each} ─▶ paced {rate, seconds} ─▶ confirm ─▶ leave or close

`rooms` are pairs of sockets. In a volley both ends of every room say a message, and another one for each that they
hear, until each has said so many; paced says them evenly and times each one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import uvloop

from signalling.protocol import VERSION, Hello, Join, Page, Ping, write
from tests.bench.exchange.wire import CLOSE, Line, frame

BATCH = 40  # rooms that open at once
WITHIN = 120.0  # s for everything said to be heard
SIZE = 280  # bytes of a message: a trickled candidate
TICK = 0.01  # s between two shares of a paced load
UNCOUNTED = (b'{"type":"welcome"', b'{"type":"pong"', b'{"type":"reconnect"', b'{"type":"replaced"')
AT = b"at="
_SHAPE = '{"type":"candidate","candidate":"candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host %s at=%s","mid":"0"}'
FILL = "x" * (SIZE - len(_SHAPE % ("", "0" * 19)))
PAGE: Page = "page-of-the-load"


def message(at: int = 0) -> bytes:
    """One frame of a candidate that says when it was sent."""
    return frame((_SHAPE % (FILL, f"{at:019d}")).encode())


class Fleet:
    """The pages of one target. `origins`: its servers; a room's two ends are on the same one, or `across` two."""

    def __init__(self, kind: str, origins: list[str], across: bool = False) -> None:
        self.kind, self.origins, self.across = kind, origins, across
        self.lines: list[Line] = []
        self.listeners: list[Line] = []
        self.heard = 0
        self.late: list[float] = []

    def hear(self, payload: bytes) -> None:
        """Count a message of the other end, and time it if it says when it was sent."""
        at = payload.find(AT)
        if at > 0:
            self.heard += 1
            if sent := int(payload[at + 3 : at + 22]):
                self.late.append((time.monotonic_ns() - sent) / 1e6)

    async def open(self, rooms: int) -> dict[str, Any]:
        """Open both ends of so many rooms."""
        began, there = time.monotonic(), len(self.lines) // 2
        async with aiohttp.ClientSession() as session:
            for first in range(there, there + rooms, BATCH):
                names = [f"room-{number}" for number in range(first, min(first + BATCH, there + rooms))]
                await (self._open_ours(session, names) if self.kind == "ours" else self._open_rooms(names))
        return {"sockets": len(self.lines), "seconds": time.monotonic() - began}

    async def listen(self, pages: int) -> dict[str, Any]:
        """Open so many sockets that say nothing: of our exchange pages that sit nowhere, as free cabins and desks."""
        async with aiohttp.ClientSession() as session:
            for first in range(0, pages, 2 * BATCH):
                names = [f"idle-{first + number}" for number in range(min(BATCH, (pages - first) // 2))]
                if self.kind == "ours":
                    async with session.get(f"{self.origins[0]}/tickets", params={"rooms": ",".join(names)}) as answer:
                        given = await answer.json()
                    await asyncio.gather(*(self._greet(ticket) for _, _, ticket, _ in given))
                else:
                    await self._open_rooms(names)
                    self.listeners += self.lines[-2 * len(names) :]
                    del self.lines[-2 * len(names) :]
        return {"sockets": len(self.listeners)}

    async def _greet(self, line_ticket: str) -> None:
        line = await self._line("/signal", self.origins[0])
        self.lines.remove(line)
        self.listeners.append(line)
        told = asyncio.get_running_loop().create_future()
        line.hear = lambda _: told.done() or told.set_result(None)
        line.say(write(Hello(version=VERSION, ticket=line_ticket)))
        async with asyncio.timeout(WITHIN):
            await told

    async def _line(self, path: str, origin: str) -> Line:
        host, port = origin.removeprefix("http://").split(":")
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: Line(path, origin, self.hear), host, int(port))
        async with asyncio.timeout(WITHIN):
            await line.open
        self.lines.append(line)
        return line

    async def _open_rooms(self, names: list[str]) -> None:
        await asyncio.gather(*(self._line(f"/room/{name}", self.origins[0]) for name in names for _ in range(2)))

    async def _open_ours(self, session: aiohttp.ClientSession, names: list[str]) -> None:
        async with session.get(f"{self.origins[0]}/tickets", params={"rooms": ",".join(names)}) as answer:
            given = await answer.json()
        await asyncio.gather(*(self._sit(*ticket) for ticket in given))

    async def _sit(self, room: str, seat: str, line_ticket: str, seat_ticket: str) -> None:
        turn = (seat == "patient") if self.across else int(room.split("-")[1])
        line = await self._line("/signal", self.origins[turn % len(self.origins)])
        told = asyncio.get_running_loop().create_future()

        def greeted(payload: bytes) -> None:
            line.counted += not payload.startswith(UNCOUNTED)
            if payload.startswith(b'{"type":"welcome"'):
                line.say(write(Join(seat_ticket, PAGE)))
            elif payload.startswith(b'{"type":"joined"') and not told.done():
                told.set_result(None)
            else:
                self.hear(payload)

        line.hear = greeted
        line.say(write(Hello(version=VERSION, ticket=line_ticket)))
        async with asyncio.timeout(WITHIN):
            await told

    async def volley(self, each: int) -> dict[str, Any]:
        """Every socket says `each` messages, the next when it heard one; answer when all were heard."""
        self.heard, wanted, one = 0, each * len(self.lines), message()
        left = dict.fromkeys(self.lines, each - 1)
        before = {line: line.hear for line in self.lines}

        def rally(line: Line) -> Callable[[bytes], None]:
            hear = line.hear

            def heard(payload: bytes) -> None:
                hear(payload)
                if left[line] and AT in payload:
                    left[line] -= 1
                    line.write(one)

            return heard

        for line in self.lines:
            line.hear = rally(line)
        began = time.monotonic()
        for line in self.lines:
            line.write(one)
        await self._all_heard(wanted)
        for line, hear in before.items():
            line.hear = hear
        return {"messages": self.heard, "wanted": wanted, "seconds": time.monotonic() - began}

    async def _all_heard(self, wanted: int) -> None:
        """Wait for everything that was said; not when somebody was cut off, for then it never comes."""
        until = time.monotonic() + WITHIN
        while self.heard < wanted and time.monotonic() < until:
            if any(line.closed.done() for line in self.lines):
                return
            await asyncio.sleep(TICK)

    async def paced(self, rate: int, seconds: float) -> dict[str, Any]:
        """Say `rate` messages a second, evenly over the sockets; answer how late each was, in ms."""
        self.heard, self.late, said = 0, [], 0
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            while said < now * rate:
                self.lines[said % len(self.lines)].write(message(time.monotonic_ns()))
                said += 1
            await asyncio.sleep(TICK)
        await self._all_heard(said)
        return {"messages": self.heard, "wanted": said, "late": sorted(self.late)}

    async def confirm(self) -> dict[str, Any]:
        """Say what was heard, as pages do every few seconds, so that nothing is kept for us."""
        if self.kind == "ours":
            for line in (*self.lines, *self.listeners):
                line.say(write(Ping(line.counted)))
        return {"open": sum(not line.closed.done() for line in (*self.lines, *self.listeners))}

    async def leave(self) -> dict[str, Any]:
        """Close as pages do that a person closes, and wait until the server answered each."""
        everybody = (*self.lines, *self.listeners)
        for line in everybody:
            line.write(frame((1001).to_bytes(2), CLOSE))
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(*(line.closed for line in everybody))
        return await self.close()

    async def close(self) -> dict[str, Any]:
        """Be gone, all at once."""
        everybody = (*self.lines, *self.listeners)
        ended = [line.closed.result() for line in everybody if line.closed.done()]
        for line in everybody:
            line.drop()
        self.lines, self.listeners = [], []
        return {"ended": ended}


async def main() -> None:
    """Do what is asked until standard input ends."""
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    fleet: Fleet | None = None
    while order := await orders.readline():
        asked = json.loads(order)
        name = asked.pop("do")
        if name == "target":
            fleet, told = Fleet(**asked), {}
        else:
            told = await getattr(fleet, name)(**asked)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main())
