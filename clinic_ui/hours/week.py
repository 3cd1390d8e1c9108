"""One week of somebody's hours as a table: for each half-hour of each day whether it is open, taken or closed."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.rules.openings import Calendar
from server.scheduler.rules.units import ClockChange, clock_change, day_units, instant_of_wall, unit_from

SLOT = 6  # units: half an hour
EARLY, LATE = 8 * 60, 18 * 60  # minutes of the day that are always shown


class Look(StrEnum):
    """What a half-hour is."""

    CLOSED = "closed"
    OPEN = "open"
    PARTLY = "partly"
    TAKEN = "taken"
    SKIPPED = "skipped"


LOOK_WORDS = {
    Look.CLOSED: N_("fermé"),
    Look.OPEN: N_("ouvert"),
    Look.PARTLY: N_("en partie ouvert"),
    Look.TAKEN: N_("rendez-vous"),
    Look.SKIPPED: N_("n’existe pas"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A half-hour of a day, or of the whole table when it is the head of a row."""

    look: Look
    outside: bool = False
    """Taken although it is closed."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days; `rows` are (« 09:00 », seven cells)."""

    monday: date
    days: tuple[date, ...]
    closing: tuple[str, ...]
    """The name of each day's public holiday, or nothing."""
    changes: tuple[ClockChange | None, ...]
    """How clocks jump on each day, if they do."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]

    @property
    def before(self) -> date:
        """The Monday before."""
        return self.monday - timedelta(days=7)

    @property
    def after(self) -> date:
        """The Monday after."""
        return self.monday + timedelta(days=7)


def week_span(monday: date, zone: str) -> range:
    """Return the units of a week in a zone."""
    return range(day_units(monday, zone).start, day_units(monday + timedelta(days=6), zone).stop)


def week_of(calendar: Calendar, closing: dict[date, str], monday: date) -> Week:
    """Return the week from `monday`; rows are as many as something happens in, 8 to 18 at least."""
    days = tuple(monday + timedelta(days=n) for n in range(7))
    shown = [minute for minute in range(0, 24 * 60, 30) if EARLY <= minute < LATE or _any(calendar, days, minute)]
    rows = tuple(
        (f"{minute // 60:02d}:{minute % 60:02d}", tuple(cell(calendar, day, minute) for day in days))
        for minute in range(shown[0], shown[-1] + 30, 30)
    )
    changes = tuple(clock_change(day, calendar.zone) for day in days)
    return Week(monday, days, tuple(closing.get(day, "") for day in days), changes, rows)


def cell(calendar: Calendar, day: date, minute: int) -> Cell:
    """Return what one half-hour is."""
    change = clock_change(day, calendar.zone)
    if change is not None and change.skips(minute):
        return Cell(Look.SKIPPED)
    start = unit_from(instant_of_wall(day, minute, calendar.zone))
    span = range(start, start + SLOT)
    either = calendar.open_in(span, Modality.REMOTE) | calendar.open_in(span, Modality.IN_PERSON)
    taken = calendar.taken_in(span)
    if taken:
        return Cell(Look.TAKEN, outside=bool(taken & ~either))
    if not either:
        return Cell(Look.CLOSED)
    return Cell(Look.OPEN if either == (1 << SLOT) - 1 else Look.PARTLY)


def _any(calendar: Calendar, days: tuple[date, ...], minute: int) -> bool:
    return any(cell(calendar, day, minute).look not in (Look.CLOSED, Look.SKIPPED) for day in days)
