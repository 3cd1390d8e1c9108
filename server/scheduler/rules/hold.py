"""A hold: a moment that is kept for one person for a while, until they say yes or no.

    hold ──► pending ──confirm──► booked          (the promise's other appointment, if it had one, moves here instead)
               │ ├── let go, or another hold or booking for the same promise ──► cancelled: released, replaced
               │ └── nobody answered in time ──► cancelled: expired
               └─ its time is over, but nobody needed the moment: it may still be confirmed

A hold that is over stands in nobody's way: searches take its moment for free, who books or holds that moment ends it in
the same transaction, and a sweep ends the others. Whoever confirms late, while the moment is still theirs, gets it:
elderly people take their time, and refusing what nobody else wants would help no one.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.scheduler.rules.promise import PromiseStatus

HOLD_FOR = timedelta(minutes=5)
"""Time to read a screen and answer, and to fetch one's spectacles."""
LONGEST_FOR = timedelta(hours=24)
"""For a moment that is offered to somebody who is not there: until the same hour of the next day."""
HOLDABLE = (PromiseStatus.DUE, PromiseStatus.OFFERED, PromiseStatus.MISSED, PromiseStatus.BOOKED)
"""Promises for which a moment may be held; when one is booked already, confirming moves that one."""


class HoldEnd(StrEnum):
    """Why a hold is over: the reason that its row keeps."""

    RELEASED = "hold-released"
    REPLACED = "hold-replaced"
    EXPIRED = "hold-expired"
    MOVED = "hold-moved"
    """It was confirmed: an appointment that stood elsewhere has moved to its moment."""


def until(now: datetime, lasts_for: timedelta, starts_at: datetime) -> datetime:
    """Return when a hold ends: after `lasts_for`, and never later than the moment itself."""
    if not timedelta(0) < lasts_for <= LONGEST_FOR:
        raise Invalid(N_("Un moment se garde vingt-quatre heures au plus. Rien n’a été gardé."))
    return min(now + lasts_for, starts_at)


def is_over(hold_until: datetime, now: datetime) -> bool:
    """Return whether a hold stands in nobody's way any more."""
    return hold_until <= now
