"""Taking units, and ending first what stands on them for no good reason: holds that are over, and one's own hold."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.kernel.access import Identity
from server.kernel.ids import AppointmentId
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.hold import HoldEnd
from server.scheduler.store import Held
from server.scheduler.tables import Appointment


async def make_way(
    tx: AsyncSession, who: Identity | None, wanted: Collection[Held], now: datetime, own: AppointmentId | None = None
) -> set[Held]:
    """End the holds that are over and stand on wanted units, and `own` in any case; return what that freed."""
    freed: set[Held] = set()
    if not wanted and own is None:
        return freed
    for row in await store.holds_to_end(tx, now, wanted, own):
        freed |= await end_hold(tx, who if row.id == own else None, row, now, _end(row, own))
    return freed


async def end_hold(tx: AsyncSession, who: Identity | None, row: Appointment, now: datetime, end: HoldEnd) -> set[Held]:
    """End one hold that the caller has locked; return the units that are free now."""
    row.status = check_move(row.status, AppointmentStatus.CANCELLED)
    row.cancelled_at, row.cancel_reason = now, end.value
    await tx.flush()
    units = await store.held_by(tx, row.id)
    await store.let_go(tx, row.id)
    about = f"appointment:{row.id}"
    let_go = Action.APPOINTMENT_LET_GO
    await record(tx, who, let_go, at=now, patient_id=row.patient_id, record=about, reason=end.value)
    return units


def _end(row: Appointment, own: AppointmentId | None) -> HoldEnd:
    return HoldEnd.REPLACED if row.id == own else HoldEnd.EXPIRED
