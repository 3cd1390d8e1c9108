"""Hours every so many weeks by the clocks of many zones, against dateutil's rules and a walk along the clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import MO, WEEKLY, rrule
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.kernel.errors import Invalid
from server.records.rules.note import Modality
from server.scheduler.rules.openings import WeeklyRule, check_rules
from server.scheduler.rules.units import ClockChange, clock_change, day_units, instant_of, instant_of_wall
from tests.server.scheduler.rules.test_openings import PARIS, calendar

ZONES = [
    PARIS,
    "America/Guadeloupe",
    "Indian/Reunion",
    "America/Miquelon",
    "Pacific/Noumea",
    "America/St_Johns",
    "America/Havana",  # clocks jump at midnight
    "Africa/Casablanca",  # winter time around Ramadan
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Chatham",
]
CHANGES = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1), date(2026, 4, 5)]
CHANGES += [date(2026, 10, 4), date(2026, 9, 27), date(2026, 2, 15), date(2026, 3, 22)]

DAYS = st.one_of(
    st.dates(date(2026, 1, 10), date(2027, 12, 20)),
    st.sampled_from(CHANGES).flatmap(lambda day: st.integers(-1, 1).map(lambda n: day + timedelta(days=n))),
)
RULES = st.builds(
    lambda day, start, units, first, lasts, every: WeeklyRule(
        day, start * 5, min((start + units) * 5, 36 * 60), None, first, first + timedelta(days=lasts), None, every
    ),
    st.integers(0, 6),
    st.integers(0, 287),
    st.integers(1, 143),
    st.dates(date(2025, 11, 1), date(2026, 12, 1)),
    st.integers(0, 800),
    st.sampled_from([1, 2, 3, 4]),
)


def walked(rule: WeeklyRule, zone: str, span: range) -> int:
    """Open from the first unit whose clock has reached the start, until the first that has reached the end."""
    assert rule.valid_from is not None
    assert rule.valid_to is not None
    first, last = (datetime.combine(day, time()) for day in (rule.valid_from, rule.valid_to))
    days = rrule(WEEKLY, dtstart=first, until=last, interval=rule.every_weeks, byweekday=rule.weekday, wkst=MO)
    clocks, bits = _clocks(zone, span), 0
    for day in days.between(clocks[0][1], clocks[-1][1]):
        begin, end = (day + timedelta(minutes=minute) for minute in (rule.start_min, rule.end_min))
        start = next((unit for unit, clock in clocks if clock >= begin), span.stop)
        stop = next((unit for unit, clock in clocks if clock >= end), span.stop)
        bits |= sum(1 << unit - span.start for unit in range(start, stop) if unit in span)
    return bits


@lru_cache(maxsize=32)
def _clocks(zone: str, span: range) -> list[tuple[int, datetime]]:
    place = ZoneInfo(zone)
    wide = range(span.start - 700, span.stop + 500)
    return [(unit, instant_of(unit).astimezone(place).replace(tzinfo=None)) for unit in wide]


@settings(max_examples=80, deadline=None)
@given(rule=RULES, day=DAYS, zone=st.sampled_from(ZONES))
@example(WeeklyRule(6, 150, 300, None, date(2026, 3, 1), date(2026, 12, 1)), date(2026, 3, 29), PARIS)
@example(WeeklyRule(6, 150, 300, None, date(2026, 3, 1), date(2026, 12, 1)), date(2026, 10, 25), PARIS)
@example(WeeklyRule(6, 0, 60, None, date(2026, 3, 1), date(2026, 12, 1), None, 2), date(2026, 3, 8), "America/Havana")
def test_hours_every_so_many_weeks_follow_the_clocks_of_every_zone(rule: WeeklyRule, day: date, zone: str) -> None:
    span = day_units(day, zone)
    assert calendar([rule], zone).open_in(span, Modality.REMOTE) == walked(rule, zone, span)


@settings(max_examples=80, deadline=None)
@given(day=DAYS, zone=st.sampled_from(ZONES), minute=st.integers(0, 287).map(lambda unit: unit * 5))
def test_a_change_of_the_clocks_says_which_minutes_are_skipped_and_which_come_twice(
    day: date, zone: str, minute: int
) -> None:
    wall = datetime.combine(day, time(minute // 60, minute % 60))
    shown = [unit for unit, clock in _clocks(zone, day_units(day, zone)) if clock == wall]
    change = clock_change(day, zone)
    skipped, repeated = (change.skips(minute), change.repeats(minute)) if change else (False, False)
    assert len(shown) == (0 if skipped else 2 if repeated else 1)
    found = instant_of_wall(day, minute, zone)
    if shown:
        assert found == instant_of(shown[0])
    else:
        assert change is not None
        assert found == instant_of_wall(day, change.to, zone)


def test_the_clocks_of_paris_jump_at_two_and_fall_back_at_three() -> None:
    assert clock_change(date(2026, 3, 29), PARIS) == ClockChange(120, 180)
    assert clock_change(date(2026, 10, 25), PARIS) == ClockChange(180, 120)
    assert clock_change(date(2026, 10, 24), PARIS) is None


@pytest.mark.parametrize("rule", [WeeklyRule(0, 540, 600, every_weeks=2), WeeklyRule(0, 540, 600, every_weeks=0)])
def test_some_weeks_ask_for_a_first_day(rule: WeeklyRule) -> None:
    with pytest.raises(Invalid):
        check_rules([rule])


def test_two_rules_of_other_weeks_never_meet() -> None:
    even, odd = (WeeklyRule(0, 540, 600, None, day, None, None, 2) for day in (date(2026, 3, 2), date(2026, 3, 9)))
    third = WeeklyRule(0, 540, 600, None, date(2026, 3, 9), None, None, 3)
    assert (even.same_weeks(odd), even.same_weeks(third), odd.same_weeks(WeeklyRule(0, 0, 5))) == (False, True, True)
