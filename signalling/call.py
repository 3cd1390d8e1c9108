"""One call's two seats, as one server knows them: a pure state machine.

    each seat:      EMPTY ──sit──▶ HELD ──a later claim sits──▶ HELD by the newcomer (the former is replaced)
                      ▲             │
                      └── stand ────┘   its socket ended, or it moved to another call: the other seat is told
                      └── end ──────┘   the call is over: both seats are told and emptied

A claim may live on this server or on another: the machine does not care. It returns what has to be told to whom,
and the switchboard carries out the part whose connections it holds. Every server sees the same claims and orders
them by (instant, node): so all agree who sits, in whatever order the words arrive.
"""

from dataclasses import dataclass, replace
from typing import Final

from signalling.protocol import Bye, PeerJoined, PeerLeft, Seat


@dataclass(frozen=True, order=True, slots=True)
class Claim:
    """A connection that sat down: `at` in nanoseconds of its server's clock, `node` that server's name."""

    at: int
    node: str
    connection: str
    page: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Say this to that connection."""

    connection: str
    message: PeerJoined | PeerLeft | Bye


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A later claim took this connection's seat."""

    connection: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Another server does not know of this claim, or not that it is the later one: say it again."""

    seat: Seat
    claim: Claim


Effect = Tell | Dismiss | Repeat


@dataclass(frozen=True, slots=True)
class Call:
    """Who holds which seat. Immutable: each move returns the call after it."""

    patient: Claim | None = None
    practitioner: Claim | None = None

    def holder(self, seat: Seat) -> Claim | None:
        return self.patient if seat is Seat.PATIENT else self.practitioner

    @property
    def is_empty(self) -> bool:
        return self.patient is None and self.practitioner is None

    def _with(self, seat: Seat, claim: Claim | None) -> "Call":
        return replace(self, patient=claim) if seat is Seat.PATIENT else replace(self, practitioner=claim)


NOBODY: Final = Call()


def sit(call: Call, seat: Seat, claim: Claim) -> tuple[Call, tuple[Effect, ...]]:
    """Let a claim take its seat, unless a later one holds it; heard twice, it changes nothing."""
    held, peer = call.holder(seat), call.holder(seat.other)
    if held == claim:
        return call, ()
    if held is not None and held > claim:
        return call, (Repeat(seat, held),)
    effects: list[Effect] = []
    if held is not None:
        effects.append(Dismiss(held.connection))
    if peer is not None:
        effects += Tell(peer.connection, PeerJoined(seat, claim.page)), Repeat(seat.other, peer)
    return call._with(seat, claim), tuple(effects)


def stand(call: Call, seat: Seat, connection: str, reason: str) -> tuple[Call, tuple[Effect, ...]]:
    """Empty a seat, if that connection still holds it: a replaced one has nothing left to leave."""
    held, peer = call.holder(seat), call.holder(seat.other)
    if held is None or held.connection != connection:
        return call, ()
    effects = () if peer is None else (Tell(peer.connection, PeerLeft(seat, reason)),)
    return call._with(seat, None), effects


def end(call: Call, reason: str, said_by: str | None = None) -> tuple[Call, tuple[Effect, ...]]:
    """Empty both seats and tell them why, except the connection that said so itself."""
    holders = (held for held in (call.patient, call.practitioner) if held is not None)
    return NOBODY, tuple(Tell(held.connection, Bye(reason)) for held in holders if held.connection != said_by)


def dismiss(call: Call, seat: Seat, reason: str) -> tuple[Call, tuple[Effect, ...]]:
    """Take a seat away: its connection is told that the call is over for it, the other that it left."""
    held = call.holder(seat)
    if held is None:
        return call, ()
    after, effects = stand(call, seat, held.connection, reason)
    return after, (Tell(held.connection, Bye(reason)), *effects)
