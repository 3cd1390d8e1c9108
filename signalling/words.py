"""What servers say to each other over the bus, in MessagePack; pages never see it."""

from collections.abc import Callable, Mapping

import msgspec

from signalling.call import Claim
from signalling.protocol import Seat


class Word(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """`node`: the name of the server that speaks."""

    node: str


# --- on a line -----------------------------------------------------------------------------------


class Nudged(Word, frozen=True):
    line: str


# --- on a call: what happened on its seats -----------------------------------------------------------


class CallWord(Word, frozen=True):
    call: str


class Sat(CallWord, frozen=True):
    """`said`: how many frames this seat has said to other servers. `asks`: who else sits? We may have missed it."""

    seat: Seat
    claim: Claim
    said: int
    asks: bool


class Stood(CallWord, frozen=True):
    seat: Seat
    connection: str
    reason: str


class Dismissed(CallWord, frozen=True):
    seat: Seat
    reason: str


class Admitted(CallWord, frozen=True):
    connection: str


class Ended(CallWord, frozen=True):
    reason: str


class Said(CallWord, frozen=True):
    """`seat` said its frame `number`, as it came; `oldest` is the number of the first that may still be had."""

    seat: Seat
    speaker: str
    number: int
    oldest: int
    frame: str


class Missed(CallWord, frozen=True):
    """Of what `speaker` said, a server has nothing after number `heard`: say it again."""

    speaker: str
    heard: int


class Taken(CallWord, frozen=True):
    """A connection resumed on this server: what follows on this channel is no longer the former server's to keep."""

    seat: Seat
    claim: Claim


CallWords = Sat | Stood | Dismissed | Admitted | Ended | Said | Missed | Taken


# --- to one server: about a connection that resumes elsewhere ---------------------------------------------


class Asked(Word, frozen=True):
    """Who has the connection of this resume ticket's hash? The page heard so many of its frames."""

    request: str
    hash: str
    heard: int


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The seat that a connection holds."""

    call: str
    seat: Seat
    claim: Claim


class Found(Word, frozen=True):
    """The answer: its lines and its seat; `resumed` when everything after `heard` is kept."""

    request: str
    connection: str
    lines: tuple[str, ...]
    who: str
    place: Place | None
    resumed: bool


class Refused(Word, frozen=True):
    """The answer: there is no such connection, or a newer one took its seat."""

    request: str
    replaced: bool


class TakenOff(Word, frozen=True):
    """A connection without a seat resumed on this server."""

    connection: str


class Handed(Word, frozen=True):
    """All that the former server kept: frames said by the page, frames for the page, and who it believes is there."""

    connection: str
    heard: int
    sent: int
    waiting: list[str]
    seated: bool
    believes: dict[Seat, Claim]
    said: int
    numbers: Mapping[str, int]


NodeWords = Asked | Found | Refused | TakenOff | Handed


# --- to every server -----------------------------------------------------------------------------------


class Alive(Word, frozen=True):
    """This server lives; or, at its end, does no more."""

    ends: bool = False


_nudges: msgspec.msgpack.Decoder[Nudged] = msgspec.msgpack.Decoder(Nudged)
_on_calls: msgspec.msgpack.Decoder[CallWords] = msgspec.msgpack.Decoder(CallWords)
_to_nodes: msgspec.msgpack.Decoder[NodeWords] = msgspec.msgpack.Decoder(NodeWords)
_to_all: msgspec.msgpack.Decoder[Alive] = msgspec.msgpack.Decoder(Alive)

read_nudge: Callable[[bytes], Nudged] = _nudges.decode
read_on_call: Callable[[bytes], CallWords] = _on_calls.decode
read_to_node: Callable[[bytes], NodeWords] = _to_nodes.decode
read_to_all: Callable[[bytes], Alive] = _to_all.decode
write: Callable[[Word], bytes] = msgspec.msgpack.encode


def line_channel(line: str) -> str:
    return f"line:{line}"


def call_channel(call: str) -> str:
    return f"call:{call}"


def node_channel(node: str) -> str:
    return f"node:{node}"


EVERY_NODE = "nodes"
