"""The medicobus: three or four people a half-day, inside their windows, one place at a time, villages in turn."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from server.scheduler.rules.planning_tours import FEWEST, MOST, Rider, tour

MONDAY = date(2026, 3, 2)
DAYS = [MONDAY + timedelta(days=7 * week + day) for week in range(3) for day in range(5)]
A, B = UUID(int=1), UUID(int=2)


def riders(village: UUID, count: int, first: int = 0, last: int = 18) -> list[Rider]:
    """People of a village who can come from the first to the last day."""
    since, until = MONDAY + timedelta(days=first), MONDAY + timedelta(days=last)
    return [Rider(UUID(int=village.int * 1000 + 50 * first + number), village, since, until) for number in range(count)]


@given(
    people=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 20), st.integers(0, 20)), max_size=40),
    per_week=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_nobody_rides_twice_or_outside_a_window_and_stops_are_full_and_few(
    people: list[tuple[int, int, int]], per_week: int
) -> None:
    asked = [
        Rider(UUID(int=100 + n), UUID(int=v), MONDAY + timedelta(days=a), MONDAY + timedelta(days=a + b))
        for n, (v, a, b) in enumerate(people)
    ]
    known = {one.promise_id: one for one in asked}
    proposed = tour(asked, DAYS, per_week)
    seen = [promise for stop in proposed.stops for promise in stop.promise_ids]
    assert len(seen) == len(set(seen))
    assert len(seen) + sum(proposed.waiting.values()) == len(asked)
    assert len({(stop.on, stop.half) for stop in proposed.stops}) == len(proposed.stops)
    for stop in proposed.stops:
        assert FEWEST <= len(stop.promise_ids) <= MOST
        assert stop.on in DAYS
        assert all(known[one].can_come(stop.on) and known[one].village == stop.village for one in stop.promise_ids)
    for week in {stop.on.isocalendar()[:2] for stop in proposed.stops}:
        assert sum(stop.on.isocalendar()[:2] == week for stop in proposed.stops) <= per_week


def test_two_people_are_too_few_for_a_half_day_and_are_told_of() -> None:
    proposed = tour([*riders(A, 2), *riders(B, 3)], DAYS, 2)
    assert [(stop.village, len(stop.promise_ids)) for stop in proposed.stops] == [(B, 3)]
    assert proposed.waiting == {A: 2}


def test_a_small_village_has_its_turn_before_a_large_one_has_its_second() -> None:
    proposed = tour([*riders(A, 12), *riders(B, 3)], DAYS[:5], 2)
    assert {stop.village for stop in proposed.stops} == {A, B}


def test_whose_window_ends_first_goes_first() -> None:
    proposed = tour([*riders(A, 4), *riders(A, 4, first=1, last=2)], DAYS, 1)
    first = proposed.stops[0]
    assert MONDAY + timedelta(days=1) <= first.on <= MONDAY + timedelta(days=2)
    assert {one.int % 1000 >= 50 for one in first.promise_ids} == {True}
