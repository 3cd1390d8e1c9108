"""Time in units of five minutes of UTC, and the only place where a wall clock becomes an instant.

    wall clock (day, minute, IANA zone)  --instant_of_wall-->  instant  --unit_of-->  unit (whole number)

Nothing else in the scheduler adds hours to a local time. A day of a place is the units between its two local
midnights: 288 of them, 276 on the Sunday when clocks spring forward, 300 when they fall back.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

UNIT_FOR = timedelta(minutes=5)
SECONDS = 300
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unit_of(at: datetime) -> int:
    """Return the unit that holds this instant."""
    return (at - _EPOCH) // UNIT_FOR


def unit_from(at: datetime) -> int:
    """Return the first unit that begins at this instant or after it."""
    return -((_EPOCH - at) // UNIT_FOR)


def instant_of(unit: int) -> datetime:
    """Return the instant when a unit begins."""
    return _EPOCH + unit * UNIT_FOR


@lru_cache(maxsize=8192)
def instant_of_wall(day: date, minute: int, zone: str) -> datetime:
    """Return the instant when clocks in `zone` show `minute` (of the day; 1440 and more is the day after).

    A time that is skipped in spring gives the first instant after the gap; one that comes twice in autumn gives
    the first of the two.
    """
    place = ZoneInfo(zone)
    days, minute = divmod(minute, 24 * 60)
    wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60))
    first = wall.replace(tzinfo=place).astimezone(UTC)
    if first.astimezone(place).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall, place)


def _end_of_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """Return the instant when clocks jump over `wall`, found by halving (transitions fall on whole minutes)."""
    before = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    low, high = sorted((before, after))
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        if middle.astimezone(place).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=4096)
def day_units(day: date, zone: str) -> range:
    """Return the units of a local day, from midnight to midnight."""
    return range(unit_from(instant_of_wall(day, 0, zone)), unit_from(instant_of_wall(day, 24 * 60, zone)))


@dataclass(frozen=True, slots=True)
class ClockChange:
    """Clocks of a place jump on a day: from minute `at` of the day to minute `to`."""

    at: int
    to: int

    def skips(self, minute: int) -> bool:
        """Return whether no clock shows this minute on that day."""
        return self.at <= minute < self.to

    def repeats(self, minute: int) -> bool:
        """Return whether clocks show this minute twice on that day."""
        return self.to <= minute < self.at


@lru_cache(maxsize=4096)
def clock_change(day: date, zone: str) -> ClockChange | None:
    """Return how clocks jump on a day, None when they do not."""
    place = ZoneInfo(zone)
    low, high = instant_of_wall(day, 0, zone), instant_of_wall(day, 24 * 60, zone)
    before, then = (at.astimezone(place).utcoffset() or timedelta(0) for at in (low, high))
    if before == then:
        return None
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        low, high = (middle, high) if middle.astimezone(place).utcoffset() == before else (low, middle)
    midnight = datetime.combine(day, time())
    at, to = ((high + offset).replace(tzinfo=None) - midnight for offset in (before, then))
    return ClockChange(at // _MINUTE, to // _MINUTE)


def local_day(at: datetime, zone: str) -> date:
    """Return the date in `zone` at this instant."""
    return at.astimezone(ZoneInfo(zone)).date()


def wall_time(at: datetime, zone: str) -> str:
    """Return what a clock in `zone` shows, as `2026-10-20T09:30`: kept beside the instant of an appointment."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
