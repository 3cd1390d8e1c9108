"""A seat in a call, without a browser: it offers or answers by its role, sends media, and brings a lost line back.

    practitioner:  peer present ─▶ new link, offer ─▶ answer ─▶ live ⇄ silence ─▶ new link, offer ─▶ …
    patient:       offer ─▶ new link (another certificate, or other ICE credentials) ─▶ answer ─▶ live
                                                              live ⇄ silence ─▶ restart ─▶ offer ─▶ …
    bye, from either ─▶ ended

A doctor who stands in the lobby (PROTOCOL.md §8) is answered by a link without tracks; they are put on it at the press.
A link cannot restart ICE, so whatever is wrong is mended by another link, which has another certificate: the other
seat sees a new connection (PROTOCOL.md §2.3). Media that flow are never touched by a lost socket.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiortc import MediaStreamTrack

from signalling.errors import BadMessage
from signalling.ice import IceServer
from signalling.peer_link import WORDS, Link, LinkStats
from signalling.peer_socket import PeerSocket
from signalling.protocol import (
    Answer,
    Bye,
    Candidate,
    Error,
    ErrorCode,
    FromExchange,
    Join,
    Joined,
    Offer,
    PeerJoined,
    PeerLeft,
    Replaced,
    Restart,
    Seat,
    State,
    Welcome,
)

LOBBY: Final = "lobby"
LOOK_EVERY: Final = 0.5  # s
SILENT_AFTER: Final = 3.0  # s without a frame: browsers say so after 1.5 s, and mend from their end first
MEND_EVERY: Final = 5.0  # s between two attempts: a link over a bad line needs that long to connect
LOST_AGAIN: Final = 1.0  # s between two attempts when the link itself says that it is over
ASKED_TWICE: Final = 2.0  # s in which both ends find the same loss: the offer is on its way already
_GENERATION = re.compile(r"^a=(?:fingerprint|ice-ufrag):.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reach:
    """What helps media through: as `/api/ice-servers` has it."""

    ice_servers: Sequence[IceServer] = ()
    relay_only: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What a peer asks for when it needs it. `seat_ticket` None: there is no call to sit in any more."""

    seat_ticket: Callable[[], Awaitable[str | None]]
    reach: Callable[[], Awaitable[Reach]]
    tracks: Callable[[], list[MediaStreamTrack]]


class Peer:
    """One seat. Give it every message of the socket by `hear`; `live` and `ended` tell where it stands."""

    def __init__(self, socket: PeerSocket, seat: Seat, means: Means) -> None:
        self._socket = socket
        self._seat = seat
        self._opposite = Seat.PRACTITIONER if seat is Seat.PATIENT else Seat.PATIENT
        self._means = means
        self._page = secrets.token_urlsafe(12)
        self._asked = False
        self._link: Link | None = None
        self._other: str | None = None  # the other seat's page, while it is there
        self._warm_with: str | None = None  # the page in the lobby: no track is on the link to it
        self._offered_to: str | None = None  # the page that has our present offer
        self._generation: list[str] = []  # of the offer that our present link answered
        self._expects = True  # the other seat says that it sends something
        self._frames, self._flowed_at, self._mended_at = 0, 0.0, 0.0
        self._receiving = False
        self._one_step = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self.live = asyncio.Event()
        self.ended = asyncio.Event()
        self.reason = ""
        self.links = 0
        """How many links it made: one, and one more each time that the line was mended."""
        self.said: asyncio.Queue[str] = asyncio.Queue(WORDS)
        """What the other seat says over the data channel."""

    async def join(self, ticket: str | None = None) -> None:
        """Take the seat that the ticket opens; without one, ask for it."""
        self._asked = True
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name=f"peer-{self._seat}")
        ticket = ticket or await self._means.seat_ticket()
        if ticket is None:
            await self._end("closed")
        else:
            await self._socket.say(Join(ticket, self._page))

    async def hear(self, message: FromExchange) -> None:
        """Do what a message asks for, after what the former ones asked for. Nudges and the like mean nothing here."""
        if not self._asked or self.ended.is_set():
            return
        async with self._one_step:
            await self._heed(message)

    async def hang_up(self, reason: str = "hung-up") -> None:
        """Say goodbye and end; a second time it does nothing."""
        async with self._one_step:
            if self._asked and not self.ended.is_set():
                await self._socket.say(Bye(reason))
            await self._end(reason)

    def send(self, words: str) -> bool:
        """Say something to the other seat over the data channel; False while there is none."""
        return self._link is not None and self._link.send(words)

    async def stats(self) -> LinkStats | None:
        """Return what the present link counted; None before there is one."""
        return await self._link.stats() if self._link else None

    # --- what the exchange says ---------------------------------------------------------------------------------

    async def _heed(self, message: FromExchange) -> None:
        match message:
            case Welcome(resumed=False):
                await self.join()
            case Error(code=ErrorCode.BAD_TICKET):
                await asyncio.sleep(1)
                await self.join()
            case PeerJoined(page=page) if message.seat == LOBBY:
                await self._turn_away()
                self._other = self._warm_with = page
            case PeerJoined() | PeerLeft() if message.seat not in (LOBBY, self._opposite):
                return  # somebody else who takes part: this peer speaks with the other end alone
            case Joined(page=str(page)) | PeerJoined(page=page):
                await self._meet(page)
            case PeerLeft():
                self._other = None
                await self._turn_away()
            case Bye(reason):
                await self._end(reason)
            case Replaced():
                await self._end("replaced")
            case of_media:
                await self._heed_media(of_media)

    async def _heed_media(self, message: FromExchange) -> None:
        match message:
            case Offer(sdp):
                await self._answer(sdp)
            case Answer(sdp) if self._link:
                await self._link.take(sdp)
            case Candidate(candidate, mid) if self._link:
                await self._link.take_candidate(candidate, mid)
            case Restart() if _now() - self._mended_at > ASKED_TWICE:
                await self._mend()
            case State():
                self._expects = message.microphone or message.camera
            case _:
                return

    async def _meet(self, page: str) -> None:
        """The other seat is there: begin, begin anew with a page that knows nothing, or open the warm link to it."""
        if self._warm_with == page and self._link is not None:
            self._warm_with = None
            self._link.open(self._means.tracks())
        await self._turn_away()
        self._other = page
        await self._tell()
        if self._seat is Seat.PRACTITIONER and self._offered_to != page:
            await self._offer()

    async def _turn_away(self) -> None:
        """Whoever stood in the lobby is gone, or somebody else takes the visit: the warm link goes at once."""
        if self._warm_with is not None and self._link is not None:
            await self._link.close()
            self._link, self._generation = None, []
        self._warm_with = None

    async def _tell(self) -> None:
        await self._socket.say(State(microphone=True, camera=True, receiving=self._receiving, level=4))

    # --- the link -------------------------------------------------------------------------------------------------

    async def _build(self) -> Link:
        if self._link is not None:
            await self._link.close()
        reach = await self._means.reach()
        tracks = [] if self._warm_with else self._means.tracks()
        self._link = Link(reach.ice_servers, tracks, relay_only=reach.relay_only, said=self.said)
        self.links += 1
        self._frames, self._mended_at = 0, _now()
        return self._link

    async def _offer(self) -> None:
        self._offered_to = self._other
        sdp = await (await self._build()).offer()
        await self._socket.say(Offer(sdp))

    async def _answer(self, sdp: str) -> None:
        generation = _GENERATION.findall(sdp)
        if self._link is None or self._link.lost.is_set() or generation != self._generation:
            await self._build()
        self._generation = generation
        try:
            if self._link is not None:
                await self._socket.say(Answer(await self._link.answer(sdp)))
        except BadMessage:
            self._generation = []  # what cannot be answered is not answered: the other seat offers again

    async def _mend(self) -> None:
        """The practitioner's side offers anew, the patient's asks for that."""
        self._mended_at = _now()
        if self._other is None:
            return
        if self._seat is Seat.PRACTITIONER:
            await self._offer()
        else:
            await self._socket.say(Restart())

    async def _end(self, reason: str) -> None:
        if self.ended.is_set():
            return
        self.reason = reason
        self.ended.set()
        if self._watching is not None and self._watching is not asyncio.current_task():
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

    # --- its silence ---------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look whether frames arrive; tell the other seat when that changes, and mend what stays silent."""
        while not self.ended.is_set():
            await asyncio.sleep(LOOK_EVERY)
            async with self._one_step:
                await self._look()

    async def _look(self) -> None:
        if self._link is None or self._warm_with is not None:
            return
        frames = sum(heard.frames for heard in self._link.heard.values())
        if frames > self._frames:
            self._frames, self._flowed_at = frames, _now()
            self.live.set()
        flows = _now() - self._flowed_at < SILENT_AFTER
        if flows != self._receiving:
            self._receiving = flows
            await self._tell()
        lost = self._link.lost.is_set()
        broken = lost or not self._link.connected.is_set() or (self._expects and not flows)
        if broken and _now() - self._mended_at > (LOST_AGAIN if lost else MEND_EVERY):
            await self._mend()


def _now() -> float:
    return asyncio.get_running_loop().time()
