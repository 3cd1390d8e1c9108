"""The states of a plan and of its lines, and what a plan tells in figures.

running ──▶ ready            proposed ──accept──▶ accepted       (lost meanwhile: proposed again, another moment)
   └──────▶ failed               └─────decline──▶ declined
                             none: no moment was found
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from server.scheduler.rules.planning import NOBODY, Plan, Problem, cost_of
from server.scheduler.rules.planning_tours import Stop

HORIZON_FOR = timedelta(weeks=6)
SILENT_FOR = timedelta(minutes=2)
"""A plan in the making of which nothing was heard for so long has lost its process."""


class PlanStatus(StrEnum):
    """How far a plan is."""

    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class LineStatus(StrEnum):
    """What became of a proposal."""

    PROPOSED = "proposed"
    NONE = "none"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class VillageFigures:
    """How one village fares: of how many promises, how many are placed, and inside their window."""

    site_id: UUID
    asked: int
    placed: int
    in_window: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan is worth. A trip is one half-day on which a health worker has to come."""

    asked: int
    placed: int
    in_window: int
    own_doctor: int
    trips: int
    accompanied: int
    cost: int
    villages: tuple[VillageFigures, ...]

    @property
    def least(self) -> float:
        """The share kept in window of the village that fares worst, 0 to 1."""
        return min((one.in_window / one.asked for one in self.villages), default=1.0)


@dataclass(frozen=True, slots=True)
class Summary:
    """A plan beside what booking one by one would give, and the stops of the medicobus that it proposes."""

    plan: Figures
    one_by_one: Figures
    stops: tuple[Stop, ...] = ()
    waiting: Mapping[str, int] | None = None
    """Villages whose people are too few for a stop: how many they are, by the site's number."""


def figures(problem: Problem, plan: Plan) -> Figures:
    """Count a plan."""
    asked = Counter(wish.village for wish in problem.wishes)
    pairs = [(wish, at) for wish, at in zip(problem.wishes, plan, strict=True) if at is not None]
    placed = Counter(wish.village for wish, _ in pairs)
    kept = Counter(wish.village for wish, at in pairs if at.day.strict)
    beside = [(at.worker, at.half) for _, at in pairs if at.worker != NOBODY]
    villages = tuple(VillageFigures(one, asked[one], placed[one], kept[one]) for one in sorted(asked, key=str))
    return Figures(
        asked=len(problem.wishes),
        placed=len(pairs),
        in_window=sum(kept.values()),
        own_doctor=sum(at.tier == 0 for _, at in pairs),
        trips=len(set(beside)),
        accompanied=len(beside),
        cost=cost_of(problem, plan),
        villages=villages,
    )


def last_day(today: date) -> date:
    """Return the last day that a plan made today looks at."""
    return today + HORIZON_FOR
