"""The echoes that cabins call when they check themselves: the seam between the clinic and the media of a peer.

The media library is loaded with the first echo, beside the loop: a server whose cabins never check goes without it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast
from uuid import UUID

import structlog

from server.kernel.errors import Invalid, Unavailable
from server.kernel.ids import CabinId
from server.kernel.words import N_
from server.readiness.rules import Witness
from signalling.errors import BadMessage
from signalling.ice import IceServer

if TYPE_CHECKING:
    from signalling.peer_echo import EchoPeer, EchoRoom


NO_ECHO = N_("Ce serveur ne peut pas essayer la liaison.")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    cabin_id: CabinId
    echo: "EchoPeer"


class Echoes:
    """The open echoes of this server, one for a cabin. Fulfils `Echoes` of the readiness."""

    def __init__(self) -> None:
        self._room: EchoRoom | None = None
        self._loading = asyncio.Lock()
        self._held: dict[UUID, _Held] = {}

    async def answer(self, key: UUID, cabin_id: CabinId, offer_sdp: str, servers: list[IceServer]) -> str:
        """Return an echo's answer to an offer; a former echo of this cabin ends. Raises Unavailable, Invalid."""
        room = await self._open_room()
        over = [one for one, held in self._held.items() if held.cabin_id == cabin_id or held.echo.ended.is_set()]
        await self._end(over)
        echo = self._enter(room, servers)
        self._held[key] = _Held(cabin_id, echo)
        try:
            return await echo.answer(offer_sdp)
        except OSError:  # an address family that the service may not use: our own network, not the cabin's
            log.exception("echo cannot look at its network")
            await self._end([key])
            raise Unavailable(NO_ECHO, code="no-echo") from None
        except BadMessage:
            await self._end([key])
            wrong = {"sdp": N_("Cette offre n’est pas lisible.")}
            raise Invalid(N_("Cette offre n’est pas lisible."), fields=wrong) from None

    async def witness(self, key: UUID, cabin_id: CabinId) -> Witness | None:
        """Return what this cabin's echo saw, and end it; None when there is none any more."""
        held = self._held.get(key)
        if held is None or held.cabin_id != cabin_id:
            return None
        saw = await held.echo.stats()
        await self._end([key])
        kinds = (saw.audio, saw.video)
        packets, lost = sum(one.packets for one in kinds), sum(one.lost for one in kinds)
        share = lost / (packets + lost) if packets + lost else None
        return Witness(packets > 0, share, max(one.jitter_ms for one in kinds) if packets else None)

    async def close(self) -> None:
        """End all, with the server."""
        self._held.clear()
        if self._room is not None:
            await self._room.close()

    async def _open_room(self) -> "EchoRoom":
        async with self._loading:
            if self._room is None:
                peers = await asyncio.to_thread(import_module, "signalling.peer_echo")
                if not _may_call_back():
                    log.error("echo needs memory that may be written and run")
                    raise Unavailable(NO_ECHO, code="no-echo")
                self._room = cast("EchoRoom", peers.EchoRoom())
        return self._room

    @staticmethod
    def _enter(room: "EchoRoom", servers: list[IceServer]) -> "EchoPeer":
        from signalling.peer_echo import EchoRoomFull

        try:
            return room.open(servers)
        except EchoRoomFull:
            busy = N_("D’autres cabines se vérifient en ce moment. On réessaie dans un instant.")
            raise Unavailable(busy, code="busy") from None

    async def _end(self, keys: Iterable[UUID]) -> None:
        for key in keys:
            held = self._held.pop(key, None)
            if held is not None:
                await held.echo.close()


def _may_call_back() -> bool:
    """Return whether DTLS can work here: its library asks for memory that a hardened service may refuse.

    Without it no echo would ever connect, and every cabin would be called red for a fault of the server.
    """
    from OpenSSL import SSL

    try:
        SSL.Context(SSL.DTLS_METHOD).set_verify(SSL.VERIFY_NONE, lambda *_: True)
    except MemoryError:
        return False
    return True
