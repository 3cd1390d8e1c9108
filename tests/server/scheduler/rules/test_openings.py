"""Opening hours against a brute force that walks the clock, unit by unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.errors import Invalid
from server.kernel.ids import ResourceId, SiteId
from server.records.rules.note import Modality
from server.scheduler.rules.openings import (
    Calendar,
    Exceptional,
    ExceptionKind,
    ResourceKind,
    WeeklyRule,
    check_rules,
    must_be_there,
    public_holidays,
    starts,
)
from server.scheduler.rules.units import day_units, instant_of

PARIS = "Europe/Paris"
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
SUNDAY = 6


def calendar(rules: Sequence[WeeklyRule] = (), zone: str = PARIS, **others: object) -> Calendar:
    """A practitioner's calendar."""
    nobody = UUID(int=1)
    return Calendar(ResourceId(nobody), ResourceKind.PRACTITIONER, nobody, zone, tuple(rules), **others)  # type: ignore[arg-type]


def brute(rule: WeeklyRule, zone: str, closing: frozenset[date], span: range) -> int:
    """Open from the first unit whose clock has reached the start, until the first that has reached the end."""
    place, bits = ZoneInfo(zone), 0
    walked = range(span.start - 600, span.stop + 600)
    clocks = [(unit, instant_of(unit).astimezone(place).replace(tzinfo=None)) for unit in walked]
    first_day = clocks[0][1].date()
    for day in (first_day + timedelta(days=n) for n in range(1, 7)):
        if rule.holds_on(day) and day not in closing:
            midnight = datetime.combine(day, datetime.min.time())
            begin, end = (midnight + timedelta(minutes=m) for m in (rule.start_min, rule.end_min))
            start = next((unit for unit, clock in clocks if clock >= begin), span.stop)
            stop = next((unit for unit, clock in clocks if clock >= end), span.stop)
            bits |= sum(1 << unit - span.start for unit in range(start, stop) if unit in span)
    return bits


RULES = st.tuples(st.integers(0, 6), st.integers(0, 287), st.integers(1, 143)).map(
    lambda drawn: WeeklyRule(drawn[0], drawn[1] * 5, (drawn[1] + drawn[2]) * 5)
)
DAYS = st.sampled_from([SPRING, AUTUMN]).flatmap(lambda day: st.integers(-2, 2).map(lambda n: day + timedelta(days=n)))


@given(rule=RULES, day=DAYS, zone=st.sampled_from([PARIS, "Indian/Reunion", "America/New_York"]), shut=st.booleans())
def test_weekly_rules_follow_the_wall_clock_across_both_changes(
    rule: WeeklyRule, day: date, zone: str, shut: bool
) -> None:
    span = day_units(day, PARIS)
    closing = frozenset({day}) if shut else frozenset()
    whole = calendar([rule], zone, closing_days=closing)
    assert whole.open_in(span, Modality.REMOTE) == brute(rule, zone, closing, span)


def test_eight_to_noon_is_four_hours_on_both_sundays() -> None:
    morning = calendar([WeeklyRule(SUNDAY, 8 * 60, 12 * 60)])
    for day in (SPRING, AUTUMN):
        span = day_units(day, PARIS)
        open_units = morning.open_in(span, Modality.REMOTE)
        assert open_units.bit_count() == 48
        first = instant_of(span.start + (open_units & -open_units).bit_length() - 1)
        assert first.astimezone(ZoneInfo(PARIS)).hour == 8


def test_a_rule_in_the_skipped_hour_opens_nothing() -> None:
    assert calendar([WeeklyRule(SUNDAY, 120, 180)]).open_in(day_units(SPRING, PARIS), Modality.REMOTE) == 0


def test_a_rule_in_the_hour_that_comes_twice_is_open_for_both() -> None:
    twice = calendar([WeeklyRule(SUNDAY, 120, 180)]).open_in(day_units(AUTUMN, PARIS), Modality.REMOTE)
    assert twice.bit_count() == 24


def test_a_rule_for_one_modality_says_nothing_of_the_other() -> None:
    surgery = calendar([WeeklyRule(0, 480, 720, Modality.IN_PERSON)])
    monday = day_units(date(2026, 3, 2), PARIS)
    assert surgery.open_in(monday, Modality.REMOTE) == 0
    assert surgery.open_in(monday, Modality.IN_PERSON).bit_count() == 48


def test_an_exception_opens_a_closing_day_and_closing_wins_over_opening() -> None:
    monday = date(2027, 3, 29)
    opened = Exceptional(
        ExceptionKind.OPEN, datetime(2027, 3, 29, 8, tzinfo=UTC), datetime(2027, 3, 29, 10, tzinfo=UTC)
    )
    closed = Exceptional(
        ExceptionKind.CLOSED, datetime(2027, 3, 29, 9, 2, tzinfo=UTC), datetime(2027, 3, 29, 11, tzinfo=UTC)
    )
    shut = calendar([WeeklyRule(0, 480, 720)], closing_days=frozenset({monday}), exceptions=(opened, closed))
    assert shut.open_in(day_units(monday, PARIS), Modality.REMOTE).bit_count() == 12  # 9:00 to 9:05 is touched


def test_what_is_taken_is_not_free() -> None:
    monday = day_units(date(2026, 3, 2), PARIS)
    some = calendar([WeeklyRule(0, 0, 30)], taken=frozenset({monday.start, monday.start + 2, monday.stop + 5}))
    assert some.free_in(monday, Modality.REMOTE) == 0b111010


@given(free=st.integers(0, 2**60 - 1), units=st.integers(1, 9))
def test_a_start_is_where_enough_free_units_follow(free: int, units: int) -> None:
    wanted = sum(1 << bit for bit in range(60) if all(free >> bit + n & 1 for n in range(units)))
    assert starts(free, units) == wanted


@pytest.mark.parametrize(
    "rule",
    [
        WeeklyRule(7, 0, 60),
        WeeklyRule(0, 60, 60),
        WeeklyRule(0, 3, 60),
        WeeklyRule(0, 1440, 1500),
        WeeklyRule(0, 60, 2165),
    ],
)
def test_an_impossible_rule_is_refused(rule: WeeklyRule) -> None:
    with pytest.raises(Invalid):
        check_rules([rule])


def test_public_holidays_are_those_of_the_place() -> None:
    paris, reunion = public_holidays(PARIS, [2027]), public_holidays("Indian/Reunion", [2027])
    assert paris[date(2027, 3, 29)] == "Lundi de Pâques"
    assert date(2027, 12, 20) in reunion
    assert date(2027, 12, 20) not in paris
    assert public_holidays("America/New_York", [2027]) == {}


HERE, THERE = SiteId(UUID(int=5)), SiteId(UUID(int=6))
MONDAY = day_units(date(2026, 3, 2), PARIS)


def test_hours_at_a_site_hold_there_alone_for_who_has_to_be_there() -> None:
    rules = [WeeklyRule(0, 480, 720, site_id=THERE), WeeklyRule(0, 840, 1080)]
    doctor, nurse = calendar(rules), calendar(rules, home=HERE)
    opened = [
        one.open_in(MONDAY, Modality.IN_PERSON, at).bit_count() for one in (doctor, nurse) for at in (HERE, THERE)
    ]
    assert opened == [48, 96, 48, 48]  # a surgery's patients come from everywhere
    assert nurse.open_in(MONDAY, Modality.REMOTE).bit_count() == 96
    assert [must_be_there(kind, Modality.REMOTE) for kind in ResourceKind] == [False, True, True, True, False]
    assert must_be_there(ResourceKind.PRACTITIONER, Modality.IN_PERSON)


def test_who_goes_once_to_another_site_is_neither_at_home_meanwhile_nor_on_the_road() -> None:
    ten, noon = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (9, 11))
    stop = Exceptional(ExceptionKind.OPEN, ten, noon, site_id=THERE)
    nurse = calendar(
        [WeeklyRule(0, 480, 1080)], home=HERE, exceptions=(stop,), travel={(HERE, THERE): 4, (THERE, HERE): 4}
    )
    assert nurse.open_in(MONDAY, Modality.REMOTE, THERE).bit_count() == 24
    assert nurse.open_in(MONDAY, Modality.REMOTE, HERE).bit_count() == 120 - 24 - 8
    assert (
        calendar([WeeklyRule(0, 480, 1080)], home=THERE, exceptions=(stop,))
        .open_in(MONDAY, Modality.REMOTE)
        .bit_count()
        == 120
    )
