"""A zone's rules as a VTIMEZONE that every program reads: yearly rules, not the long lists that some ignore.

zone, year ─▶ its changes of that year ─▶ each as « the last Sunday of March at 2 » (RFC 5545, 3.6.5)
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar

BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MINUTE = timedelta(minutes=1)


def timezone_of(zone: str, year: int) -> icalendar.Timezone:
    """Return the VTIMEZONE of a zone by its rules of `year`, said to hold always."""
    place, told = ZoneInfo(zone), icalendar.Timezone()
    told.add("tzid", zone)
    changes = _changes(place, year)
    for at in changes or [datetime(year, 1, 1, tzinfo=UTC)]:
        before, then = _offset(at - _MINUTE, place), _offset(at, place)
        summer = bool(at.astimezone(place).dst())
        part = icalendar.TimezoneDaylight() if summer else icalendar.TimezoneStandard()
        local = (at + before).replace(tzinfo=None, year=1970 if not changes else at.year)
        part.add("dtstart", _first(local) if changes else local)
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", then)
        part.add("tzname", at.astimezone(place).tzname())
        if changes:
            part.add("rrule", {"freq": "yearly", "bymonth": local.month, "byday": _nth(local)})
        told.add_component(part)
    return told


def _changes(place: ZoneInfo, year: int) -> list[datetime]:
    """Return the instants of a year at which clocks change, found day by day, then by halving."""
    found = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        after = day + timedelta(days=1)
        if _offset(day, place) != _offset(after, place):
            found.append(_moment(day, after, place))
        day = after
    return found


def _moment(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        low, high = (middle, high) if _offset(middle, place) == _offset(low, place) else (low, middle)
    return high


def _offset(at: datetime, place: ZoneInfo) -> timedelta:
    return at.astimezone(place).utcoffset() or timedelta(0)


def _nth(local: datetime) -> str:
    """Return « -1SU » for a day in its month's last week, « 2SU » for others."""
    last = (local + timedelta(days=7)).month != local.month
    return f"{-1 if last else (local.day + 6) // 7}{BYDAY[local.weekday()]}"


def _first(local: datetime) -> datetime:
    """Return the same change in 1970, where every program may begin to count."""
    days = [local.replace(year=1970, day=1) + timedelta(days=n) for n in range(31)]
    same = [day for day in days if day.month == local.month and day.weekday() == local.weekday()]
    last = (local + timedelta(days=7)).month != local.month
    return same[-1] if last else same[(local.day + 6) // 7 - 1]
