"""Wall clocks become instants rightly, on the two Sundays too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scheduler.rules.units import (
    day_units,
    instant_of,
    instant_of_wall,
    local_day,
    unit_from,
    unit_of,
    wall_time,
)

PARIS = "Europe/Paris"
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
ZONES = (PARIS, "Indian/Reunion", "America/Guadeloupe", "America/Cayenne", "America/New_York", "Asia/Beirut")


@pytest.mark.parametrize(("day", "units"), [(SPRING, 276), (AUTUMN, 300), (date(2027, 6, 1), 288)])
def test_a_day_has_as_many_units_as_clocks_let_it_have(day: date, units: int) -> None:
    assert len(day_units(day, PARIS)) == units


def test_a_skipped_time_gives_the_first_instant_after_the_gap() -> None:
    assert instant_of_wall(SPRING, 2 * 60 + 30, PARIS) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_a_time_that_comes_twice_gives_the_first() -> None:
    assert instant_of_wall(AUTUMN, 2 * 60 + 30, PARIS) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_rule_past_midnight_across_the_change_ends_by_the_wall_clock() -> None:
    assert instant_of_wall(SPRING - timedelta(days=1), 30 * 60, PARIS) == datetime(2027, 3, 28, 4, 0, tzinfo=UTC)


def test_units_round_down_and_up() -> None:
    at = datetime(2027, 3, 28, 9, 2, tzinfo=UTC)
    assert instant_of(unit_of(at)).minute == 0
    assert instant_of(unit_from(at)).minute == 5
    assert unit_from(instant_of(7)) == unit_of(instant_of(7)) == 7


def test_the_wall_time_is_what_a_clock_shows() -> None:
    assert wall_time(datetime(2027, 7, 1, 7, 30, tzinfo=UTC), PARIS) == "2027-07-01T09:30"


DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31)) | st.sampled_from([SPRING, AUTUMN, date(2027, 3, 14)])


@given(day=DAYS, minute=st.integers(0, 1439), zone=st.sampled_from(ZONES))
def test_the_instant_is_the_first_at_which_the_clock_has_reached_the_time(day: date, minute: int, zone: str) -> None:
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    at = instant_of_wall(day, minute, zone)
    place = ZoneInfo(zone)
    assert at.astimezone(place).replace(tzinfo=None) >= wall
    minutes = [at - timedelta(minutes=n) for n in range(1, 181)]
    assert all(earlier.astimezone(place).replace(tzinfo=None) < wall for earlier in minutes)


@given(day=DAYS, zone=st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    today, tomorrow = day_units(day, zone), day_units(day + timedelta(days=1), zone)
    assert today.stop == tomorrow.start
    assert local_day(instant_of(today.start), zone) == day
    assert local_day(instant_of(today.stop - 1), zone) == day
