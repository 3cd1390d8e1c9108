"""What was said to a page: in order, once, whatever it had heard when its socket was lost, and never too much of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalling.errors import BadMessage
from signalling.outbox import CHARS, FRAMES, Outbox


def sent_by(outbox: Outbox) -> list[str]:
    frames = []
    while (frame := outbox.next()) is not None:
        frames.append(frame)
    return frames


steps = st.lists(
    st.one_of(
        st.just(("put", 0)),
        st.just(("send", 0)),
        st.just(("pass on", 0)),
        st.tuples(st.just("confirm"), st.integers(0, 9)),
        st.tuples(st.just("lose"), st.integers(0, 9)),
        st.just(("move", 0)),
    ),
    max_size=60,
)


@given(steps)
def test_a_page_hears_every_frame_once_and_in_order_however_often_its_socket_is_lost(steps) -> None:
    outbox, said, heard = Outbox(), 0, []
    in_flight: list[str] = []
    for step, number in steps:
        match step:
            case "put":
                said += 1
                assert outbox.put(str(said))
            case "send":
                if (frame := outbox.next()) is not None:
                    in_flight.append(frame)
            case "pass on":
                assert outbox.pass_on(str(said + 1)) is not outbox.is_waiting
                if not outbox.is_waiting:
                    said += 1
                    in_flight.append(str(said))
            case "confirm":
                heard += in_flight[:number]
                del in_flight[:number]
                outbox.confirm(len(heard))
            case "lose":
                heard += in_flight[:number]
                in_flight.clear()
                assert outbox.rewind(len(heard))
            case "move":
                heard += in_flight
                in_flight.clear()
                assert outbox.rewind(len(heard))
                outbox = Outbox.taken_over(*outbox.hand_over())
    heard += in_flight + sent_by(outbox)
    assert heard == [str(number) for number in range(1, said + 1)]


@pytest.mark.parametrize("at_once", [False, True])
def test_what_was_sent_is_kept_up_to_a_bound_and_beyond_it_nothing_is_replayed(at_once: bool) -> None:
    outbox = Outbox()
    for number in range(FRAMES + 10):
        assert outbox.pass_on(str(number)) if at_once else outbox.put(str(number)) and outbox.next()
    assert not outbox.rewind(9)
    assert outbox.rewind(10)
    assert sent_by(outbox) == [str(number) for number in range(10, FRAMES + 10)]


def test_long_frames_are_kept_up_to_a_bound_of_characters() -> None:
    outbox = Outbox()
    for _ in range(6):
        assert outbox.put("x" * (CHARS // 4))
        outbox.next()
    assert not outbox.rewind(1)
    assert outbox.rewind(2)


def test_what_waits_is_never_forgotten_but_refused() -> None:
    many, long = Outbox(), Outbox()
    assert all([many.put("x") for _ in range(FRAMES)])
    assert not many.put("x")
    assert all([long.put("x" * (CHARS // 4)) for _ in range(4)])
    assert not long.put("x")


def test_a_frame_that_waits_already_is_not_put_twice_when_once_is_enough() -> None:
    outbox = Outbox()
    for _ in range(500):
        assert outbox.put_once("nudge")
    assert sent_by(outbox) == ["nudge"]
    assert outbox.put_once("nudge")
    assert sent_by(outbox) == ["nudge"]


def test_nobody_has_heard_what_was_never_said() -> None:
    outbox = Outbox()
    outbox.put("1")
    outbox.next()
    outbox.confirm(1)
    outbox.confirm(0)
    assert not outbox.rewind(2)
    assert not outbox.rewind(0)
    with pytest.raises(BadMessage):
        outbox.confirm(2)
