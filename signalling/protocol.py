"""The messages of PROTOCOL.md, and the only place where a frame becomes one of them or the reverse."""

import re
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from signalling.errors import BadMessage

VERSION: Final = 2

SDP_BYTES: Final = 32 * 1024  # a two-section Chromium offer is about 3 KiB: ten times that is not an offer
CANDIDATE_BYTES: Final = 1024
SDP_CANDIDATES: Final = 120  # an end with three networks and two relays has about 30
HEX_PAIRS: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_HEX: Final = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*")

Ticket = Annotated[str, Meta(min_length=1, max_length=128)]
Page = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Reason = Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}\Z")]
Level = Annotated[int, Meta(ge=0, le=4)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # the numbers that JavaScript counts exactly


class Seat(StrEnum):
    """One of the two ends of a call; or the lobby before the practitioner's, where one connects and sends nothing.

    The practitioner's end offers. A guest sits on either, opposite to whom they meet (PROTOCOL.md §10).
    """

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    LOBBY = "lobby"


def kebab(name: str) -> str:
    """PeerJoined is `peer-joined` on the wire."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=kebab):
    """`type` is the class's name in kebab-case. No addressee: a seat has exactly one other seat."""


# --- what a page says to the exchange ---------------------------------------------------------------


class Hello(Message, frozen=True):
    version: int
    ticket: Ticket | None = None
    resume: Ticket | None = None
    heard: Count = 0


class Join(Message, frozen=True):
    ticket: Ticket
    page: Page


class Ping(Message, frozen=True):
    heard: Count = 0


# --- what a seat says to the other seat --------------------------------------------------------------


class Offer(Message, frozen=True):
    sdp: str


class Answer(Message, frozen=True):
    sdp: str


class Candidate(Message, frozen=True):
    candidate: str | None  # None: that was the last one
    mid: Annotated[str, Meta(max_length=64)] | None = None


class Restart(Message, frozen=True):
    pass


class State(Message, frozen=True):
    microphone: bool
    camera: bool
    receiving: bool
    level: Level


class Bye(Message, frozen=True):
    reason: Reason


# --- what the exchange says to a page ----------------------------------------------------------------


class Welcome(Message, frozen=True):
    version: int
    connection: str
    resume: str
    resumed: bool
    heard: int


class Nudge(Message, frozen=True):
    line: str


class Joined(Message, frozen=True):
    call: str
    seat: Seat
    present: bool
    page: str | None  # the other seat's page


class PeerJoined(Message, frozen=True):
    seat: Seat
    page: str


class PeerLeft(Message, frozen=True):
    seat: Seat
    reason: str


class Replaced(Message, frozen=True):
    pass


class Reconnect(Message, frozen=True):
    after: int  # milliseconds


class ErrorCode(StrEnum):
    BAD_TICKET = "bad-ticket"
    NOT_SEATED = "not-seated"
    SEAT_TAKEN = "seat-taken"


class Error(Message, frozen=True):
    code: ErrorCode
    text: str


class Pong(Message, frozen=True):
    heard: int


Asked = Hello | Join | Ping  # what the exchange itself answers
ForPeer = Offer | Answer | Candidate | Restart | State | Bye
FromPage = Asked | ForPeer
FromExchange = Welcome | Nudge | Joined | PeerJoined | PeerLeft | Replaced | Reconnect | Error | Pong | ForPeer
Uncounted = Hello | Welcome | Ping | Pong | Reconnect | Replaced  # they concern one socket, not the connection

_SAID_BY: Final[dict[type[Message], frozenset[Seat]]] = {
    Offer: frozenset({Seat.PRACTITIONER, Seat.LOBBY}),
    Answer: frozenset({Seat.PATIENT}),
    Restart: frozenset({Seat.PATIENT}),
}
_from_page: msgspec.json.Decoder[FromPage] = msgspec.json.Decoder(FromPage)
_from_exchange: msgspec.json.Decoder[FromExchange] = msgspec.json.Decoder(FromExchange)
_encoder = msgspec.json.Encoder()


def read(frame: str) -> FromPage:
    """Return the message of a page's frame; raise BadMessage, and nothing else, when it is not one.

    msgspec refuses a second `type` that differs from the first, so a frame that passes here means the same to
    the JSON reader of the other page: that is why it may be forwarded as it came.
    """
    try:
        message = _from_page.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadMessage from error
    if isinstance(message, Candidate):
        if message.candidate is not None:
            _check_candidate(message.candidate)
    elif isinstance(message, (Offer, Answer)):
        check_sdp(message.sdp)
    return message


def read_exchange(frame: str) -> FromExchange:
    """Return the message of the exchange's frame: for pages written in Python (robots, tests)."""
    try:
        return _from_exchange.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadMessage from error


def write(message: FromExchange | FromPage) -> str:
    """Return the frame of a message."""
    return _encoder.encode(message).decode()


def may_say(seat: Seat, message: ForPeer) -> bool:
    """One offerer by role, so that two offers never meet."""
    seats = _SAID_BY.get(type(message))
    return seats is None or seat in seats


def check_sdp(sdp: str) -> None:
    """Raise BadMessage unless every m-section is bound to a strong DTLS certificate fingerprint.

    Without one a browser refuses, and aiortc 1.16 fails with an AssertionError in a background task; SHA-1
    alone would let a forger choose the certificate (RFC 8122 §5: SHA-256 is what everybody must have).
    """
    if len(sdp.encode(errors="replace")) > SDP_BYTES or not sdp.startswith("v=0"):
        raise BadMessage
    lines = f"\n{sdp}"
    if lines.count("\na=candidate:") > SDP_CANDIDATES:  # the other end would try each with each of its own
        raise BadMessage
    session, *sections = lines.split("\nm=")
    if not sections:
        raise BadMessage
    if not _has_fingerprint(session) and not all(map(_has_fingerprint, sections)):
        raise BadMessage


def _has_fingerprint(section: str) -> bool:
    return any(_is_strong(rest.partition("\n")[0].rstrip("\r")) for rest in section.split("\na=fingerprint:")[1:])


def _is_strong(fingerprint: str) -> bool:
    name, _, value = fingerprint.partition(" ")
    pairs = HEX_PAIRS.get(name.lower())
    return pairs is not None and len(value) == 3 * pairs - 1 and _HEX.fullmatch(value) is not None


def _check_candidate(line: str) -> None:
    size = len(line) if line.isascii() else len(line.encode(errors="replace"))
    if size > CANDIDATE_BYTES or "\n" in line or "\r" in line:
        raise BadMessage
