"""Tickets: what a page shows on its socket instead of a cookie, once, within 30 s of asking for it."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from signalling.bus import Bus
from signalling.errors import BadTicket
from signalling.meter import Meter
from signalling.protocol import Seat

TICKET_FOR: Final = timedelta(seconds=30)  # a page uses it at once; 30 s is a bad line's two retries


class LinePass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="line"):
    """Whoever holds it may listen to these lines. `who` is for the log: an account, never a patient."""

    lines: tuple[str, ...]
    who: str


class SeatPass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="seat"):
    """Whoever holds it may sit on this seat of this call."""

    call: str
    seat: Seat
    who: str


Pass = LinePass | SeatPass
P = TypeVar("P", LinePass, SeatPass)


class _Stub(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the exchange keeps of a ticket."""

    pass_: Pass
    expires_at: datetime


_stubs: msgspec.json.Decoder[_Stub] = msgspec.json.Decoder(_Stub)


class TicketOffice:
    """Issues tickets and redeems each of them once. The bus keeps them, so any server may redeem."""

    def __init__(self, bus: Bus, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._now = now
        self.meter = Meter()
        """What this server's exchange counts, the gateway's part too."""

    async def issue(self, pass_: Pass) -> str:
        """Return a new ticket: 256 random bits. Only its SHA-256 is kept: who reads the bus opens nothing."""
        ticket = secrets.token_urlsafe(32)
        stub = _Stub(pass_, self._now() + TICKET_FOR)
        await self._bus.keep(_key(ticket), msgspec.json.encode(stub), TICKET_FOR.total_seconds())
        self.meter.tickets_issued += 1
        return ticket

    async def redeem(self, ticket: str, kind: type[P]) -> P:
        """Return the pass of a ticket and use it up, even when it is of the wrong kind; or raise BadTicket."""
        kept = await self._bus.take(_key(ticket))
        stub = _stubs.decode(kept) if kept is not None else None
        if stub is None or not isinstance(stub.pass_, kind) or self._now() >= stub.expires_at:
            self.meter.tickets_refused += 1
            raise BadTicket
        self.meter.tickets_redeemed += 1
        return stub.pass_


def _key(ticket: str) -> str:
    return "ticket:" + hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
