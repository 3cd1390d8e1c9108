"""The states of a promise and the window of a follow-up."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.errors import Conflict, Invalid
from server.scheduler.rules.promise import OPEN, PromiseMove, PromiseStatus, Window, after, tolerance, window

S, M = PromiseStatus, PromiseMove
TODAY = date(2026, 3, 2)


def walk(moves: list[PromiseMove]) -> list[PromiseStatus]:
    """The states that a promise goes through; moves that are refused leave it where it is."""
    status, states = S.DUE, [S.DUE]
    for move in moves:
        try:
            status = after(status, move)
        except Conflict:
            continue
        states.append(status)
    return states


@given(st.lists(st.sampled_from(list(M)), max_size=30))
def test_a_promise_that_is_kept_or_withdrawn_never_moves_again(moves: list[PromiseMove]) -> None:
    states = walk(moves)
    for end in (S.KEPT, S.WITHDRAWN):
        assert end not in states[:-1]


@given(st.lists(st.sampled_from(list(M)), max_size=30))
def test_only_what_was_booked_can_be_kept(moves: list[PromiseMove]) -> None:
    states = walk(moves)
    assert all(before is S.BOOKED for before, then in itertools.pairwise(states) if then is S.KEPT)


@given(st.lists(st.sampled_from(list(M)), max_size=30))
def test_only_an_open_promise_can_be_booked(moves: list[PromiseMove]) -> None:
    states = walk(moves)
    assert all(before in OPEN for before, then in itertools.pairwise(states) if then is S.BOOKED)


def test_every_state_can_be_reached() -> None:
    walks = [[M.OFFER, M.BOOK, M.KEEP], [M.MISS, M.RENEW, M.WITHDRAW]]
    assert {state for moves in walks for state in walk(moves)} == set(S)


@pytest.mark.parametrize(("days", "slack"), [(1, 2), (7, 2), (30, 4), (90, 12), (365, 21)])
def test_the_tolerance_is_a_seventh_within_two_days_and_three_weeks(days: int, slack: int) -> None:
    assert tolerance(days) == timedelta(days=slack)


@given(st.integers(1, 730))
def test_a_window_holds_its_due_date_and_never_the_same_day(days: int) -> None:
    asked = window(TODAY, days)
    assert TODAY < asked.earliest_on <= asked.due_on <= asked.latest_on
    assert asked.due_on in asked.days


@pytest.mark.parametrize("days", [-1, 0, 731])
def test_an_impossible_interval_is_refused(days: int) -> None:
    with pytest.raises(Invalid):
        window(TODAY, days)


def test_a_late_patient_gets_a_window_that_reaches_beyond_today() -> None:
    late = Window(TODAY, TODAY - timedelta(days=2), TODAY + timedelta(days=2))
    today = TODAY + timedelta(days=30)
    assert late.widened(today).latest_on == today + timedelta(days=4)
