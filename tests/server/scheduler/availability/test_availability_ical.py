"""Calendars out and in: read again by another parser, the same hours come back, and nobody's name is in them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import Invalid
from server.kernel.ids import AppointmentId, ResourceId, new_id
from server.records.rules.note import Modality
from server.scheduler.availability.ical import Coming, appointments_text, hours_text, read_calendar
from server.scheduler.availability.rules import Once, Plan, Weekly, in_order
from server.scheduler.rules.index import WEEK
from server.scheduler.rules.openings import Calendar, ExceptionKind, ResourceKind
from server.scheduler.rules.units import instant_of, instant_of_wall

PARIS, SAMOA = "Europe/Paris", "Pacific/Apia"
WORDS = {ExceptionKind.OPEN: "Ouvert", ExceptionKind.CLOSED: "Fermé"}
AT = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)

weeklies = st.builds(
    lambda day, start, units, how, first, days, every: Weekly(
        day,
        start * 5,
        min(start * 5 + units * 5, 36 * 60),
        how,
        first,
        first + timedelta(days=days) if first else None,
        every_weeks=every if first else 1,
    ),
    st.integers(0, 6),
    st.integers(0, 287),
    st.integers(1, 120),
    st.sampled_from([None, *Modality]),
    st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 12, 31))),
    st.integers(7, 400),
    st.sampled_from([1, 1, 2, 3]),
)
onces = st.builds(
    lambda kind, at, minutes, how, reason: Once(kind, at, at + timedelta(minutes=minutes), how, reason),
    st.sampled_from(ExceptionKind),
    st.integers(0, 500_000).map(lambda minute: AT + timedelta(minutes=minute)),
    st.integers(5, 20_000),
    st.sampled_from([None, *Modality]),
    st.sampled_from(["Congé", "Panne ; à réparer, demain", "Tournée « est »"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(weeklies, max_size=5), st.lists(onces, max_size=4), st.sampled_from([PARIS, SAMOA]))
def test_hours_that_go_out_come_back_the_same(weekly: list[Weekly], once: list[Once], zone: str) -> None:
    plan = in_order(Plan(tuple(weekly), tuple(once)))
    back = in_order(read_calendar(hours_text("Cabine", zone, plan, WORDS, 2026), zone, ExceptionKind.CLOSED))
    assert back.once == plan.once
    assert {_without_first(one) for one in back.weekly} == {_without_first(one) for one in plan.weekly}


def _without_first(one: Weekly) -> tuple[object, ...]:
    """The first day comes back as the first day of the line on or after it: the same days are meant."""
    rule, first = replace(one.rule(), valid_to=None), one.valid_from
    while first and not rule.holds_on(first):
        first += timedelta(days=1)
    return one.weekday, one.start_min, one.end_min, one.modality, first, one.valid_to, one.every_weeks


@settings(max_examples=30, deadline=None)
@given(st.lists(weeklies, max_size=4), st.sampled_from([PARIS, "America/Miquelon"]), st.integers(0, 80))
def test_hours_that_come_back_open_the_same_time_and_another_parser_finds_the_same_days(
    weekly: list[Weekly], zone: str, week: int
) -> None:
    plan = Plan(tuple(weekly))
    text = hours_text("Cabine", zone, plan, WORDS, 2026)
    back = read_calendar(text, zone, ExceptionKind.CLOSED)
    span = range((2930 + week) * WEEK, (2933 + week) * WEEK)
    known = Calendar(ResourceId(new_id()), ResourceKind.CABIN, new_id(), zone)
    for how in (Modality.REMOTE, Modality.IN_PERSON):
        assert plan.calendar(known).open_in(span, how) == back.calendar(known).open_in(span, how)
    begin, end = (instant_of(unit).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for unit in (span[0], span[-1]))
    days = [begin.date() + timedelta(days=n) for n in range(23)]
    for one, event in zip(plan.weekly, vobject.readOne(text.decode()).contents.get("vevent", []), strict=True):
        found = (day.replace(tzinfo=None) for day in event.getrruleset(addRDate=True))
        at = time(one.start_min // 60, one.start_min % 60)
        wanted = [datetime.combine(day, at) for day in days if one.rule().holds_on(day)]
        if one.valid_to is None or one.valid_to >= _first_of(one):
            meant = [day for day in takewhile(lambda day: day <= end, found) if day >= begin]
            assert meant == [day for day in wanted if begin <= day <= end]


def _first_of(one: Weekly) -> date:
    """Return the first day of a line."""
    rule = replace(one.rule(), valid_to=None)
    first = one.valid_from or date(2026, 1, 1)
    return next(day for n in range(30) if rule.holds_on(day := first + timedelta(days=n)))


def test_another_parser_reads_our_appointments_and_our_hours() -> None:
    cancelled = Coming(
        AppointmentId(new_id()), 3, AT, AT + timedelta(minutes=20), AT, True, "Téléconsultation", "Mairie, Locarn"
    )
    kept = Coming(AppointmentId(new_id()), 1, AT, AT + timedelta(minutes=20), AT, False, "Consultation sur place", "")
    read = vobject.readOne(appointments_text("Dr Aubin", [cancelled, kept]).decode())
    events = read.vevent_list
    assert [one.status.value for one in events] == ["CANCELLED", "CONFIRMED"]
    assert [one.sequence.value for one in events] == ["3", "1"]
    assert [one.uid.value for one in events] == [f"{cancelled.id}@telecabin", f"{kept.id}@telecabin"]
    assert events[0].dtstart.value == AT
    assert events[0].dtend.value - AT == timedelta(minutes=20)
    plan = Plan((Weekly(6, 540, 720, None, date(2026, 3, 23), date(2026, 4, 6)),))
    (event,) = vobject.readOne(hours_text("Cabine", PARIS, plan, WORDS, 2026).decode()).vevent_list
    days = list(event.getrruleset(addRDate=True))
    assert [day.astimezone(UTC) for day in days] == [
        instant_of_wall(date(2026, 3, 29), 540, PARIS),  # the day on which clocks spring forward
        instant_of_wall(date(2026, 4, 5), 540, PARIS),
    ]


EVENT = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n{}\r\n"
EVENT += "END:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRRULE:FREQ=MONTHLY",
        "DTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        "DTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=3",
        "DTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRRULE:FREQ=WEEKLY\r\nEXDATE:20260308T090000Z",
        "DTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=2MO",
        "SUMMARY:sans début",
    ],
)
def test_what_a_week_cannot_say_is_refused_by_name(lines: str) -> None:
    with pytest.raises(Invalid):
        read_calendar(EVENT.format(lines).encode(), PARIS, ExceptionKind.CLOSED)


@pytest.mark.parametrize("text", [b"", b"pas un calendrier", b"BEGIN:VCALENDAR", b"\xff\xfe\x00"])
def test_what_is_no_calendar_is_refused_or_says_nothing(text: bytes) -> None:
    with contextlib.suppress(Invalid):
        assert read_calendar(text, PARIS, ExceptionKind.CLOSED) == Plan()


def test_a_whole_day_of_another_program_is_closed_from_midnight_to_midnight() -> None:
    text = EVENT.format("DTSTART;VALUE=DATE:20260329\r\nDTEND;VALUE=DATE:20260330\r\nSUMMARY:Vacances").encode()
    (one,) = read_calendar(text, PARIS, ExceptionKind.CLOSED).once
    assert (one.kind, one.reason, one.ends_at - one.starts_at) == (
        ExceptionKind.CLOSED,
        "Vacances",
        timedelta(hours=23),
    )


@pytest.mark.parametrize("zone", [PARIS, "Indian/Reunion", "America/Miquelon", "America/Martinique", "Pacific/Noumea"])
def test_the_zone_that_goes_out_has_the_same_hours_all_year_in_another_parser(zone: str) -> None:
    plan = Plan((Weekly(2, 540, 720, None, date(2026, 1, 1), date(2026, 12, 31)),))
    (event,) = vobject.readOne(hours_text("Cabine", zone, plan, WORDS, 2026).decode()).vevent_list
    days = [day.astimezone(UTC) for day in event.getrruleset(addRDate=True)]
    assert days == [instant_of_wall(date(2026, 1, 7) + timedelta(days=7 * n), 540, zone) for n in range(52)]
