"""Notes that a moment became free, in the transaction that frees it: who waits for one is asked soon after."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import FreedMomentId, PractitionerId, PromiseId, SiteId, new_id
from server.scheduler.tables import Appointment
from server.scheduler.waiting.rules import AHEAD, MomentStatus
from server.scheduler.waiting.tables import FreedMoment


def freed_moment(
    site: SiteId, doctor: PractitionerId, starts_at: datetime, now: datetime, given_up_by: PromiseId | None = None
) -> FreedMoment:
    """Return a moment that is there for who waits, from now on."""
    return FreedMoment(
        id=FreedMomentId(new_id()),
        site_id=site,
        practitioner_id=doctor,
        starts_at=starts_at,
        given_up_by=given_up_by,
        status=MomentStatus.DUE,
        freed_at=now,
        not_before=now,
    )


def note_freed(tx: AsyncSession, row: Appointment, now: datetime) -> None:
    """Note the moment where an appointment stands, before it leaves. One that is too near is offered to nobody."""
    if row.starts_at - now < AHEAD:
        return
    tx.add(freed_moment(row.site_id, row.practitioner_id, row.starts_at, now, given_up_by=row.promise_id))
