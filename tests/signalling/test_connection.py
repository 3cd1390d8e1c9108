"""A connection with and without a socket: its words wait, a slow page is cut, and an end is remembered."""

from __future__ import annotations

from signalling.connection import Connection
from signalling.errors import Replaced, SignallingError, TooSlow
from signalling.outbox import FRAMES
from signalling.protocol import Pong
from signalling.tickets import LinePass


class Wire:
    """What a connection asked of its socket."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.takes = False

    def send(self, frame: str) -> None:
        self.asked.append(f"send {frame}")

    async def ping(self) -> None:
        self.asked.append("ping")

    def wake(self) -> None:
        self.asked.append("wake")

    def hurry(self) -> None:
        self.asked.append("hurry")

    def end(self, error: SignallingError) -> None:
        self.asked.append(f"end {type(error).__name__}")

    def cut(self, error: SignallingError | None) -> None:
        self.asked.append(f"cut {type(error).__name__}")


def connection() -> Connection:
    return Connection("c", LinePass((), "account"), lambda *_: None)


def test_words_wait_for_a_socket_and_wake_it() -> None:
    one, wire = connection(), Wire()
    one.say(Pong(1))
    one.socket = wire
    one.nudge("n")
    one.nudge("n")
    assert wire.asked == ["wake", "wake"]
    assert [one.outbox.next() for _ in range(3)] == ['{"type":"pong","heard":1}', "n", None]


def test_a_frame_goes_at_once_when_the_line_takes_it_and_none_waits_before_it() -> None:
    one, wire = connection(), Wire()
    one.socket, wire.takes = wire, True
    one.forward("a")
    assert wire.asked == ["send a"]
    wire.takes = False
    one.forward("b")
    wire.takes = True
    one.forward("c")
    assert wire.asked == ["send a", "hurry", "hurry"]
    assert one.outbox.rewind(0)
    assert [one.outbox.next() for _ in range(4)] == ["a", "b", "c", None]


def test_a_page_that_reads_too_slowly_is_cut_and_cannot_go_on() -> None:
    one, wire = connection(), Wire()
    one.socket = wire
    for _ in range(FRAMES + 1):
        one.forward("x")
    assert wire.asked[-1] == f"cut {TooSlow.__name__}"
    assert one.broken
    assert not one.outbox.is_waiting


def test_an_end_is_remembered_with_or_without_a_socket() -> None:
    one, other, wire = connection(), connection(), Wire()
    other.socket = wire
    for each in (one, other):
        each.end(Replaced())
        assert isinstance(each.ended, Replaced)
    assert wire.asked == ["end Replaced"]
    other.cut()
    assert wire.asked == ["end Replaced", "cut NoneType"]
    assert other.socket is None
