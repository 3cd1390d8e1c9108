"""How much a page may say: a burst, then so much a second, each kind by itself."""

from __future__ import annotations

import pytest

from signalling.errors import Flood
from signalling.gateway import BURST, RATE
from signalling.pace import CANDIDATES, DESCRIPTIONS_AT_ONCE, Bucket, Pace
from signalling.protocol import Answer, Bye, Candidate, ForPeer, Offer, Restart, State
from tests.signalling.exchange import SDP

CANDIDATE = Candidate("candidate:1", "0")


def said(pace: Pace, message: ForPeer, now: float) -> int:
    """How often a message may be said at one moment."""
    for count in range(1000):
        try:
            pace.spend(message, now)
        except Flood:
            return count
    return 1000


def test_the_bucket_lets_sixty_through_at_once_and_twenty_a_second() -> None:
    bucket = Bucket(0.0, RATE, BURST)
    for now, tokens in ((0.0, BURST), (1.0, RATE), (100.0, BURST)):
        for _ in range(int(tokens)):
            bucket.spend(now)
        with pytest.raises(Flood):
            bucket.spend(now)


@pytest.mark.parametrize("message", [Offer(SDP), Answer(SDP), Restart()])
def test_twenty_descriptions_at_once_then_one_every_two_seconds(message: ForPeer) -> None:
    pace = Pace(0.0)
    assert [said(pace, message, now) for now in (0.0, 2.0, 6.0, 46.0)] == [20, 1, 2, 20]


def test_a_description_brings_candidates_of_its_own_and_a_wish_for_one_does_not() -> None:
    pace = Pace(0.0)
    assert said(pace, CANDIDATE, 0.0) == CANDIDATES
    pace.spend(Restart(), 100.0)
    assert said(pace, CANDIDATE, 100.0) == 0
    pace.spend(Offer(SDP), 100.0)
    assert said(pace, CANDIDATE, 100.0) == CANDIDATES


def test_each_kind_has_its_own_allowance_and_the_rest_is_bounded_by_the_socket_alone() -> None:
    pace = Pace(0.0)
    assert said(pace, CANDIDATE, 0.0) == CANDIDATES
    assert said(pace, Offer(SDP), 0.0) == DESCRIPTIONS_AT_ONCE
    assert said(pace, State(True, True, True, 4), 0.0) == said(pace, Bye("hung-up"), 0.0) == 1000


def test_a_call_that_is_begun_anew_every_four_seconds_for_an_hour_is_no_flood() -> None:
    pace = Pace(0.0)
    for number in range(900):
        pace.spend(Restart(), number * 4.0)
        pace.spend(Answer(SDP), number * 4.0)
        for _ in range(60):
            pace.spend(CANDIDATE, number * 4.0)
