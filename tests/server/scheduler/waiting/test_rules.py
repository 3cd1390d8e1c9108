"""Who is asked first, what somebody would take, and how long they have to answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import Conflict
from server.scheduler.rules.search import PartOfDay
from server.scheduler.waiting.rules import (
    AHEAD,
    Candidate,
    EntryMove,
    EntryStatus,
    Wish,
    after,
    answer_for,
    order,
)

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MONDAY_NINE = datetime(2026, 3, 9, 8, tzinfo=UTC)
DOCTOR, OTHER = UUID(int=1), UUID(int=2)
DAY = timedelta(days=1)
PEOPLE = st.lists(
    st.builds(
        lambda number, due, slack, since, served: Candidate(
            UUID(int=number), TODAY + due * DAY, TODAY + (due + slack) * DAY, NOW - since * DAY, served, 2
        ),
        st.integers(1, 10**6), st.integers(-60, 60), st.integers(0, 20), st.integers(0, 40), st.integers(0, 5),
    ),
    max_size=12,
)  # fmt: skip


def somebody(number: int, due: int, *, slack: int = 2, since: int = 1, served: int = 0) -> Candidate:
    """One who is due so many days from today."""
    return Candidate(UUID(int=number), TODAY + due * DAY, TODAY + (due + slack) * DAY, NOW - since * DAY, served, 1)


@settings(max_examples=60, deadline=None)
@given(PEOPLE)
def test_overdue_people_come_first_and_within_them_the_longest_overdue(people: list[Candidate]) -> None:
    ordered = order(people, TODAY)
    assert sorted(ordered, key=str) == sorted(people, key=str)
    assert ordered == order(reversed(people), TODAY) or len({one.entry_id for one in people}) < len(people)
    for one, then in pairwise(ordered):
        late, later = one.latest_on < TODAY, then.latest_on < TODAY
        assert late or not later
        if late and later:
            assert (TODAY - one.due_on).days // 7 >= (TODAY - then.due_on).days // 7


def test_then_who_is_due_soonest_the_village_served_least_and_who_waits_longest() -> None:
    soon, far = somebody(1, 3), somebody(2, 20, since=30)
    fed, hungry = somebody(3, 10, served=3, since=9), somebody(4, 11, served=0)
    early, recent = somebody(5, 12, since=20, served=1), somebody(6, 9, since=2, served=1)
    found = order([far, fed, recent, early, hungry, soon], TODAY)
    assert [one.entry_id.int for one in found] == [1, 4, 5, 6, 3, 2]


def test_a_moment_fits_by_day_half_day_doctor_and_only_when_it_is_sooner() -> None:
    week = Wish(date(2026, 3, 9), date(2026, 3, 13))
    assert week.fits(MONDAY_NINE, "Europe/Paris", DOCTOR, None)
    assert week.fits(MONDAY_NINE, "Europe/Paris", DOCTOR, MONDAY_NINE + DAY)
    assert not week.fits(MONDAY_NINE, "Europe/Paris", DOCTOR, MONDAY_NINE)
    assert not week.fits(MONDAY_NINE - DAY, "Europe/Paris", DOCTOR, None)
    assert not week.fits(MONDAY_NINE + 5 * DAY, "Europe/Paris", DOCTOR, None)
    assert not Wish(week.from_on, week.until_on, 0b0000010).fits(MONDAY_NINE, "Europe/Paris", DOCTOR, None)
    assert not Wish(week.from_on, week.until_on, part=PartOfDay.AFTERNOON).fits(
        MONDAY_NINE, "Europe/Paris", DOCTOR, None
    )
    assert Wish(week.from_on, week.until_on, part=PartOfDay.AFTERNOON).fits(MONDAY_NINE, "Indian/Reunion", DOCTOR, None)
    assert not Wish(week.from_on, week.until_on, practitioner_id=OTHER).fits(MONDAY_NINE, "Europe/Paris", DOCTOR, None)


@given(st.integers(0, 60 * 24 * 30))
def test_an_answer_leaves_time_to_come_and_to_ask_somebody_else(minutes: int) -> None:
    starts_at = NOW + timedelta(minutes=minutes)
    lasts_for = answer_for(NOW, starts_at)
    if starts_at - NOW < AHEAD:
        assert lasts_for is None
    else:
        assert lasts_for is not None
        assert timedelta(minutes=30) <= lasts_for <= min(timedelta(hours=24), (starts_at - NOW) / 4)


def test_what_may_become_of_an_entry() -> None:
    assert after(EntryStatus.WITHDRAWN, EntryMove.RESTORE) is EntryStatus.WAITING
    with pytest.raises(Conflict):
        after(EntryStatus.PLACED, EntryMove.PLACE)
