"""iCalendar (RFC 5545): hours out and in, and the appointments of one resource without a word of who comes or why.

hours     ──▶ VEVENT with RRULE:FREQ=WEEKLY in the zone's wall clock; exceptions are single VEVENTs
a file    ──▶ weekly lines and exceptions; what a week cannot say is refused by name, never dropped silently
bookings  ──▶ VEVENT in UTC: UID and SEQUENCE are the appointment's id and version; cancelled ones stay for a while
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import icalendar

from server.kernel.errors import Invalid
from server.kernel.ids import AppointmentId
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.availability.rules import Once, Plan, Weekly
from server.scheduler.availability.timezone import BYDAY, timezone_of
from server.scheduler.rules.openings import ExceptionKind, WeeklyRule
from server.scheduler.rules.units import instant_of_wall

PRODUCT = "-//telecabin//calendar//FR"
EVENTS_MOST = 1_000
_ANCHOR = date(2020, 1, 6)  # a Monday: lines without a first day begin in its week
_CATEGORY = {ExceptionKind.OPEN: "OPEN", ExceptionKind.CLOSED: "CLOSED"}


@dataclass(frozen=True, slots=True)
class Coming:
    """An appointment as a calendar may show it."""

    id: AppointmentId
    version: int
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    cancelled: bool
    summary: str
    place: str


def appointments_text(name: str, coming: Iterable[Coming]) -> bytes:
    """Return the calendar of a resource: what a program subscribes to."""
    calendar = _calendar(name)
    for one in coming:
        event = icalendar.Event()
        event.add("uid", f"{one.id}@telecabin")
        event.add("sequence", one.version)
        event.add("dtstamp", one.changed_at.astimezone(UTC))
        event.add("dtstart", one.starts_at.astimezone(UTC))
        event.add("dtend", one.ends_at.astimezone(UTC))
        event.add("summary", one.summary)
        event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
        event.add("class", "PRIVATE")
        if one.place:
            event.add("location", one.place)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def hours_text(name: str, zone: str, plan: Plan, words: Mapping[ExceptionKind, str], year: int) -> bytes:
    """Return hours as a calendar; `words`: what an exception is called, `year`: whose zone rules are written."""
    calendar = _calendar(name)
    calendar.add_component(timezone_of(zone, year))
    for number, one in enumerate(plan.weekly):
        calendar.add_component(_weekly_event(number, one, name, zone))
    for number, exception in enumerate(plan.once):
        event = icalendar.Event()
        event.add("uid", f"once-{number}-{exception.starts_at:%Y%m%dT%H%M}@telecabin")
        event.add("dtstamp", exception.starts_at.astimezone(UTC))
        event.add("dtstart", exception.starts_at.astimezone(UTC))
        event.add("dtend", exception.ends_at.astimezone(UTC))
        event.add("summary", exception.reason or words[exception.kind])
        event.add("categories", [_CATEGORY[exception.kind], *_how(exception.modality)])
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _weekly_event(number: int, one: Weekly, name: str, zone: str) -> icalendar.Event:
    first, rule_of = one.valid_from or _ANCHOR, one.rule()
    days = (first + timedelta(days=n) for n in range(7 * one.every_weeks + 7))
    first = next(day for day in days if _begins(rule_of, day))
    start = datetime.combine(first, time(), ZoneInfo(zone)).replace(hour=one.start_min // 60, minute=one.start_min % 60)
    event = icalendar.Event()
    event.add("uid", f"weekly-{number}-{BYDAY[one.weekday]}@telecabin")
    event.add("dtstamp", datetime.combine(first, time(), UTC))
    event.add("dtstart", start)
    event.add("duration", timedelta(minutes=one.end_min - one.start_min))
    event.add("summary", name)
    event.add("categories", [_CATEGORY[ExceptionKind.OPEN], *_how(one.modality)])
    rule: dict[str, object] = {"freq": "weekly", "byday": BYDAY[one.weekday]}
    if one.every_weeks > 1:
        rule |= {"interval": one.every_weeks, "wkst": "MO"}
    if one.valid_to:
        rule["until"] = instant_of_wall(one.valid_to, 24 * 60, zone) - timedelta(seconds=1)
    event.add("rrule", rule)
    return event


def _begins(rule: WeeklyRule, day: date) -> bool:
    """Return whether a rule holds on a day, but for its last one: a line that ends before it begins goes out too."""
    return replace(rule, valid_to=None).holds_on(day)


def _calendar(name: str) -> icalendar.Calendar:
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    return calendar


def _how(modality: Modality | None) -> list[str]:
    return [modality.value] if modality else []


def read_calendar(text: bytes, zone: str, otherwise: ExceptionKind) -> Plan:
    """Return the hours that a file says. `otherwise`: what single events are that say neither OPEN nor CLOSED.

    Raises Invalid, naming the first event that a week with exceptions cannot say.
    """
    try:
        events = cast("list[icalendar.Event]", icalendar.Calendar.from_ical(text).walk("VEVENT"))
    except (ValueError, KeyError, IndexError):
        raise Invalid(N_("Ce fichier n’est pas un calendrier (iCalendar). Rien n’a été enregistré.")) from None
    if len(events) > EVENTS_MOST:
        raise Invalid(N_("C’est trop de lignes pour une personne. Rien n’a été enregistré."))
    weekly: list[Weekly] = []
    once: list[Once] = []
    for event in events:
        try:
            if event.get("status") == "CANCELLED":
                continue
            if "rrule" in event:
                weekly += _read_weekly(event, zone)
            else:
                once.append(_read_once(event, zone, otherwise))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Invalid(
                N_("« %(name)s » ne peut pas être repris : une semaine ne sait pas le dire. Rien n’a été enregistré."),
                name=str(event.get("summary", "?"))[:80],
            ) from None
    return Plan(tuple(weekly), tuple(once))


def _read_weekly(event: icalendar.Event, zone: str) -> list[Weekly]:
    rule = cast("Mapping[str, list[Any]]", event["rrule"])
    extra = {"BYMONTH", "BYMONTHDAY", "BYSETPOS", "COUNT", "BYYEARDAY", "BYWEEKNO"} & {key.upper() for key in rule}
    if rule.get("freq") != ["WEEKLY"] or extra or "exdate" in event:
        raise ValueError("not a plain weekly rule")
    every = int(rule.get("interval", [1])[0])
    if every > 1 and str(rule.get("wkst", ["MO"])[0]) != "MO":
        raise ValueError("weeks that do not begin on Monday")
    local, end = _wall(event.DTSTART, zone), _wall(event.end, zone)
    start_min, length = local.hour * 60 + local.minute, int((end - local).total_seconds() // 60)
    days = [BYDAY.index(str(day)) for day in rule.get("byday", [BYDAY[local.weekday()]])]
    until = rule.get("until", [None])[0]
    last = until.astimezone(ZoneInfo(zone)).date() if isinstance(until, datetime) else until
    first = None if every == 1 and local.date() <= _ANCHOR + timedelta(days=6) else local.date()
    span = (start_min, start_min + length, _modality(event), first, last)
    return [Weekly(day, *span, every_weeks=every) for day in sorted(set(days))]


def _read_once(event: icalendar.Event, zone: str, otherwise: ExceptionKind) -> Once:
    start, end = _ends(event, zone)
    said = {str(one).upper() for one in _categories(event)}
    kind = next((kind for kind, word in _CATEGORY.items() if word in said), otherwise)
    reason = " ".join(str(event.get("summary", "")).split())[:120]
    return Once(kind, _whole(start), _whole(end), _modality(event), reason)


def _ends(event: icalendar.Event, zone: str) -> tuple[datetime, datetime]:
    """Return start and end as instants; a day without an hour is from midnight to midnight in the zone."""
    start, end = event.DTSTART, event.end
    return _instant(start, zone), _instant(end, zone)


def _wall(at: date | datetime | None, zone: str) -> datetime:
    """Return what clocks in the zone show: the hours of a week are theirs, also on the day when clocks change."""
    if at is None:
        raise ValueError("no end")
    if not isinstance(at, datetime):
        return datetime.combine(at, time())
    there = at.tzinfo is None or str(at.tzinfo) == zone
    return (at if there else at.astimezone(ZoneInfo(zone))).replace(tzinfo=None)


def _instant(at: date | datetime | None, zone: str) -> datetime:
    if at is None:
        raise ValueError("no end")
    if not isinstance(at, datetime):
        return instant_of_wall(at, 0, zone)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _whole(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _categories(event: icalendar.Event) -> list[object]:
    return list(event.categories)


def _modality(event: icalendar.Event) -> Modality | None:
    said = {str(one) for one in _categories(event)}
    return next((one for one in Modality if one.value in said), None)
