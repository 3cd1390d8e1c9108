"""The named queries of series."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import PromiseId, SeriesId
from server.scheduler.tables import Appointment, FollowUpPromise, PromiseSeries


async def series(tx: AsyncSession, series_id: SeriesId) -> PromiseSeries:
    """Return one series."""
    return (await tx.scalars(select(PromiseSeries).where(PromiseSeries.id == series_id))).one()


async def times(tx: AsyncSession, ids: Collection[SeriesId]) -> dict[SeriesId, int]:
    """Return of how many times these series are."""
    if not ids:
        return {}
    found = await tx.execute(select(PromiseSeries.id, PromiseSeries.times).where(PromiseSeries.id.in_(list(ids))))
    return {series_id: count for series_id, count in found}


async def promises(tx: AsyncSession, series_id: SeriesId, *, lock: bool = False) -> list[FollowUpPromise]:
    """Return the promises of a series in their order; locked by their ids, as everywhere."""
    query = select(FollowUpPromise).where(FollowUpPromise.series_id == series_id).order_by(FollowUpPromise.id)
    rows = list(await tx.scalars(query.with_for_update() if lock else query))
    return sorted(rows, key=lambda row: row.series_no)


async def appointments(tx: AsyncSession, promised: Collection[PromiseId]) -> dict[PromiseId, Appointment]:
    """Return the newest appointment of each of these promises, in whatever state it is."""
    query = select(Appointment).where(Appointment.promise_id.in_(list(promised)))
    rows = await tx.scalars(query.order_by(Appointment.booked_at, Appointment.id))
    return {row.promise_id: row for row in rows if row.promise_id is not None}
