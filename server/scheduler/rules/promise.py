"""A follow-up promise: the doctor's order to see a patient again, with a window and a state.

            offer          book             keep
    due ──────────► offered ──────► booked ──────► kept
     │  ▲              │            │    │
     │  │     free     │            │    │ miss
     │  ◄──────────────┼────────────┘    ▼
     │  ◄──────────────┼────────────── missed      (renew: missed → due; miss: also from due and offered,
     │                 │                            when the window is over and nobody came)
     └────── book ─────┴────────────► booked
    due | offered | booked | missed ── withdraw ──► withdrawn

`offered` means that moments were shown and none was chosen: somebody calls the person back.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_
from server.records.rules.note import FOLLOW_UP_MAX_DAYS

LEAST_TOLERANCE, MOST_TOLERANCE = 2, 21


class PromiseStatus(StrEnum):
    """Where a promise stands."""

    DUE = "due"
    OFFERED = "offered"
    BOOKED = "booked"
    KEPT = "kept"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


class PromiseMove(StrEnum):
    """What happens to a promise."""

    OFFER = "offer"
    BOOK = "book"
    FREE = "free"
    """The appointment was cancelled; the promise stands."""
    KEEP = "keep"
    MISS = "miss"
    RENEW = "renew"
    WITHDRAW = "withdraw"


_S, _M = PromiseStatus, PromiseMove
_MOVES = {
    (_S.DUE, _M.OFFER): _S.OFFERED,
    (_S.OFFERED, _M.OFFER): _S.OFFERED,
    (_S.DUE, _M.BOOK): _S.BOOKED,
    (_S.OFFERED, _M.BOOK): _S.BOOKED,
    (_S.BOOKED, _M.FREE): _S.DUE,
    (_S.BOOKED, _M.KEEP): _S.KEPT,
    (_S.DUE, _M.MISS): _S.MISSED,
    (_S.OFFERED, _M.MISS): _S.MISSED,
    (_S.BOOKED, _M.MISS): _S.MISSED,
    (_S.MISSED, _M.RENEW): _S.DUE,
    (_S.DUE, _M.WITHDRAW): _S.WITHDRAWN,
    (_S.OFFERED, _M.WITHDRAW): _S.WITHDRAWN,
    (_S.BOOKED, _M.WITHDRAW): _S.WITHDRAWN,
    (_S.MISSED, _M.WITHDRAW): _S.WITHDRAWN,
}
OPEN = (_S.DUE, _S.OFFERED)
"""States in which somebody still has to find a moment."""


def after(status: PromiseStatus, move: PromiseMove) -> PromiseStatus:
    """Return the state that `move` leads to, or raise Conflict."""
    try:
        return _MOVES[status, move]
    except KeyError:
        raise Conflict(
            N_("Ce suivi a changé entre-temps. Rien n’a été modifié. Rechargez la page."), code="promise-moved"
        ) from None


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which a follow-up makes clinical sense."""

    due_on: date
    earliest_on: date
    latest_on: date

    @property
    def days(self) -> list[date]:
        """All days of the window, in order."""
        count = (self.latest_on - self.earliest_on).days + 1
        return [self.earliest_on + timedelta(days=n) for n in range(count)]

    def widened(self, today: date) -> "Window":
        """Return twice the tolerance, ending no sooner than as long after today: for one who comes late."""
        before = (self.due_on - self.earliest_on) * 2
        slack = (self.latest_on - self.due_on) * 2
        return Window(self.due_on, self.due_on - before, max(self.due_on, today) + slack)


def tolerance(interval_days: int) -> timedelta:
    """Return how far from the due date a follow-up may fall: a seventh of the interval, 2 to 21 days.

    A week gives ±2 days, a month ±4, three months ±12, six months and more ±21. A seventh is our choice: no French
    guideline gives a figure, and one day in a week is what a receptionist allows. Two days at least, so that a
    window over a weekend holds an open day; three weeks at most, so that a year's visit stays in its season.
    """
    return timedelta(days=max(LEAST_TOLERANCE, min(MOST_TOLERANCE, interval_days // 7)))


def window(asked_on: date, interval_days: int) -> Window:
    """Return the window of a follow-up asked for `interval_days` after `asked_on`: never the same day."""
    if not 1 <= interval_days <= FOLLOW_UP_MAX_DAYS:
        raise Invalid(
            N_("Ce délai de suivi n’est pas possible."),
            fields={"follow_up": N_("Entre 1 et 730 jours.")},
        )
    due_on = asked_on + timedelta(days=interval_days)
    slack = tolerance(interval_days)
    return Window(due_on, max(due_on - slack, asked_on + timedelta(days=1)), due_on + slack)
