"""The switchboard: which socket listens to which line, which sits on which seat, and who is told what.

    nudge ──▶ the line's sockets here          ┐                    ┌─▶ the line's sockets there
    sit, stand, end ──▶ call.py ──▶ effects    ├──▶ bus ──▶ others ─┼─▶ call.py ──▶ effects there
    a seat's frame ──▶ the other seat's socket ┘                    └─▶ the other seat's socket there

What is on this server is done at once and without the bus; the bus carries the same to the other servers. So a
lost bus parts the servers from each other, and nothing else.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol, assert_never

import msgspec

from signalling import errors
from signalling.bus import Bus
from signalling.call import NOBODY, Call, Claim, Dismiss, Effect, Repeat, Tell, dismiss, end, sit, stand
from signalling.errors import BadMessage, SignallingError
from signalling.protocol import Bye, Error, ErrorCode, ForPeer, FromExchange, Joined, Replaced, Seat, may_say
from signalling.tickets import LinePass, SeatPass


class Plug(Protocol):
    """A page's socket, as the switchboard sees it. None of these may wait."""

    @property
    def connection(self) -> str: ...

    def say(self, message: FromExchange) -> None: ...

    def nudge(self, line: str) -> None: ...

    def forward(self, frame: str) -> None: ...

    def end(self, error: SignallingError) -> None: ...


class _Word(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What servers say to each other on a call's channel, in MessagePack."""

    node: str
    call: str


class _Sat(_Word, frozen=True):
    seat: Seat
    claim: Claim


class _Stood(_Word, frozen=True):
    seat: Seat
    connection: str
    reason: str


class _Dismissed(_Word, frozen=True):
    seat: Seat
    reason: str


class _Ended(_Word, frozen=True):
    reason: str


class _Said(_Word, frozen=True):
    connection: str
    frame: str


_Words = _Sat | _Stood | _Dismissed | _Ended | _Said
_words: msgspec.msgpack.Decoder[_Words] = msgspec.msgpack.Decoder(_Words)


class _Nudged(msgspec.Struct, frozen=True, array_like=True):
    node: str
    line: str


_nudges: msgspec.msgpack.Decoder[_Nudged] = msgspec.msgpack.Decoder(_Nudged)


class Switchboard:
    """One per server. Members of a call come from SeatPasses alone, listeners of a line from LinePasses."""

    def __init__(self, bus: Bus, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._bus = bus
        self._now_ns = now_ns
        self._node = secrets.token_urlsafe(8)
        self._plugs: dict[str, Plug] = {}
        self._lines_of: dict[str, list[str]] = {}
        self._listeners: defaultdict[str, dict[str, Plug]] = defaultdict(dict)
        self._calls: dict[str, Call] = {}  # those with a seat on this server, and only those
        self._seat_of: dict[str, tuple[str, Seat]] = {}  # by connection, of this server alone
        self._partings: set[asyncio.Task[None]] = set()
        bus.on_return(self._say_who_sits)

    # --- for the server: what services may ask ---------------------------------------------------------

    async def nudge(self, *lines: str) -> None:
        """Tell whoever listens to these lines, on any server, to come and look. Never waits, never fails."""
        for line in dict.fromkeys(lines):
            self._nudge_here(line)
            self._bus.publish(_line(line), msgspec.msgpack.encode(_Nudged(self._node, line)))

    async def close_call(self, call: str, reason: str) -> None:
        """End a call: both seats are told `bye` with this reason and are free. `reason`: [a-z-], at most 32."""
        self._publish(_Ended(self._node, call, reason))
        self._move(call, end(self._call(call), reason))

    async def kick(self, call: str, seat: Seat, reason: str) -> None:
        """Take one seat of a call away. Its page is told `bye`, the other seat `peer-left`."""
        self._publish(_Dismissed(self._node, call, seat, reason))
        self._move(call, dismiss(self._call(call), seat, reason))

    # --- for the gateway: what sockets do ---------------------------------------------------------------

    async def plug_in(self, plug: Plug, pass_: LinePass) -> None:
        """Begin to nudge this socket about its lines."""
        self._plugs[plug.connection] = plug
        lines = self._lines_of[plug.connection] = []
        for line in dict.fromkeys(pass_.lines):
            lines.append(line)
            self._listeners[line][plug.connection] = plug
            await self._bus.subscribe(_line(line), self._hear_nudge)

    async def unplug(self, plug: Plug) -> None:
        """Forget a socket that ended: its seat is free at once, and its lines have one listener less."""
        self._leave(plug.connection, "gone")
        self._plugs.pop(plug.connection, None)
        for line in self._lines_of.pop(plug.connection, ()):
            self._listeners[line].pop(plug.connection)
            if not self._listeners[line]:
                del self._listeners[line]
            await self._bus.unsubscribe(_line(line), self._hear_nudge)

    async def take_seat(self, plug: Plug, pass_: SeatPass, page: str) -> None:
        """Seat this socket: it is told `joined`, the other seat `peer-joined`, a former holder `replaced`."""
        self._leave(plug.connection, "moved")
        self._seat_of[plug.connection] = pass_.call, pass_.seat
        await self._bus.subscribe(_channel(pass_.call), self._hear_word)
        call = self._call(pass_.call)
        held, peer = call.holder(pass_.seat), call.holder(pass_.seat.other)
        at = max(self._now_ns(), held.at + 1 if held else 0)
        claim = Claim(at, self._node, plug.connection, page)
        plug.say(Joined(pass_.call, pass_.seat, peer is not None, peer.page if peer else None))
        self._publish(_Sat(self._node, pass_.call, pass_.seat, claim))
        self._move(pass_.call, sit(call, pass_.seat, claim))

    async def from_seat(self, plug: Plug, message: ForPeer, frame: str) -> None:
        """Forward what a seat says to the other seat, as it came; `bye` also ends the call."""
        seated = self._seat_of.get(plug.connection)
        if seated is None:
            plug.say(Error(ErrorCode.NOT_SEATED, "this page holds no seat"))
            return
        name, seat = seated
        if not may_say(seat, message):
            raise BadMessage
        if not isinstance(message, Bye):
            self._forward(name, self._call(name).holder(seat.other), frame)
            return
        self._free(plug.connection)
        self._publish(_Ended(self._node, name, message.reason))
        self._move(name, end(self._call(name), message.reason, said_by=plug.connection))

    # --- what the bus brings from other servers -------------------------------------------------------------

    def _hear_nudge(self, word: bytes) -> None:
        nudged = _nudges.decode(word)
        if nudged.node != self._node:
            self._nudge_here(nudged.line)

    def _hear_word(self, word: bytes) -> None:
        heard = _words.decode(word)
        if heard.node == self._node or heard.call not in self._calls:
            return
        call = self._calls[heard.call]
        match heard:
            case _Sat():
                self._move(heard.call, sit(call, heard.seat, heard.claim), repeat=True)
            case _Stood():
                self._move(heard.call, stand(call, heard.seat, heard.connection, heard.reason))
            case _Dismissed():
                self._move(heard.call, dismiss(call, heard.seat, heard.reason))
            case _Ended():
                self._move(heard.call, end(call, heard.reason))
            case _Said():
                if plug := self._plugs.get(heard.connection):
                    plug.forward(heard.frame)
            case unheard:
                assert_never(unheard)

    def _say_who_sits(self) -> None:
        """The bus was lost and is back: others may have missed who sits here, or have sat here too."""
        for connection, (name, seat) in self._seat_of.items():
            held = self._call(name).holder(seat)
            if held is not None and held.connection == connection:
                self._publish(_Sat(self._node, name, seat, held))

    # --- moves ------------------------------------------------------------------------------------------------

    def _call(self, name: str) -> Call:
        return self._calls.get(name, NOBODY)

    def _move(self, name: str, moved: tuple[Call, tuple[Effect, ...]], repeat: bool = False) -> None:
        """Take the call that a move led to, and carry out its effects on the sockets of this server."""
        call, effects = moved
        self._calls[name] = call
        for effect in effects:
            match effect:
                case Tell(connection, message):
                    if isinstance(message, Bye):
                        self._free(connection)
                    if plug := self._plugs.get(connection):
                        plug.say(message)
                case Dismiss(connection):
                    self._free(connection)
                    if plug := self._plugs.get(connection):
                        plug.say(Replaced())
                        plug.end(errors.Replaced())
                case Repeat(seat, claim):
                    if repeat and claim.node == self._node:
                        self._publish(_Sat(self._node, name, seat, claim))
                case unknown:
                    assert_never(unknown)
        self._forget_if_elsewhere(name)

    def _leave(self, connection: str, reason: str) -> None:
        seated = self._seat_of.get(connection)
        if seated is None:
            return
        name, seat = seated
        self._free(connection)
        self._publish(_Stood(self._node, name, seat, connection, reason))
        self._move(name, stand(self._call(name), seat, connection, reason))

    def _free(self, connection: str) -> None:
        """A seat taken here costs one subscription; give it back, without waiting for it."""
        seated = self._seat_of.pop(connection, None)
        if seated is None:
            return
        parting = asyncio.create_task(self._bus.unsubscribe(_channel(seated[0]), self._hear_word))
        self._partings.add(parting)
        parting.add_done_callback(self._partings.discard)

    def _forget_if_elsewhere(self, name: str) -> None:
        call = self._calls[name]
        if not any(held and held.connection in self._seat_of for held in (call.patient, call.practitioner)):
            del self._calls[name]

    def _forward(self, name: str, to: Claim | None, frame: str) -> None:
        if to is None:
            return
        if plug := self._plugs.get(to.connection):
            plug.forward(frame)
        elif to.node != self._node:
            self._publish(_Said(self._node, name, to.connection, frame))

    def _nudge_here(self, line: str) -> None:
        for plug in tuple(self._listeners.get(line, {}).values()):
            plug.nudge(line)

    def _publish(self, word: _Words) -> None:
        self._bus.publish(_channel(word.call), msgspec.msgpack.encode(word))


def _line(line: str) -> str:
    return f"line:{line}"


def _channel(call: str) -> str:
    return f"call:{call}"
