"""Between two servers a frame that the bus lost is asked for again: all are heard once, in order, whatever was lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signalling.call import Claim
from signalling.protocol import Seat
from signalling.trunk import KEPT, Hearing, Trunk
from signalling.words import Said, Sat

SEAT, CALL = Seat.PRACTITIONER, "call-1"
CLAIM = Claim(1, "here", "d1", "page")


class Pair:
    """Two servers and a bus between them that loses words."""

    def __init__(self) -> None:
        self.here, self.there = Trunk("here"), Trunk("there")
        self.heard: list[str] = []
        self.anew = 0

    def say(self, frame: str) -> Said:
        return self.here.say(CALL, SEAT, "d1", frame)

    def carry(self, said: Said) -> None:
        hearing, missed = self.there.hear(said)
        if hearing in (Hearing.NEXT, Hearing.ANEW):
            self.anew += hearing is Hearing.ANEW
            self.heard.append(said.frame)
        for again in self.here.say_again(missed, SEAT) if missed else ():
            self.carry(again)

    def meet(self, anew: bool = False) -> None:
        missed = self.there.meet(Sat("here", CALL, SEAT, CLAIM, self.here.said("d1"), False), anew)
        for again in self.here.say_again(missed, SEAT) if missed else ():
            self.carry(again)


@given(st.lists(st.sampled_from(["carried", "lost", "doubled", "met"]), max_size=60))
def test_every_frame_is_heard_once_and_in_order_once_the_servers_met_again(words: list[str]) -> None:
    pair, said = Pair(), 0
    pair.meet(anew=True)
    for word in words:
        if word == "met":
            pair.meet()
            continue
        said += 1
        frame = pair.say(str(said))
        for _ in range({"carried": 1, "lost": 0, "doubled": 2}[word]):
            pair.carry(frame)
    pair.meet()
    assert pair.heard == [str(number) for number in range(1, said + 1)]
    assert pair.anew == 0


def test_what_can_no_longer_be_had_is_skipped_and_said_to_be_a_new_beginning() -> None:
    pair = Pair()
    pair.meet(anew=True)
    for number in range(KEPT + 5):
        pair.say(str(number))
    pair.meet()
    assert pair.heard == [str(number) for number in range(5, KEPT + 5)]
    assert pair.anew == 1


def test_what_a_seat_said_before_it_was_taken_anew_is_for_nobody() -> None:
    pair = Pair()
    pair.say("for another")
    pair.meet(anew=True)
    pair.carry(pair.say("for us"))
    assert pair.heard == ["for us"]


def test_a_gap_is_asked_for_once() -> None:
    pair = Pair()
    pair.meet(anew=True)
    lost, *later = (pair.say(str(number)) for number in range(4))
    asked = [pair.there.hear(said)[1] for said in later]
    assert [missed.heard for missed in asked if missed] == [0]
    assert lost.number == 1


def test_whoever_has_no_seat_says_nothing_again_and_calls_that_are_over_are_forgotten() -> None:
    pair = Pair()
    pair.meet(anew=True)
    pair.carry(pair.say("1"))
    missed = pair.there.hear(pair.here.say(CALL, SEAT, "d1", "2"))[1]
    assert missed is None
    pair.here.hush("d1")
    pair.there.forget(CALL)
    assert len(pair.here) == len(pair.there) == 0
