"""A robot's end of the line: its socket, its seat in the call, and the wait for whatever changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from server.kernel.words import N_
from server.robots.errors import Refused
from server.robots.visitor import Visitor
from signalling.peer import Means, Peer
from signalling.peer_person import RobotPerson
from signalling.peer_socket import PeerSocket
from signalling.protocol import FromExchange, Nudge, Seat, Welcome

LOOK_EVERY: Final = 5.0  # s: what is looked at without a nudge, should one be lost

SeatTicket = Callable[[], Awaitable[str]]
NO_CALL: Final = frozenset({"no-call", "no-consent", "no-visit", "not-found"})


class Line:
    """One robot's socket, and its seat while there is a call. Made by `open_line`."""

    def __init__(self, visitor: Visitor, seat: Seat, person: RobotPerson) -> None:
        self._seat = seat
        self._person = person
        self._visitor = visitor
        self._changed = asyncio.Event()
        self._socket = PeerSocket(visitor.client, visitor.origin, visitor.line_ticket)
        self._running = asyncio.create_task(self._socket.run(self._hear), name="robot-socket")
        self.peer: Peer | None = None

    @property
    def seated(self) -> bool:
        """Whether this robot sits in a call that has not ended."""
        return self.peer is not None and not self.peer.ended.is_set()

    async def sit(self, ask: SeatTicket, ticket: str | None = None) -> Peer:
        """Take the seat: with the ticket at hand, or with one that is asked for, now and after each lost socket."""

        async def seat_ticket() -> str | None:
            try:
                return await ask()
            except Refused as refused:
                if refused.code in NO_CALL:
                    return None
                raise

        self.peer = Peer(self._socket, self._seat, Means(seat_ticket, self._visitor.reach, self._person.tracks))
        await self.peer.join(ticket)
        return self.peer

    async def _hear(self, message: FromExchange) -> None:
        """Give a message to the seat; a nudge means that something changed."""
        if isinstance(message, Nudge | Welcome):
            self._changed.set()
        if self.peer is not None:
            await self.peer.hear(message)

    async def change(self, *others: asyncio.Event) -> None:
        """Wait for a nudge, for one of the other events, or for a moment. Raises what ended the socket."""
        waiting = [asyncio.create_task(event.wait()) for event in (self._changed, *others)]
        try:
            await asyncio.wait((*waiting, self._running), timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        self._changed.clear()
        if self._running.done():
            self._running.result()
            raise Refused(N_("Une autre fenêtre a pris la place du robot."), code="replaced")

    async def close(self) -> None:
        """Hang up, if there is a call, and close the socket."""
        if self.peer is not None:
            await self.peer.hang_up()
        await self._socket.close()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


@asynccontextmanager
async def open_line(visitor: Visitor, seat: Seat, person: RobotPerson) -> AsyncIterator[Line]:
    """Open the socket; afterwards close it with everything that hangs on it."""
    line = Line(visitor, seat, person)
    try:
        yield line
    finally:
        await line.close()
