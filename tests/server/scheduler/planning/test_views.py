"""Counts of lines by site and state."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from server.kernel.ids import SiteId
from server.scheduler.planning.rules import LineStatus, PlanStatus
from server.scheduler.planning.views import PlanView


def test_lines_are_counted_by_site_and_over_all() -> None:
    here, there = UUID(int=1), UUID(int=2)
    decided = {
        (SiteId(here), LineStatus.ACCEPTED): 3,
        (SiteId(there), LineStatus.ACCEPTED): 4,
        (SiteId(there), LineStatus.DECLINED): 1,
    }
    at, on = datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2)
    plan = PlanView(UUID(int=3), PlanStatus.READY, at, on, on, 100, None, decided)
    assert (plan.of_site(here, "accepted"), plan.of_site(here, "declined")) == (3, 0)
    assert (plan.in_all("accepted"), plan.in_all("declined"), plan.in_all("proposed")) == (7, 1, 0)
