"""The switchboard: which page listens to which line, which sits on which seat, and who is told what.

    nudge ──▶ the line's pages here            ┐                    ┌─▶ the line's pages there
    sit, stand, end ──▶ call.py ──▶ effects    ├──▶ bus ──▶ others ─┼─▶ call.py ──▶ effects there
    a seat's frame ──▶ the other seat's page   ┘                    └─▶ the other seat's page there

What is on this server is done at once and without the bus; the bus carries the same to the other servers. So a
lost bus parts the servers from each other, and nothing else. A seat whose connection resumes on another server moves
there under the same name: `adopt`, `settle` on the new server, `_depart` on the former.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, assert_never

from signalling import errors, words
from signalling.arrivals import Arrivals
from signalling.bus import Bus
from signalling.call import (
    NOBODY,
    Admit,
    Call,
    Claim,
    Dismiss,
    Effect,
    Repeat,
    Standing,
    Tell,
    admit,
    bury,
    differences,
    dismiss,
    end,
    joined,
    sit,
    stand,
    standing,
)
from signalling.connection import Connection
from signalling.errors import BadMessage
from signalling.lines import Lines
from signalling.meter import Meter
from signalling.neighbours import Vigil
from signalling.protocol import Bye, Error, ErrorCode, ForPeer, PeerJoined, Seat, may_say
from signalling.tickets import SeatPass
from signalling.trunk import Hearing, Trunk
from signalling.words import Admitted, Dismissed, Ended, Handed, Missed, Place, Said, Sat, Stood, Taken


class Switchboard:
    """One per server. Members of a call come from SeatPasses alone, listeners of a line from LinePasses."""

    def __init__(self, bus: Bus, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.bus = bus
        self.meter = Meter()
        self._now_ns = now_ns
        self.node = secrets.token_urlsafe(8)
        self._plugs: dict[str, Connection] = {}
        self._lines = Lines(bus, self.node)
        self._calls: dict[str, Call] = {}  # those with a seat on this server, and only those
        self._seat_of: dict[str, tuple[str, Seat]] = {}  # by connection, of this server alone
        self._trunk = Trunk(self.node)
        self._arrivals = Arrivals()
        self._vigil = Vigil(bus, self.node, self._bury, self._be_back)
        self._partings: set[asyncio.Task[None]] = set()

    # --- for the server: what services may ask ---------------------------------------------------------

    async def start(self) -> None:
        """Begin to say to other servers that this one lives, and to notice when they do not."""
        await self._vigil.start()

    async def stop(self) -> None:
        """Tell the other servers at once that this one is no more."""
        await self._vigil.stop()

    async def nudge(self, *lines: str) -> None:
        """Tell whoever listens to these lines, on any server, to come and look. Never waits, never fails."""
        self.meter.nudges += len(lines)
        self._lines.nudge(*lines)

    async def close_call(self, call: str, reason: str) -> None:
        """End a call: all seats are told `bye` with this reason and are free. `reason`: [a-z-], at most 32."""
        self._refuse_arrivals(lambda _, arriving_at: arriving_at == call)
        self._publish(Ended(self.node, call, reason))
        self._move(call, end(self._call(call), reason))

    async def kick(self, call: str, seat: Seat, reason: str) -> None:
        """Take one seat of a call away. Its page is told `bye`, the other seat `peer-left`."""
        self._refuse_arrivals(lambda _, arriving_at: arriving_at == call)
        self._publish(Dismissed(self.node, call, seat, reason))
        self._move(call, dismiss(self._call(call), seat, reason))

    async def admit(self, call: str, connection: str, page: str = "", who: str = "") -> None:
        """Give the practitioner's seat to this connection. Whoever else stands in the lobby goes.

        From the lobby it goes in, on any server. From elsewhere it sits down as `page`, if it is on this server and its
        line is that of `who`; a connection of somebody else, or of another server, has its ticket.
        """
        self._publish(Admitted(self.node, call, connection))
        self._move(call, admit(self._call(call), connection))
        plug = self._plugs.get(connection)
        if plug and page and plug.pass_.who == who and self._seat_of.get(connection) != (call, Seat.PRACTITIONER):
            await self.take_seat(plug, SeatPass(call, Seat.PRACTITIONER, who), page)

    # --- for the gateway: what pages do ---------------------------------------------------------------

    async def plug_in(self, plug: Connection) -> None:
        """Begin to nudge this page about the lines of its pass."""
        self._plugs[plug.connection] = plug
        await self._lines.listen(plug)

    async def unplug(self, plug: Connection) -> None:
        """Forget a page that is gone: its seat is free at once, and its lines have one listener less."""
        self.leave(plug.connection, "gone")
        self._refuse_arrivals(lambda connection, _: connection == plug.connection)
        self._plugs.pop(plug.connection, None)
        await self._lines.unlisten(plug.connection)

    def nudge_anew(self, plug: Connection) -> None:
        """Let a page look at all of its lines."""
        self._lines.nudge_one(plug)

    async def take_seat(self, plug: Connection, pass_: SeatPass, page: str) -> None:
        """Seat this page: it is told `joined`, the other seat `peer-joined`, a former holder `replaced`."""
        call = self._call(pass_.call)
        match standing(call, pass_.seat, plug.connection, page):
            case Standing.REFUSED:
                return plug.say(Error(ErrorCode.SEAT_TAKEN, "another page is there"))
            case Standing.ENTERS:
                return await self.admit(pass_.call, plug.connection)
            case Standing.SITS:
                return plug.say(joined(pass_.call, call, pass_.seat))
        self.leave(plug.connection, "moved")
        self._seat_of[plug.connection] = pass_.call, pass_.seat
        await self.bus.subscribe(words.call_channel(pass_.call), self._hear_word)
        call = self._call(pass_.call)
        held = call.holder(pass_.seat)
        claim = Claim(max(self._now_ns(), held.at + 1 if held else 0), self.node, plug.connection, page)
        plug.say(joined(pass_.call, call, pass_.seat))
        if pass_.seat is Seat.PATIENT and (stands := call.holder(Seat.LOBBY)):
            plug.say(PeerJoined(Seat.LOBBY, stands.page))
        self._publish(Sat(self.node, pass_.call, pass_.seat, claim, 0, False))
        self._move(pass_.call, sit(call, pass_.seat, claim))

    @property
    def shared(self) -> bool:
        """Whether there may be other servers."""
        return self.bus.shared

    def is_seated(self, plug: Connection) -> bool:
        return plug.connection in self._seat_of and self._plugs.get(plug.connection) is plug

    def leave(self, connection: str, reason: str) -> None:
        """Free the seat of a connection, if it has one, and tell the others."""
        seated = self._seat_of.get(connection)
        if seated is None:
            return
        name, seat = seated
        self._free(connection)
        self._publish(Stood(self.node, name, seat, connection, reason))
        self._move(name, stand(self._call(name), seat, connection, reason))

    def from_seat(self, plug: Connection, message: ForPeer, frame: str) -> None:
        """Forward what a seat says to the other seat, as it came; `bye` also ends the call."""
        seated = self._seat_of.get(plug.connection)
        if seated is None:
            plug.say(Error(ErrorCode.NOT_SEATED, "this page holds no seat"))
            return
        name, seat = seated
        if not may_say(seat, message):
            raise BadMessage
        if not isinstance(message, Bye):
            self._forward(name, seat, plug.connection, frame)
            return
        if seat is Seat.LOBBY:
            return self.leave(plug.connection, message.reason)
        self._free(plug.connection)
        self._publish(Ended(self.node, name, message.reason))
        self._move(name, end(self._call(name), message.reason, said_by=plug.connection))

    # --- a connection that comes from another server -----------------------------------------------------

    def place_of(self, connection: str) -> Place | None:
        """Return where a connection of this server sits."""
        if (seated := self._seat_of.get(connection)) is None:
            return None
        held = self._call(seated[0]).holder(seated[1])
        return None if held is None or held.connection != connection else Place(*seated, held)

    async def adopt(self, plug: Connection, place: Place) -> None:
        """Begin to take a seat over from another server; it hands over once it hears so, and then comes `settle`."""
        self._arrivals.expect(plug.connection, place.call)
        await self.bus.subscribe(words.call_channel(place.call), self._hear_word)
        self._publish(Taken(self.node, place.call, place.seat, _moved_to(self.node, place.claim)))

    def settle(self, plug: Connection, place: Place, handed: Handed) -> bool:
        """Go on where the former server stopped; False when the seat was lost on the way."""
        if plug.connection not in self._seat_of or not handed.seated:
            return False
        early, known = self._arrivals.settle(plug.connection), self._calls.get(place.call)
        self._trunk.go_on(plug.connection, handed.said)
        if early is not None or known is None:
            known = Call({**handed.believes, place.seat: place.claim, **(known or NOBODY).claims})
            self._trunk.listen(place.call, dict(handed.numbers))
        self._move(place.call, sit(known, place.seat, _moved_to(self.node, place.claim)))
        for message in differences(Call(handed.believes), self._call(place.call), place.seat):
            plug.say(message)
        for claim in handed.believes.values():
            self._vigil.meet(claim.node)
        for word in early or ():
            self._hear(word)
        return True

    def _arrive(self, word: Taken) -> None:
        """Our own word came back: from here on what is said on the call is this server's to keep."""
        if not self._arrivals.expects(word.claim.connection, word.call):
            return
        self._seat_of[word.claim.connection] = word.call, word.seat
        if word.call in self._calls:
            self._move(word.call, sit(self._calls[word.call], word.seat, word.claim))
        else:
            self._arrivals.keep_early(word.call)

    def _depart(self, word: Taken) -> None:
        """A seat goes to another server: hand over what we kept, if it was ours; otherwise note where it is."""
        connection = word.claim.connection
        believed, plug = self._call(word.call), self._plugs.get(connection)
        if plug is not None:
            seated = self._seat_of.get(connection) == (word.call, word.seat)
            believes = Call(dict(believed.others(word.seat))) if seated else None
            plug.hand_over(word.node, believes, self._trunk.said(connection), self._trunk.heard(word.call))
            self._free(connection)
            del self._plugs[connection]
            self._later(self._lines.unlisten(connection))
        if word.call in self._calls:
            self._vigil.meet(word.node)
            self._move(word.call, sit(believed, word.seat, word.claim))

    def _refuse_arrivals(self, which: Callable[[str, str], bool]) -> None:
        """A seat that is taken away while it comes here must not arrive."""
        for connection, call in self._arrivals.refuse(which):
            if connection not in self._seat_of:
                self._later(self.bus.unsubscribe(words.call_channel(call), self._hear_word))

    # --- what the bus brings from other servers -------------------------------------------------------------

    def _hear_word(self, word: bytes) -> None:
        heard = words.read_on_call(word)
        if heard.node == self.node:
            if isinstance(heard, Taken):
                self._arrive(heard)
        elif not self._arrivals.keep(heard) and heard.call in self._calls:
            self._hear(heard)

    def _hear(self, heard: words.CallWords) -> None:
        call = self._call(heard.call)
        match heard:
            case Sat():
                self._meet(heard, call)
            case Stood():
                self._move(heard.call, stand(call, heard.seat, heard.connection, heard.reason))
            case Dismissed():
                self._move(heard.call, dismiss(call, heard.seat, heard.reason))
            case Admitted():
                self._move(heard.call, admit(call, heard.connection))
            case Ended():
                self._move(heard.call, end(call, heard.reason))
            case Said():
                self._deliver(heard, call)
            case Missed():
                self._say_again(heard)
            case Taken():
                self._depart(heard)
            case unheard:
                assert_never(unheard)

    def _meet(self, sat: Sat, call: Call) -> None:
        """A seat of another server: its server lives, and it may have said what we missed."""
        self._vigil.meet(sat.claim.node)
        if missed := self._trunk.meet(sat, anew=call.holder(sat.seat) != sat.claim):
            self._publish(missed)
        self._move(sat.call, sit(call, sat.seat, sat.claim), repeat=True)
        if sat.asks:
            self._say_who_sits(sat.call)

    def _say_again(self, missed: Missed) -> None:
        if seated := self._seat_of.get(missed.speaker):
            for said in self._trunk.say_again(missed, seated[1]):
                self._publish(said)

    def _deliver(self, said: Said, call: Call) -> None:
        """Give a frame from another server to the seats of this one, if it is the next from its speaker."""
        hearing, missed = self._trunk.hear(said)
        if missed:
            self._publish(missed)
        if hearing is Hearing.AGAIN or hearing is Hearing.LATER:
            return
        speaker = call.holder(said.seat)
        for _, claim in call.others(said.seat):
            if claim.connection in self._seat_of and (plug := self._plugs.get(claim.connection)):
                if hearing is Hearing.ANEW and speaker:
                    plug.say(PeerJoined(said.seat, speaker.page))
                plug.forward(said.frame)

    def _bury(self, node: str) -> None:
        for name, call in tuple(self._calls.items()):
            self._move(name, bury(call, node))

    def _be_back(self) -> None:
        """We may have missed anything, and others who sits here: say it, and let every page look."""
        for name in tuple(self._calls):
            self._say_who_sits(name, asks=True)
        self._lines.nudge_all_here()

    # --- moves ------------------------------------------------------------------------------------------------

    def _call(self, name: str) -> Call:
        return self._calls.get(name, NOBODY)

    def _move(self, name: str, moved: tuple[Call, tuple[Effect, ...]], repeat: bool = False) -> None:
        """Take the call that a move led to, and carry out its effects on the pages of this server."""
        call, effects = moved
        self._calls[name] = call
        for effect in effects:
            match effect:
                case Tell(connection, message):
                    plug = self._plugs.get(connection) if connection in self._seat_of else None
                    if isinstance(message, Bye):
                        self._free(connection)
                    if plug:
                        plug.say(message)
                case Dismiss(connection):
                    plug = self._plugs.get(connection) if connection in self._seat_of else None
                    self._free(connection)
                    if plug:
                        plug.end(errors.Replaced())
                case Admit(connection):
                    self._enter(name, connection)
                case Repeat(seat, claim):
                    if repeat and claim.node == self.node:
                        self._say_sat(name, seat, claim)
                case unknown:
                    assert_never(unknown)
        self._forget_if_elsewhere(name)

    def _enter(self, name: str, connection: str) -> None:
        if connection in self._seat_of and (plug := self._plugs.get(connection)):
            self._seat_of[connection] = name, Seat.PRACTITIONER
            plug.say(joined(name, self._call(name), Seat.PRACTITIONER))

    def _say_who_sits(self, name: str, asks: bool = False) -> None:
        for seat, claim in self._call(name).claims.items():
            if claim.connection in self._seat_of:
                self._say_sat(name, seat, claim, asks)

    def _say_sat(self, name: str, seat: Seat, claim: Claim, asks: bool = False) -> None:
        self._publish(Sat(self.node, name, seat, claim, self._trunk.said(claim.connection), asks))

    def _free(self, connection: str) -> None:
        """A seat taken here costs one subscription; give it back, without waiting for it."""
        self._trunk.hush(connection)
        if seated := self._seat_of.pop(connection, None):
            self._arrivals.leave(connection, seated[0])
            self._later(self.bus.unsubscribe(words.call_channel(seated[0]), self._hear_word))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        parting = asyncio.create_task(work)
        self._partings.add(parting)
        parting.add_done_callback(self._partings.discard)

    def _forget_if_elsewhere(self, name: str) -> None:
        if not any(claim.connection in self._seat_of for claim in self._calls[name].claims.values()):
            del self._calls[name]
            self._trunk.forget(name)

    def _forward(self, name: str, seat: Seat, speaker: str, frame: str) -> None:
        elsewhere = False
        for other, claim in self._call(name).claims.items():
            if other is seat:
                continue
            if plug := self._plugs.get(claim.connection):
                plug.forward(frame)
            elif claim.node != self.node:
                elsewhere = True
        if elsewhere:
            self._publish(self._trunk.say(name, seat, speaker, frame))

    def _publish(self, word: words.CallWords) -> None:
        self.bus.publish(words.call_channel(word.call), words.write(word))


def _moved_to(node: str, claim: Claim) -> Claim:
    """The claim of a connection that goes on elsewhere: later than the one it had."""
    return replace(claim, at=claim.at + 1, node=node)
