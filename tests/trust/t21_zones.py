"""T21: a wall time becomes the right instant in every zone, around every change of its clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from server.scheduler.rules.units import instant_of_wall
from tests.trust.claims import times

ID = "T21"
CLAIM = "A wall time is the first instant that shows it, or the end of the gap that skips it, in every zone"

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
STEP = timedelta(days=10)  # shorter than the shortest time between two changes: Ramadan in Morocco
AROUND = (
    -125,
    -120,
    -90,
    -65,
    -60,
    -35,
    -30,
    -15,
    -5,
    0,
    5,
    15,
    25,
    30,
    45,
    55,
    60,
    65,
    90,
    120,
    125,
)  # minutes of the clock


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """Yield each change of the clock: when, the offset before, and the offset from then on."""
    at, offset = FIRST, _offset(FIRST, zone)
    while at < LAST:
        then = at + STEP
        if (new := _offset(then, zone)) != offset:
            low, high = at, then
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
            change = (low + timedelta(minutes=1)).replace(second=0, microsecond=0)
            change = change if _offset(change - timedelta(minutes=1), zone) == offset else change - timedelta(minutes=1)
            yield change, offset, new
            offset = new
        at = then


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _wanted(wall: datetime, change: datetime, before: timedelta, after: timedelta) -> datetime:
    """Say by hand which instant it is: before the change if it can be, else after it, else the change."""
    earlier, later = (wall - before).replace(tzinfo=UTC), (wall - after).replace(tzinfo=UTC)
    if earlier < change:
        return earlier
    return max(later, change)


def _careless(wall: datetime, zone: str) -> datetime:
    """Resolve as many do: put the zone on it, and trust."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _right(wall: datetime, zone: str, wanted: datetime, defence: bool) -> bool:
    minute = 60 * wall.hour + wall.minute
    return (instant_of_wall(wall.date(), minute, zone) if defence else _careless(wall, zone)) == wanted


async def attempt(defence: bool) -> tuple[int, int]:
    """Resolve twenty-one wall times around each change of five years, in all zones."""
    tried = held = 0
    zones = sorted(available_timezones() - {"localtime"})
    for name in zones[:: times(1, 12)]:
        for change, before, after in _changes(ZoneInfo(name)):
            for local in {change + before, change + after}:
                for minutes in AROUND:
                    wall = local.replace(tzinfo=None) + timedelta(minutes=minutes)
                    tried += 1
                    held += _right(wall, name, _wanted(wall, change, before, after), defence)
    return tried, held
