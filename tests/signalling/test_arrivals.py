"""Seats that come from another server: what is said too early waits, for the first end of a call that settles."""

from __future__ import annotations

from signalling.arrivals import Arrivals
from signalling.words import Ended


def test_what_is_said_before_an_arrival_settles_waits_for_it_in_order() -> None:
    arrivals = Arrivals()
    assert not arrivals.keep(Ended("node", "call", "before"))  # nobody comes: it is heard at once
    arrivals.expect("cabin", "call")
    arrivals.keep_early("call")
    assert arrivals.keep(Ended("node", "call", "one"))
    assert not arrivals.keep(Ended("node", "another", "one"))
    arrivals.keep_early("call")  # the other end came too: nothing of it is forgotten
    assert arrivals.keep(Ended("node", "call", "two"))
    assert arrivals.settle("cabin") == [Ended("node", "call", "one"), Ended("node", "call", "two")]
    assert not arrivals.expects("cabin", "call")


def test_of_two_ends_the_second_one_settles_where_the_first_one_left_off() -> None:
    arrivals = Arrivals()
    for one in ("cabin", "desk"):
        arrivals.expect(one, "call")
    arrivals.keep_early("call")
    assert arrivals.settle("cabin") == []
    assert arrivals.expects("desk", "call")
    assert arrivals.settle("desk") is None


def test_an_end_that_is_refused_takes_with_it_only_what_nobody_else_waits_for() -> None:
    arrivals = Arrivals()
    for one in ("cabin", "desk"):
        arrivals.expect(one, "call")
    arrivals.keep_early("call")
    assert arrivals.refuse(lambda connection, call: (connection, call) == ("cabin", "call")) == [("cabin", "call")]
    arrivals.leave("cabin", "call")
    assert arrivals.keep(Ended("node", "call", "one"))
    assert arrivals.refuse(lambda *_: True) == [("desk", "call")]
    arrivals.leave("desk", "call")
    assert not arrivals.keep(Ended("node", "call", "two"))
