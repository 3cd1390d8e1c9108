"""Whom a freed moment is offered to, for how long, and where entries, moments and offers stand.

    entry     waiting ◄──restore── withdrawn          moment   due ──offer──► offered ──yes──► done
                 │ └────withdraw──────►  ▲                      ▲               │
                 └──yes──► placed ───────┘                      └─ no, too late, lapsed     (nobody left: due ──► done)

    offer     open ──► accepted │ declined │ expired (nobody answered) │ lapsed (its hold ended for another reason)

One moment is offered to one person at a time: a hold keeps it for them, and unit rows let nobody else hold it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from server.kernel.errors import Conflict
from server.kernel.words import N_
from server.scheduler.rules.hold import LONGEST_FOR
from server.scheduler.rules.search import PartOfDay
from server.scheduler.rules.units import wall_time

AHEAD = timedelta(hours=2)
"""A moment that begins sooner is offered to nobody: they could not be told, and come."""
SHORTEST = timedelta(minutes=30)
SHARE = 4
"""An answer may take a quarter of the time that is left: four people can be asked before the moment."""
FAIR_FOR = timedelta(days=28)
"""Villages are compared over so long."""
EVERY_DAY = 0b1111111


class EntryStatus(StrEnum):
    """Where somebody on the list stands."""

    WAITING = "waiting"
    PLACED = "placed"
    WITHDRAWN = "withdrawn"


class MomentStatus(StrEnum):
    """Where a freed moment stands."""

    DUE = "due"
    OFFERED = "offered"
    DONE = "done"
    """Somebody took it, or nobody who waits can."""


class OfferStatus(StrEnum):
    """What became of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    LAPSED = "lapsed"


class EntryMove(StrEnum):
    """What happens to an entry."""

    PLACE = "place"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


_S, _M = EntryStatus, EntryMove
_MOVES = {
    (_S.WAITING, _M.PLACE): _S.PLACED,
    (_S.WAITING, _M.WITHDRAW): _S.WITHDRAWN,
    (_S.WITHDRAWN, _M.RESTORE): _S.WAITING,
    (_S.PLACED, _M.RESTORE): _S.WAITING,
}


def after(status: EntryStatus, move: EntryMove) -> EntryStatus:
    """Return the state that `move` leads to, or raise Conflict."""
    try:
        return _MOVES[status, move]
    except KeyError:
        raise Conflict(
            N_("Cette attente a changé entre-temps. Rien n’a été modifié. Rechargez la page."), code="entry-moved"
        ) from None


def answer_for(now: datetime, starts_at: datetime) -> timedelta | None:
    """Return how long somebody has to answer: a day, less when the moment is near; None when it is too near."""
    left = starts_at - now
    if left < AHEAD:
        return None
    return min(LONGEST_FOR, max(SHORTEST, left / SHARE))


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody would take. `weekdays`: bit 0 is Monday; no doctor or half-day means any."""

    from_on: date
    until_on: date
    weekdays: int = EVERY_DAY
    part: PartOfDay | None = None
    practitioner_id: UUID | None = None

    def fits(self, starts_at: datetime, zone: str, practitioner_id: UUID, booked_at: datetime | None) -> bool:
        """Return whether a moment would be taken: by its day and half-day there, the doctor, and if it is sooner."""
        local = wall_time(starts_at, zone)
        day = date.fromisoformat(local[:10])
        part = PartOfDay.MORNING if local[11:] < "12:00" else PartOfDay.AFTERNOON
        return (
            self.from_on <= day <= self.until_on
            and bool(self.weekdays >> day.weekday() & 1)
            and self.part in (None, part)
            and self.practitioner_id in (None, practitioner_id)
            and (booked_at is None or starts_at < booked_at)
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on the list, as far as the order goes. `served`: how many of their village were placed of late."""

    entry_id: UUID
    due_on: date
    latest_on: date
    since: datetime
    served: int
    waiting: int


def order(candidates: Iterable[Candidate], today: date) -> list[Candidate]:
    """Return who is asked first.

    Overdue people before all others, the longest overdue first; then who is due soonest, week by week. Within a week
    the village that was served least for the number of its people who wait; then who has waited longest.
    """
    return sorted(candidates, key=lambda one: _rank(one, today))


def _rank(one: Candidate, today: date) -> tuple[bool, int, float, datetime, str]:
    overdue = today > one.latest_on
    days = (today - one.due_on).days
    weeks = -(days // 7) if overdue else max(0, -days) // 7
    return not overdue, weeks, one.served / max(1, one.waiting), one.since, str(one.entry_id)
