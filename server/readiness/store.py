"""The named queries of cabins' checks. A cabin's last check alone decides what it counts as."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.kernel.ids import CabinId
from server.readiness.rules import Check, Colour, Figures
from server.readiness.tables import ReadinessRow


async def last(tx: AsyncSession, cabin_ids: Iterable[CabinId]) -> dict[CabinId, Check]:
    """Return the last check of each of these cabins that was ever checked."""
    other = aliased(ReadinessRow)
    newest = select(func.max(other.at)).where(other.cabin_id == ReadinessRow.cabin_id).scalar_subquery()
    query = select(ReadinessRow).where(ReadinessRow.cabin_id.in_(list(cabin_ids)), ReadinessRow.at == newest)
    return {row.cabin_id: _check(row) for row in await tx.scalars(query.order_by(ReadinessRow.id))}


async def closed(tx: AsyncSession, cabin_ids: Iterable[CabinId]) -> frozenset[CabinId]:
    """Return those of these cabins that take no bookings: their last check was red."""
    return frozenset(one for one, check in (await last(tx, cabin_ids)).items() if check.colour is Colour.RED)


async def since(tx: AsyncSession, begin: datetime) -> list[Check]:
    """Return all checks since an instant, in order."""
    query = select(ReadinessRow).where(ReadinessRow.at >= begin).order_by(ReadinessRow.at, ReadinessRow.id)
    return [_check(row) for row in await tx.scalars(query)]


async def forget(tx: AsyncSession, cabin_id: CabinId, before: datetime) -> None:
    """Remove the checks of a cabin that are older than an instant."""
    await tx.execute(delete(ReadinessRow).where(ReadinessRow.cabin_id == cabin_id, ReadinessRow.at < before))


def _check(row: ReadinessRow) -> Check:
    figures = msgspec.json.decode(row.figures, type=Figures)
    return Check(row.cabin_id, row.at, row.colour, row.fault, row.asked, figures)
