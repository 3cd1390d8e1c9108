"""One call's seats, as one server knows them: a pure state machine.

    each seat:      EMPTY ──sit──▶ HELD ──a later claim sits──▶ HELD by the newcomer (the former is replaced)
                      ▲             │                           the same connection, elsewhere: nobody is told
                      └── stand ────┘   its page left, or it moved to another call: the other seats are told
                      └── end ──────┘   the call is over: all seats are told and emptied
    the lobby:      LOBBY ──admit──▶ PRACTITIONER   the same connection; or, when another one takes the visit, EMPTY

A claim may live on this server or on another: the machine does not care. It returns what has to be told to whom,
and the switchboard carries out the part whose connections it holds. Every server sees the same claims and orders
them by (instant, node): so all agree who sits, in whatever order the words arrive.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from signalling.protocol import Bye, Joined, PeerJoined, PeerLeft, Seat


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
class Admit:
    """This connection went from the lobby to the practitioner's seat."""

    connection: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Another server does not know of this claim, or not that it is the later one: say it again."""

    seat: Seat
    claim: Claim


Effect = Tell | Dismiss | Admit | Repeat


@dataclass(frozen=True, slots=True)
class Call:
    """Who holds which seat. Immutable: each move returns the call after it."""

    claims: Mapping[Seat, Claim] = field(default_factory=dict)

    def holder(self, seat: Seat) -> Claim | None:
        return self.claims.get(seat)

    def others(self, seat: Seat) -> Iterator[tuple[Seat, Claim]]:
        """Who holds the other seats."""
        return ((one, claim) for one, claim in self.claims.items() if one is not seat)

    def _with(self, seat: Seat, claim: Claim) -> "Call":
        return Call({**self.claims, seat: claim})

    def _without(self, seat: Seat) -> "Call":
        return Call(dict(self.others(seat)))


NOBODY: Final = Call()
TAKEN: Final = "taken"  # why one goes from the lobby: somebody takes the visit


class Standing(Enum):
    """What becomes of a page that asks for a seat."""

    NEW = "it sits down"
    ENTERS = "it stands in the lobby, and goes in"
    SITS = "it sits there already"
    REFUSED = "the lobby has one place, and none once somebody took the visit"


def standing(call: Call, seat: Seat, connection: str, page: str) -> Standing:
    """Say what becomes of a page that asks for a seat, as far as this server knows."""
    if seat is Seat.LOBBY:
        return Standing.REFUSED if {Seat.LOBBY, Seat.PRACTITIONER} & call.claims.keys() else Standing.NEW
    if seat is Seat.PRACTITIONER:
        lobby, held = call.holder(Seat.LOBBY), call.holder(seat)
        if lobby and lobby.connection == connection:
            return Standing.ENTERS
        if held and (held.connection, held.page) == (connection, page):
            return Standing.SITS
    return Standing.NEW


def joined(name: str, call: Call, seat: Seat) -> Joined:
    """Return what a seat is told of who sits opposite. The lobby is not yet a seat."""
    peer = call.holder(Seat.PRACTITIONER if seat is Seat.PATIENT else Seat.PATIENT)
    return Joined(name, seat, peer is not None, peer.page if peer else None)


def sit(call: Call, seat: Seat, claim: Claim) -> tuple[Call, tuple[Effect, ...]]:
    """Let a claim take its seat, unless a later one holds it; heard twice, it changes nothing."""
    held = call.holder(seat)
    if held == claim:
        return call, ()
    if held is not None and held > claim:
        return call, (Repeat(seat, held),)
    if held is not None and held.connection == claim.connection:
        return call._with(seat, claim), ()
    if seat is Seat.LOBBY and call.holder(Seat.PRACTITIONER):
        return call, (Tell(claim.connection, Bye(TAKEN)),)
    effects: list[Effect] = []
    if held is not None:
        effects.append(Tell(held.connection, Bye(TAKEN)) if seat is Seat.LOBBY else Dismiss(held.connection))
    if seat is Seat.PRACTITIONER:
        call, told = admit(call, claim.connection)
        effects += (one for one in told if not isinstance(one, Admit))
    for other, peer in call.others(seat):
        effects += Tell(peer.connection, PeerJoined(seat, claim.page)), Repeat(other, peer)
    return call._with(seat, claim), tuple(effects)


def admit(call: Call, connection: str) -> tuple[Call, tuple[Effect, ...]]:
    """Let a connection go from the lobby to the practitioner's seat. Whoever else stands in the lobby goes."""
    stands, seated = call.holder(Seat.LOBBY), call.holder(Seat.PRACTITIONER)
    if stands is None:
        return call, ()
    if stands.connection != connection or seated is not None:
        return dismiss(call, Seat.LOBBY, TAKEN)
    patient = call.holder(Seat.PATIENT)
    entered = call._without(Seat.LOBBY)._with(Seat.PRACTITIONER, stands)
    told = (Tell(patient.connection, PeerJoined(Seat.PRACTITIONER, stands.page)),) if patient else ()
    return entered, (*told, Admit(connection))


def stand(call: Call, seat: Seat, connection: str, reason: str) -> tuple[Call, tuple[Effect, ...]]:
    """Empty a seat, if that connection still holds it: a replaced one has nothing left to leave."""
    held = call.holder(seat)
    if held is None or held.connection != connection:
        return call, ()
    told = (Tell(peer.connection, PeerLeft(seat, reason)) for _, peer in call.others(seat))
    return call._without(seat), tuple(told)


def end(call: Call, reason: str, said_by: str | None = None) -> tuple[Call, tuple[Effect, ...]]:
    """Empty all seats and tell them why, except the connection that said so itself."""
    told = (held.connection for held in call.claims.values() if held.connection != said_by)
    return NOBODY, tuple(Tell(connection, Bye(reason)) for connection in told)


def dismiss(call: Call, seat: Seat, reason: str) -> tuple[Call, tuple[Effect, ...]]:
    """Take a seat away: its connection is told that the call is over for it, the others that it left."""
    held = call.holder(seat)
    if held is None:
        return call, ()
    after, effects = stand(call, seat, held.connection, reason)
    return after, (Tell(held.connection, Bye(reason)), *effects)


def bury(call: Call, node: str) -> tuple[Call, tuple[Effect, ...]]:
    """Empty the seats that a dead server held."""
    effects: tuple[Effect, ...] = ()
    for seat, claim in tuple(call.claims.items()):
        if claim.node == node:
            call, told = stand(call, seat, claim.connection, "gone")
            effects += told
    return call, effects


def differences(told: Call, now: Call, seat: Seat) -> tuple[PeerJoined | PeerLeft, ...]:
    """Return what a seat must be told that believes `told` of the others while `now` is so."""
    before, after = dict(told.others(seat)), dict(now.others(seat))
    left = (PeerLeft(other, "gone") for other in before if other not in after)
    came = (
        PeerJoined(other, claim.page)
        for other, claim in after.items()
        if other not in before or before[other].connection != claim.connection
    )
    return *left, *came
