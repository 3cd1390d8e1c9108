"""Notes that a moment became free, in the transaction that frees it: who waits for one is asked soon after."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import FreedMomentId, new_id
from server.scheduler.tables import Appointment
from server.scheduler.waiting.rules import AHEAD, MomentStatus
from server.scheduler.waiting.tables import FreedMoment


def note_freed(tx: AsyncSession, row: Appointment, now: datetime) -> None:
    """Note the moment where an appointment stands, before it leaves. One that is too near is offered to nobody."""
    if row.starts_at - now < AHEAD:
        return
    tx.add(
        FreedMoment(
            id=FreedMomentId(new_id()),
            site_id=row.site_id,
            practitioner_id=row.practitioner_id,
            starts_at=row.starts_at,
            given_up_by=row.promise_id,
            status=MomentStatus.DUE,
            freed_at=now,
            not_before=now,
        )
    )
