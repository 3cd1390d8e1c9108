"""When a cabin is open today, for the sign at its door."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.rules.openings import Calendar
from server.scheduler.rules.units import instant_of, unit_of

LOOK_AHEAD = timedelta(days=8)  # a cabin that opens once a week is found
ONE_DAY = 24 * 12  # units of 5 minutes: "open until 6" of another day would be read as today's


@dataclass(frozen=True, slots=True)
class Opening:
    """Open until an instant, or closed until one. No instant: for days, or nobody knows until when."""

    is_open: bool
    open_until: datetime | None = None
    opens_at: datetime | None = None


class Hours:
    """Opening hours of cabins, from the same calendars that appointments are searched in."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def of_cabin(self, who: Identity) -> Opening | None:
        """Return whether the caller's own cabin is open now; None where nobody has written hours."""
        require(who, Act.PLACES_SEE)
        if who.cabin_id is None:
            return None
        now = self._now()
        span = range(unit_of(now), unit_of(now + LOOK_AHEAD))
        async with self._database.reading() as tx:
            known = await store.calendars(tx, [who.cabin_id], span)
        calendar = known.get(who.cabin_id)
        return None if calendar is None else opening(calendar, span)


def opening(calendar: Calendar, span: range) -> Opening:
    """Return until when a resource is open from the first unit of `span`, or from when."""
    bits = calendar.open_in(span, Modality.REMOTE)
    if bits & 1:
        closed = ~bits & (1 << len(span)) - 1
        length = _first(closed, len(span))
        return Opening(True, None if length > ONE_DAY else instant_of(span.start + length))
    if not bits:
        return Opening(False)
    return Opening(False, opens_at=instant_of(span.start + _first(bits, len(span))))


def _first(bits: int, otherwise: int) -> int:
    """Return the place of the lowest set bit."""
    return (bits & -bits).bit_length() - 1 if bits else otherwise
