"""The sign at the door of a cabin follows the same calendars as the appointments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.kernel.ids import ResourceId, new_id
from server.scheduler.rules.openings import Calendar, Exceptional, ExceptionKind, ResourceKind, WeeklyRule
from server.scheduler.rules.units import unit_of
from server.scheduler.service.hours import LOOK_AHEAD, Opening, opening

NINE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday, 9 o'clock in Paris
WEEK = tuple(WeeklyRule(day, 9 * 60, 18 * 60) for day in range(5))


def _sign(now: datetime, rules: tuple[WeeklyRule, ...] = WEEK, exceptions: tuple[Exceptional, ...] = ()) -> Opening:
    booth: UUID = new_id()
    calendar = Calendar(ResourceId(booth), ResourceKind.CABIN, booth, "Europe/Paris", rules, exceptions)
    return opening(calendar, range(unit_of(now), unit_of(now + LOOK_AHEAD)))


def test_an_open_cabin_says_until_when() -> None:
    assert _sign(NINE) == Opening(True, open_until=NINE + timedelta(hours=9))


def test_a_closed_cabin_says_when_it_opens_again() -> None:
    friday_night = NINE + timedelta(days=4, hours=12)
    assert _sign(friday_night) == Opening(False, opens_at=NINE + timedelta(days=7))


def test_a_closure_ends_the_day_early() -> None:
    closed = Exceptional(ExceptionKind.CLOSED, NINE + timedelta(hours=3), NINE + timedelta(hours=9))
    assert _sign(NINE, exceptions=(closed,)) == Opening(True, open_until=NINE + timedelta(hours=3))


def test_a_cabin_without_hours_never_says_that_it_opens() -> None:
    assert _sign(NINE, rules=()) == Opening(False)


def test_a_cabin_that_is_open_day_and_night_names_no_hour() -> None:
    always = tuple(WeeklyRule(day, 0, 24 * 60) for day in range(7))
    assert _sign(NINE, rules=always) == Opening(True)
