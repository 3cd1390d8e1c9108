"""What the pages see of plans: the territory in figures, without names; and a site's own lines, with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from server.kernel.ids import SiteId
from server.people.rules import Cabin, HealthWorker, Practitioner, Site
from server.scheduler.planning.rules import LineStatus, PlanStatus, Summary
from server.scheduler.service.views import PromiseLine


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for the coordinator. `lost`: the process that made it is silent."""

    id: UUID
    status: PlanStatus
    made_at: datetime
    first_on: date
    last_on: date
    progress: int
    summary: Summary | None
    decided: Mapping[tuple[SiteId, LineStatus], int]
    """How many lines of a site are in each state."""
    lost: bool = False

    def of_site(self, site_id: UUID, status: str) -> int:
        """Return how many lines of a site are in one state."""
        return self.decided.get((SiteId(site_id), LineStatus(status)), 0)

    def in_all(self, status: str) -> int:
        """Return how many lines are in one state."""
        return sum(count for (_, state), count in self.decided.items() if state == status)


@dataclass(frozen=True, slots=True)
class Territory:
    """The coordinator's page: every site, the newest plan, and one that is in the making."""

    sites: Mapping[UUID, Site]
    plan: PlanView | None
    running: PlanView | None


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """One proposal for a person of the caller's site. Without a moment, the plan found none."""

    promise: PromiseLine
    starts_at: datetime | None
    practitioner: Practitioner | None
    cabin: Cabin | None
    health_worker: HealthWorker | None
    in_window: bool
    replaced: bool


@dataclass(frozen=True, slots=True)
class SitePlan:
    """The newest plan as one site sees it."""

    made_at: datetime
    last_on: date
    lines: tuple[ProposedLine, ...]
    accepted: int
    declined: int
    alone: int = 0
    """How many follow-ups need an instrument or a visit at home: no plan holds them, they are booked one by one."""
