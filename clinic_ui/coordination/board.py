"""The planning board: a week of all cabins, each day with what is free, booked or closed, and which cabins are red."""

from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from clinic_ui import i18n
from clinic_ui.hours.forms import monday_of
from clinic_ui.hours.week import Look, cell, week_span
from clinic_ui.look import look_of
from clinic_ui.readiness import Shown, shown
from clinic_ui.render import fragment, render
from server.kernel.clock import Clock
from server.kernel.words import N_
from server.readiness.faults import Whom
from server.readiness.service import Readiness
from server.records.rules.note import Modality
from server.scheduler.availability.service import Availability, Row
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.units import day_units
from server.web.keys import who_is
from server.web.routes import Routes

PAGE = "/coordination/board"
UNIT_MIN = 5
FIRST, LAST = 7 * 60, 20 * 60  # minutes of the day that the strip of a day draws


@dataclass(frozen=True, slots=True)
class DayCell:
    """A cabin's day, in minutes; `strip`: its half-hours from 7 to 20."""

    day: date
    closed: bool
    holiday: str
    free_min: int
    taken_min: int
    outside: bool
    strip: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A cabin's week. `ready`: how its last check went, when it closes the cabin."""

    row: Row
    days: tuple[DayCell, ...]
    red: Shown | None


class BoardPages:
    """The planning board and its living part."""

    def __init__(self, availability: Availability, readiness: Readiness, now: Clock) -> None:
        self._availability = availability
        self._readiness = readiness
        self._now = now

    def routes(self) -> Routes:
        """Return the routes of the board."""
        return [("GET", PAGE, self.page), ("GET", f"{PAGE}/now", self.piece)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination/board?week=2026-03-02"""
        title = i18n.translate(look_of(request).locale, N_("Planning des cabines"))
        return render(request, "coordination/board.html", status=200, title=title, **await self._values(request))

    async def piece(self, request: web.Request) -> web.Response:
        """GET /coordination/board/now: the table alone, fetched again when something moved."""
        return fragment(request, "coordination/board_now.html", status=200, **await self._values(request))

    async def _values(self, request: web.Request) -> dict[str, object]:
        who, locale, today = who_is(request), look_of(request).locale, self._now().date()
        monday = monday_of(request.query.get("week", ""), today)
        days = tuple(monday + timedelta(days=n) for n in range(7))
        span = week_span(monday, "UTC")
        wide = range(span.start - 288, span.stop + 288)  # a day more at both ends: every zone's week lies inside
        rows = await self._availability.board(who, ResourceKind.CABIN, wide)
        checks = {one.cabin.id: one for one in await self._readiness.all(who)}
        looks = {key: shown(one.standing, locale, Whom.reception(one.site.phone)) for key, one in checks.items()}
        closed = {key: look for key, look in looks.items() if look.closes}
        lines = [Line(row, tuple(_day(row, day) for day in days), closed.get(row.subject.id)) for row in rows]  # type: ignore[call-overload]
        return {
            "lines": lines,
            "days": days,
            "open_counts": [sum(not line.days[n].closed for line in lines) for n in range(7)],
            "monday": monday,
            "before": monday - timedelta(days=7),
            "after": monday + timedelta(days=7),
            "this_week": monday_of("", today),
            "today": today,
        }


def _day(row: Row, day: date) -> DayCell:
    if row.calendar is None:
        return DayCell(day, True, "", 0, 0, False, ())
    return day_of(row.calendar, day, row.closing.get(day, ""))


def day_of(calendar: Calendar, day: date, holiday: str = "") -> DayCell:
    """Return what a day of a calendar holds."""
    span = day_units(day, calendar.zone)
    is_open = calendar.open_in(span, Modality.REMOTE) | calendar.open_in(span, Modality.IN_PERSON)
    taken = calendar.taken_in(span)
    return DayCell(
        day,
        closed=not is_open and not taken,
        holiday=holiday,
        free_min=(is_open & ~taken).bit_count() * UNIT_MIN,
        taken_min=taken.bit_count() * UNIT_MIN,
        outside=bool(taken & ~is_open),
        strip=tuple(cell(calendar, day, minute).look for minute in range(FIRST, LAST, 30)),
    )
