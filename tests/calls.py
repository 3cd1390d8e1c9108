"""Calls of two aiortc peers each, as many as wanted in one process, over the exchange of a running server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache

import aiohttp

from signalling.peer import Means, Peer, Reach
from signalling.peer_person import RobotPerson
from signalling.peer_socket import PeerSocket
from signalling.protocol import Seat
from signalling.tickets import LinePass, SeatPass, TicketOffice

WITHIN = 40.0  # s: a loaded machine with two cores


@cache
def person(seat: Seat) -> RobotPerson:
    """The patient or the doctor of every call: a voice takes a third of a second to make."""
    return RobotPerson("Odette Lavergne") if seat is Seat.PATIENT else RobotPerson("Dr Claire Aubin", doctor=True)


@dataclass
class Seated:
    """A peer in its seat, with its socket, which runs."""

    peer: Peer
    socket: PeerSocket
    running: asyncio.Task[None]

    async def frames(self) -> tuple[int, int]:
        """How many pieces of voice and pictures its present link received."""
        stats = await self.peer.stats()
        return (stats.audio.frames, stats.video.frames) if stats else (0, 0)

    async def flows(self, *, picture: bool = True) -> None:
        """Wait until more voice, and more picture, arrives than until now."""
        before = await self.frames()
        async with asyncio.timeout(WITHIN):
            while True:
                voice, pictures = await self.frames()
                if voice > before[0] and (pictures > before[1] or not picture):
                    return
                await asyncio.sleep(0.05)


@asynccontextmanager
async def seated(
    client: aiohttp.ClientSession, origin: str, office: TicketOffice, seat: Seat, call: str, *, picture: bool = True
) -> AsyncIterator[Seated]:
    """One peer in its seat; it leaves when the block ends. `office`: on the bus of the server at `origin`."""

    async def line_ticket() -> str:
        return await office.issue(LinePass(("queue",), "robot"))

    async def seat_ticket() -> str | None:
        return await office.issue(SeatPass(call, seat, "robot"))

    async def reach() -> Reach:
        return Reach()

    socket = PeerSocket(client, origin, line_ticket)
    tracks = person(seat).tracks
    means = Means(seat_ticket, reach, tracks if picture else lambda: tracks()[:1])
    peer = Peer(socket, seat, means)
    running = asyncio.create_task(socket.run(peer.hear), name="peer-socket")
    try:
        await peer.join()
        yield Seated(peer, socket, running)
    finally:
        await peer.hang_up("page-closed")
        await socket.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@dataclass
class Calls:
    """Both ends of each call."""

    ends: list[tuple[Seated, Seated]]
    picture: bool

    async def flow(self) -> None:
        """Wait until every end of every call received more than until now."""
        await asyncio.gather(*(end.flows(picture=self.picture) for pair in self.ends for end in pair))

    def links(self) -> list[int]:
        """How many links each end made: 1 where no line was ever mended."""
        return [end.peer.links for pair in self.ends for end in pair]


@asynccontextmanager
async def open_calls(origin: str, office: TicketOffice, count: int, *, picture: bool = True) -> AsyncIterator[Calls]:
    """So many calls at once, with voice, and with picture unless it is not wanted (it takes most of the CPU)."""
    async with AsyncExitStack() as opened:
        client = await opened.enter_async_context(aiohttp.ClientSession())
        ends = []
        for number in range(count):
            both = [
                await opened.enter_async_context(
                    seated(client, origin, office, seat, f"call-{number}", picture=picture)
                )
                for seat in (Seat.PATIENT, Seat.PRACTITIONER)
            ]
            ends.append((both[0], both[1]))
        yield Calls(ends, picture)
