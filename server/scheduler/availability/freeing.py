"""What becomes of the appointments that a change of hours hits: kept although it is closed, or freed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.kernel.access import Identity
from server.kernel.ids import AppointmentId
from server.scheduler import store as scheduler_store
from server.scheduler.availability import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.promise import PromiseMove, after
from server.scheduler.service.views import CancelReason


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of the appointments that a change hits: these are freed, those stay although it is closed."""

    freed: frozenset[AppointmentId] = frozenset()
    kept: frozenset[AppointmentId] = frozenset()


async def free(
    tx: AsyncSession, who: Identity | None, now: datetime, freed: Collection[AppointmentId], why: CancelReason
) -> list[str]:
    """Cancel these appointments: their promises are due again. Return the lines of the sites that show them now."""
    lines = []
    for appointment_id in sorted(freed):
        promise = await store.held_promise(tx, appointment_id)
        row = await scheduler_store.appointment(tx, appointment_id, lock=True)
        row.status = check_move(row.status, AppointmentStatus.CANCELLED)
        row.cancelled_at, row.cancel_reason = now, why.value
        if promise is not None:
            promise.status = after(promise.status, PromiseMove.FREE)
        await tx.flush()
        await scheduler_store.let_go(tx, appointment_id)
        await record(
            tx,
            who,
            Action.APPOINTMENT_CANCELLED,
            at=now,
            patient_id=row.patient_id,
            record=f"appointment:{row.id}",
            reason=row.cancel_reason,
        )
        lines.append(f"site:{row.site_id}")
    return lines
