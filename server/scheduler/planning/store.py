"""The named queries of plans."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import PromiseId, SiteId
from server.scheduler.planning.rules import LineStatus, PlanStatus
from server.scheduler.planning.tables import TerritoryPlan, TerritoryPlanLine
from server.scheduler.service.worklists import TO_DO
from server.scheduler.tables import FollowUpPromise


async def latest(tx: AsyncSession, status: PlanStatus | None = None) -> TerritoryPlan | None:
    """Return the newest plan, or the newest in this state."""
    query = select(TerritoryPlan)
    if status is not None:
        query = query.where(TerritoryPlan.status == status)
    return await tx.scalar(query.order_by(TerritoryPlan.made_at.desc(), TerritoryPlan.id.desc()).limit(1))


async def advanced(
    tx: AsyncSession, plan_id: UUID, status: PlanStatus, progress: int, seen_at: datetime, summary: str = ""
) -> None:
    """Note how far a running plan is; one that is over stays as it is."""
    running = update(TerritoryPlan).where(TerritoryPlan.id == plan_id, TerritoryPlan.status == PlanStatus.RUNNING)
    await tx.execute(running.values(status=status, progress=progress, seen_at=seen_at, summary=summary))


async def add(tx: AsyncSession, rows: Iterable[TerritoryPlan | TerritoryPlanLine]) -> None:
    """Add a plan, or its lines."""
    tx.add_all(rows)
    await tx.flush()


async def open_lines(
    tx: AsyncSession, plan_id: UUID, site_id: SiteId
) -> list[tuple[TerritoryPlanLine, FollowUpPromise]]:
    """Return the lines of a site whose promise still needs a moment, the earliest moment first."""
    query = (
        select(TerritoryPlanLine, FollowUpPromise)
        .join(FollowUpPromise, FollowUpPromise.id == TerritoryPlanLine.promise_id)
        .where(
            TerritoryPlanLine.plan_id == plan_id,
            TerritoryPlanLine.site_id == site_id,
            TerritoryPlanLine.status.in_([LineStatus.PROPOSED, LineStatus.NONE]),
            FollowUpPromise.status.in_(TO_DO),
        )
        .order_by(TerritoryPlanLine.starts_at, TerritoryPlanLine.promise_id)
    )
    return [(line, promise) for line, promise in await tx.execute(query)]


async def line(
    tx: AsyncSession, plan_id: UUID, promise_id: PromiseId, *, lock: bool = False
) -> TerritoryPlanLine | None:
    """Return one line."""
    query = select(TerritoryPlanLine).where(
        TerritoryPlanLine.plan_id == plan_id, TerritoryPlanLine.promise_id == promise_id
    )
    return await tx.scalar(query.with_for_update() if lock else query)


async def counts(tx: AsyncSession, plan_id: UUID) -> dict[tuple[SiteId, LineStatus], int]:
    """Return how many lines of each site are in each state."""
    columns = (TerritoryPlanLine.site_id, TerritoryPlanLine.status)
    query = select(*columns, func.count()).where(TerritoryPlanLine.plan_id == plan_id).group_by(*columns)
    return {(site_id, status): count for site_id, status, count in await tx.execute(query)}
