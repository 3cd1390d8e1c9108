"""The echo of the line check: a page calls it, hears itself, and learns what arrived at the other end.

    room.open() ─▶ answer(offer) ─▶ media up, the same media down ─▶ stats() … ─▶ close(), or its time is over

The page gathers before it offers, and the answer is complete: no candidate follows either of them. An echo decodes
and encodes what it hears, which costs its server a good part of a core with a picture: so a room holds a few, for
a minute at most.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from signalling.ice import IceServer
from signalling.peer_link import Link, LinkStats

LIVES_FOR: Final = 60.0  # s: a line check takes 15 s; nobody needs an echo for longer than this
MOST: Final = 4  # echoes of one server: with a picture each takes about a third of a core


class EchoRoomFull(Exception):
    """As many echoes as this server may hold are open: try again in a minute."""


class EchoPeer:
    """One echo. It ends by itself `lives_for` seconds after it was made."""

    def __init__(self, ice_servers: Sequence[IceServer] = (), *, lives_for: float = LIVES_FOR) -> None:
        self._link = Link(ice_servers, echo=True)
        self._life = asyncio.create_task(self._live(lives_for), name="echo")

    @property
    def connected(self) -> asyncio.Event:
        """Set once media can flow."""
        return self._link.connected

    @property
    def ended(self) -> asyncio.Event:
        """Set when the connection failed, was closed, or its time was over."""
        return self._link.lost

    async def answer(self, offer_sdp: str) -> str:
        """Return the complete answer to a complete offer; raise BadMessage when it cannot be answered."""
        return await self._link.answer(offer_sdp)

    async def stats(self) -> LinkStats:
        """Return what arrived here so far: the page's way up. Its way down the page sees by itself."""
        return await self._link.stats()

    async def close(self) -> None:
        """End it; a second time it does nothing."""
        self._link.lost.set()
        await asyncio.shield(self._life)  # not cancelled: half an end leaves it neither open nor closed

    async def _live(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._link.lost.wait(), seconds)
        await self._link.close()


class EchoRoom:
    """The echoes of one server: `most` at once. `close` ends them all, for the server's own end."""

    def __init__(self, *, most: int = MOST, lives_for: float = LIVES_FOR) -> None:
        self._most = most
        self._lives_for = lives_for
        self._open: set[EchoPeer] = set()

    def open(self, ice_servers: Sequence[IceServer] = ()) -> EchoPeer:
        """Return a new echo, or raise EchoRoomFull. It leaves the room when it ends."""
        self._open = {echo for echo in self._open if not echo.ended.is_set()}
        if len(self._open) >= self._most:
            raise EchoRoomFull
        echo = EchoPeer(ice_servers, lives_for=self._lives_for)
        self._open.add(echo)
        return echo

    async def close(self) -> None:
        await asyncio.gather(*(echo.close() for echo in self._open))
        self._open.clear()
