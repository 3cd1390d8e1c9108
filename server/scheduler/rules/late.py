"""Somebody is late and has said so: by how much one may be late, and until when nobody says that they did not come.

booked ──« en retard » (5 … 60 min)──► booked, expected at the start + so many minutes ──undo──► booked
"""

from datetime import datetime, timedelta

from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_

MINUTES = (5, 10, 15, 20, 30, 45, 60)
"""What people say on the telephone. Above an hour another moment is found: the doctor's half-day is over."""
SAID_BEFORE = timedelta(hours=3)
"""Before that it is no lateness but another moment."""


def checked(minutes: int | None, starts_at: datetime, now: datetime) -> int | None:
    """Return `minutes` (None takes it back), or raise Invalid or Conflict when it cannot be said then."""
    if minutes is None:
        return None
    if minutes not in MINUTES:
        raise Invalid(N_("Ce retard n’est pas possible."), fields={"minutes": N_("Entre 5 et 60 minutes.")})
    if not may_be_said(starts_at, now):
        raise Conflict(
            N_("Un retard se dit dans les heures autour du rendez-vous. Sinon, déplacez-le."), code="not-now"
        )
    return minutes


def may_be_said(starts_at: datetime, now: datetime) -> bool:
    """Return whether this is the time to say that somebody is late."""
    return starts_at - SAID_BEFORE <= now <= starts_at + timedelta(minutes=MINUTES[-1])


def expected_at(starts_at: datetime, late_min: int | None) -> datetime:
    """Return when somebody is expected; before that nobody says that they did not come."""
    return starts_at + timedelta(minutes=late_min or 0)
