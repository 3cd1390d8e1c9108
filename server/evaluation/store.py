"""The named queries of residents' feedback."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.evaluation.tables import FeedbackRow
from server.kernel.ids import CabinId, EncounterId


async def of_visit(tx: AsyncSession, encounter_id: EncounterId) -> FeedbackRow | None:
    """Return what was said of a visit."""
    query = select(FeedbackRow).where(FeedbackRow.encounter_id == encounter_id)
    return (await tx.scalars(query)).one_or_none()


async def faces(tx: AsyncSession, since: datetime, cabin_id: CabinId | None) -> dict[int, int]:
    """Return how often each face was chosen since an instant, in one cabin or in all."""
    query = select(FeedbackRow.face, func.count()).where(FeedbackRow.at >= since).group_by(FeedbackRow.face)
    if cabin_id is not None:
        query = query.where(FeedbackRow.cabin_id == cabin_id)
    return {face: count for face, count in (await tx.execute(query)).all()}
