"""Hours as rules: differences, what falls outside, travel, holidays by department, hours written in a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import AppointmentId, PractitionerId, ResourceId, SiteId, new_id
from server.records.rules.note import Modality
from server.scheduler.availability.rules import (
    Booked,
    Once,
    Plan,
    Weekly,
    check_plan,
    check_zone,
    difference,
    digest,
    in_order,
    odd_hours,
    outside,
    refuse_other,
    travel_min,
    with_weekly,
    without,
)
from server.scheduler.availability.timezone import timezone_of
from server.scheduler.availability.written import read_hours
from server.scheduler.rules.index import WEEK, Index
from server.scheduler.rules.openings import Calendar, ExceptionKind, ResourceKind, starts
from server.scheduler.rules.search import NEEDS

PARIS = "Europe/Paris"
ONE, TWO = SiteId(new_id()), SiteId(new_id())
PLACES = {ONE: (48.262, -3.354), TWO: (48.311, -3.468)}
KNOWN = Calendar(ResourceId(new_id()), ResourceKind.PRACTITIONER, new_id(), PARIS)
MORNING, EVENING = Weekly(0, 540, 720), Weekly(0, 840, 1080)


def _booked(at: datetime, modality: Modality = Modality.REMOTE) -> Booked:
    end = at + timedelta(minutes=20)
    return Booked(AppointmentId(new_id()), at, end, modality, PractitionerId(new_id()), None)


def test_a_difference_names_what_was_added_and_taken_away_and_nothing_else() -> None:
    before, then = Plan((MORNING, EVENING)), Plan((EVENING, replace_end(MORNING, 750)), buffer_min=10)
    told = difference(before, then)
    assert (told.added, told.removed, told.buffer) == ((replace_end(MORNING, 750),), (MORNING,), (0, 10))
    assert not difference(before, Plan((EVENING, MORNING)))


def replace_end(one: Weekly, end: int) -> Weekly:
    return Weekly(one.weekday, one.start_min, end)


def test_the_digest_knows_the_hours_whatever_their_order_and_refuses_others() -> None:
    assert digest(Plan((MORNING, EVENING))) == digest(Plan((EVENING, MORNING)))
    refuse_other(Plan((MORNING,)), digest(Plan((MORNING, MORNING))))
    with pytest.raises(Conflict):
        refuse_other(Plan((MORNING,)), digest(Plan()))


def test_only_appointments_that_fitted_before_and_fit_no_more_are_hit() -> None:
    nine = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)  # a Monday, nine in Paris
    in_hours, on_the_edge, never = (
        _booked(nine),
        _booked(nine + timedelta(minutes=100)),
        _booked(nine - timedelta(hours=4)),
    )
    before, then = Plan((MORNING,)).calendar(KNOWN), Plan((Weekly(0, 540, 640),)).calendar(KNOWN)
    assert outside(before, then, [in_hours, on_the_edge, never]) == [on_the_edge]
    by_video = Plan((replace_how(MORNING, Modality.IN_PERSON),)).calendar(KNOWN)
    assert outside(before, by_video, [in_hours]) == [in_hours]


def replace_how(one: Weekly, how: Modality) -> Weekly:
    return Weekly(one.weekday, one.start_min, one.end_min, how)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 200), st.integers(1, 80)), max_size=6), st.integers(0, 2015)
)
def test_hours_that_only_grow_hit_nobody(lines: list[tuple[int, int, int]], unit: int) -> None:
    plan = Plan(tuple(Weekly(day, start * 5, (start + units) * 5) for day, start, units in lines))
    more = with_weekly(plan, [Weekly(2, 0, 1440)])
    one = _booked(datetime(2026, 3, 23, tzinfo=UTC) + timedelta(minutes=5 * unit))
    assert outside(plan.calendar(KNOWN), more.calendar(KNOWN), [one]) == []
    assert in_order(without(more, weekly=len(more.weekly))) == more


def test_nobody_is_in_two_places_without_the_time_to_drive() -> None:
    assert travel_min(PLACES[ONE], PLACES[TWO]) == 20
    assert travel_min(PLACES[ONE], PLACES[ONE]) == 10
    here, there = Weekly(0, 540, 720, site_id=ONE), Weekly(0, 730, 900, site_id=TWO)
    with pytest.raises(Invalid) as refused:
        check_plan(Plan((here, there)), PLACES)
    assert refused.value.params == {"minutes": 20}
    check_plan(Plan((here, Weekly(0, 740, 900, site_id=TWO))), PLACES)
    for one, other in ((Weekly(0, 540, 720), there), (Weekly(6, 1380, 1470), Weekly(0, 35, 60, site_id=TWO))):
        check_plan(Plan((one, other)), PLACES)
        with pytest.raises(Invalid):  # a line that names no site is at home, and one past midnight ends the day after
            check_plan(Plan((one, other)), PLACES, home=ONE)
    first, then = datetime(2026, 3, 9, 8, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC)
    stop = Once(ExceptionKind.OPEN, first, then, site_id=ONE)
    with pytest.raises(Invalid):
        check_plan(Plan(once=(stop, Once(ExceptionKind.OPEN, then, then + timedelta(hours=1), site_id=TWO))), PLACES)
    check_plan(Plan((there,), (stop,)), PLACES)  # the week gives way to the stop
    weeks = ((date(2026, 3, 2), ONE), (date(2026, 3, 9), TWO))
    every = [Weekly(0, 540, 720, None, day, None, site, 2) for day, site in weeks]
    check_plan(Plan(tuple(every)), PLACES)
    apart = Weekly(0, 730, 900, None, date(2027, 1, 1), None, TWO)
    check_plan(Plan((Weekly(0, 540, 720, None, None, date(2026, 12, 31), ONE), apart)), PLACES)


def test_hours_that_clocks_skip_or_show_twice_are_told_with_their_day() -> None:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    night = Plan((Weekly(6, 150, 300), Weekly(5, 1320, 1590), Weekly(6, 540, 720)))
    told = [(one.on, one.minute, one.skipped) for one in odd_hours(night, PARIS, year)]
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert told == [(spring, 150, True), (autumn, 150, False)]
    assert odd_hours(night, "Indian/Reunion", year) == []
    assert odd_hours(Plan((Weekly(5, 1320, 1590, every_weeks=2, valid_from=date(2026, 3, 30)),)), PARIS, year) == []


def test_impossible_lines_are_refused() -> None:
    at = datetime(2026, 3, 9, tzinfo=UTC)
    for plan in (
        Plan((Weekly(0, 540, 720, None, date(2026, 2, 1), date(2026, 1, 1)),)),
        Plan(once=(Once(ExceptionKind.CLOSED, at, at + timedelta(days=400)),)),
        Plan(once=(Once(ExceptionKind.CLOSED, at, at + timedelta(hours=1), reason="x" * 121),)),
        Plan(tuple(Weekly(n % 7, n // 7 * 5, n // 7 * 5 + 5) for n in range(201))),
        Plan((Weekly(0, 540, 720, site_id=SiteId(new_id())),)),
    ):
        with pytest.raises(Invalid):
            check_plan(plan, PLACES)
    with pytest.raises(Invalid):
        check_zone("Europe/Locarn")


@pytest.mark.parametrize(
    ("text", "days", "span", "how"),
    [
        ("lun-ven 09:00-12:30", [0, 1, 2, 3, 4], (540, 750), None),
        ("Mar, jeu 14h00 – 18h00 sur place", [1, 3], (840, 1080), Modality.IN_PERSON),
        ("sam-lun 22:00-02:00 cabine", [0, 5, 6], (1320, 1560), Modality.REMOTE),
    ],
)
def test_hours_are_read_as_people_write_them(
    text: str, days: list[int], span: tuple[int, int], how: Modality | None
) -> None:
    assert read_hours([text]) == tuple(Weekly(day, *span, how) for day in days)


@pytest.mark.parametrize("text", ["", "lundi 9-12", "lun 09:00", "lun-xyz 09:00-10:00", "lun 09:00-10:00 par fax"])
def test_other_words_are_refused_and_quoted(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_hours([text])
    assert refused.value.params == {"line": text}


def test_a_zone_without_clock_changes_has_one_rule_and_paris_two() -> None:
    assert len(timezone_of("Indian/Reunion", 2026).subcomponents) == 1
    rules = {part["rrule"].to_ical() for part in timezone_of(PARIS, 2026).subcomponents}
    assert rules == {b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"}


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, WEEK - 1), max_size=40), st.integers(0, 6))
def test_a_break_is_kept_before_and_after_what_is_booked_by_the_search_and_by_its_index(
    taken: set[int], buffer: int
) -> None:
    week = 2930
    first = week * WEEK
    always = tuple(Weekly(day, 0, 1440) for day in range(7))
    held = frozenset(first + unit for unit in taken)
    calendar = replace(Plan(always).calendar(KNOWN), taken=held, buffer=buffer)
    span = range(first, first + WEEK)
    free = calendar.free_in(span, Modality.REMOTE)
    for unit in range(WEEK):
        near = any(first + unit + step in held for step in range(-buffer, buffer + 1))
        assert bool(free >> unit & 1) is not near
    index = Index()
    index.put(calendar)
    index.take(calendar.resource_id, held)
    needed = NEEDS[ResourceKind.PRACTITIONER]
    whole = (1 << WEEK - needed) - 1  # starts that end inside the week
    assert index.column(Modality.REMOTE, week).starts[0] & whole == starts(free, needed) & whole
