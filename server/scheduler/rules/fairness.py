"""Who should get the next one: doctors by how full their month is, villages by how long they wait.

    load  =  minutes booked ÷ minutes offered, over 28 days from now

Both are soft costs in the coin of days (one day late is 3): they choose between moments that are nearly as good, never
against the doctor who asked, and never against a clinical window.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from server.kernel.ids import SiteId

WAITS = 3  # a day late: for a village that waits, a doctor from elsewhere costs no more than one who knows the village
LEFT_BEHIND = 0.5  # of the mean load of all villages


def quarter(load: float) -> int:
    """Return how full a month is: 0 below a quarter, to 3 from three quarters on. Each costs a third of a day."""
    return min(3, int(4 * load))


def waiting(loads: Mapping[SiteId, float], overdue: Collection[SiteId]) -> frozenset[SiteId]:
    """Return the villages that are served less than half as much as the mean, and where somebody is overdue."""
    mean = sum(loads.values()) / len(loads) if loads else 0.0
    return frozenset(site for site, load in loads.items() if site in overdue and load < LEFT_BEHIND * mean)


@dataclass(frozen=True, slots=True)
class Shares:
    """What has been shared out so far: how full each doctor's month is, and whether the village of a promise waits."""

    quarters: Mapping[UUID, int] = field(default_factory=dict)
    waits: bool = False

    def quarter(self, doctor: UUID) -> int:
        """Return how full a doctor's month is; 0 when nobody knows."""
        return self.quarters.get(doctor, 0)

    def roomier(self, doctor: UUID) -> bool:
        """Return whether others have less room than this doctor."""
        return bool(self.quarters) and self.quarter(doctor) < max(self.quarters.values())
