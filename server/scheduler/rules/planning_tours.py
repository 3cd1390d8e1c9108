"""Where a medicobus should stop: one village each half-day, three or four people at least and at most, taking turns.

    for each half-day and village: who could come then?  ──▶ three at least ──▶ the stop that is worth most
        worth = people, those whose window ends first before others + the turn of a village that had less than others
    again, until no half-day is left or no village has three people

Three or four patients are what the crews of medicobuses name as the least that is worth a half-day; four is also what
fits into one with the setting up. A village with fewer waits, and is told of, so that it is never simply forgotten.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

FEWEST, MOST = 3, 4
TURN = 3.0  # shared by the stops so far: a village without any goes before one with a stop and a person more


class Half(StrEnum):
    """Half of a day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


@dataclass(frozen=True, slots=True)
class Rider:
    """One person who should be seen in person, and the days on which it makes sense."""

    promise_id: UUID
    village: UUID
    earliest_on: date
    latest_on: date

    def can_come(self, on: date) -> bool:
        """Return whether a day lies in the window."""
        return self.earliest_on <= on <= self.latest_on


@dataclass(frozen=True, slots=True)
class Stop:
    """A half-day in a village, and for whom."""

    on: date
    half: Half
    village: UUID
    promise_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Tour:
    """Stops in the order of days; `waiting` counts who is left in each village."""

    stops: tuple[Stop, ...]
    waiting: dict[UUID, int]


def tour(riders: Iterable[Rider], days: Collection[date], per_week: int) -> Tour:
    """Propose stops on some of these days, at most `per_week` half-days in a calendar week."""
    left = sorted(riders, key=lambda one: (one.latest_on, str(one.promise_id)))
    had = dict.fromkeys((one.village for one in left), 0)
    free = [(on, half) for on in sorted(days) for half in Half]
    stops: list[Stop] = []
    while (best := _best(left, free, had)) is not None:
        stops.append(best)
        had[best.village] += 1
        left = [one for one in left if one.promise_id not in best.promise_ids]
        free.remove((best.on, best.half))
        free = [one for one in free if _in_week(stops, one[0]) < per_week]
    stops.sort(key=lambda one: (one.on, one.half is Half.AFTERNOON))
    return Tour(tuple(stops), dict(Counter(one.village for one in left)))


def _best(left: list[Rider], free: list[tuple[date, Half]], had: dict[UUID, int]) -> Stop | None:
    best: tuple[float, Stop] | None = None
    for village in sorted(had, key=str):
        here = [one for one in left if one.village == village]
        for on, half in free:
            some = [one for one in here if one.can_come(on)][:MOST]
            if len(some) < FEWEST:
                continue
            worth = len(some) + TURN / (1 + had[village]) + _haste(some, on)
            if best is None or worth > best[0]:
                best = worth, Stop(on, half, village, tuple(one.promise_id for one in some))
    return best[1] if best else None


def _haste(some: list[Rider], on: date) -> float:
    """Return 0 to 1: how near the ends of their windows these people are."""
    return sum(1 / (1 + (one.latest_on - on).days) for one in some) / len(some)


def _in_week(stops: list[Stop], on: date) -> int:
    return sum(stop.on.isocalendar()[:2] == on.isocalendar()[:2] for stop in stops)
