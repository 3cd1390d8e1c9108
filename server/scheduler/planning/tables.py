"""The rows of plans: one for each batch, one for each follow-up in it. A plan books nothing; accepting a line does."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import (
    AccountId,
    CabinId,
    HealthWorkerId,
    PractitionerId,
    PromiseId,
    SiteId,
)
from server.scheduler.planning.rules import LineStatus, PlanStatus


class TerritoryPlan(Row):
    """One batch: how far it is, and what it brings in figures."""

    __tablename__ = "territory_plan"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[PlanStatus]
    made_at: Mapped[datetime] = mapped_column(index=True)
    made_by: Mapped[AccountId]
    first_on: Mapped[date]
    last_on: Mapped[date]
    progress: Mapped[int]
    """Percent."""
    seen_at: Mapped[datetime]
    """When the process that makes it was last heard of."""
    summary: Mapped[str] = mapped_column(Text)
    """Figures and stops of the medicobus, as JSON; empty until they are there."""


class TerritoryPlanLine(Row):
    """What one plan proposes for one promise."""

    __tablename__ = "territory_plan_line"
    __table_args__ = (Index("ix_territory_plan_line_plan_id_site_id", "plan_id", "site_id"),)

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("territory_plan.id"), primary_key=True)
    promise_id: Mapped[PromiseId] = mapped_column(ForeignKey("follow_up_promise.id"), primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    status: Mapped[LineStatus]
    starts_at: Mapped[datetime | None]
    """None: the plan found no moment."""
    practitioner_id: Mapped[PractitionerId | None] = mapped_column(ForeignKey("practitioner.id"))
    cabin_id: Mapped[CabinId | None] = mapped_column(ForeignKey("cabin.id"))
    health_worker_id: Mapped[HealthWorkerId | None] = mapped_column(ForeignKey("health_worker.id"))
    in_window: Mapped[bool]
    replaced: Mapped[bool]
    """The moment of the plan was lost, and this is the next best."""
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[AccountId | None]
