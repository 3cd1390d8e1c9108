"""The alarms of witnesses: a cabin saw a log that this one does not continue."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.tables import AuditAlarm
from server.kernel.ids import AccountId, CabinId, new_id


def _digest(note: str) -> bytes:
    return hashlib.sha256(note.encode()).digest()


async def alarm(tx: AsyncSession, cabin_id: CabinId, seen: str) -> AuditAlarm | None:
    """Return the alarm of a cabin about the checkpoint that it had seen."""
    query = select(AuditAlarm).where(AuditAlarm.cabin_id == cabin_id, AuditAlarm.seen_sha256 == _digest(seen))
    return await tx.scalar(query)


async def raise_alarm(tx: AsyncSession, cabin_id: CabinId, seen: str, shown: str, at: datetime) -> None:
    """Keep both checkpoints: together they prove the fork to anybody."""
    digest = _digest(seen)
    tx.add(AuditAlarm(id=new_id(), at=at, cabin_id=cabin_id, seen=seen, seen_sha256=digest, shown=shown))


async def unsettled(tx: AsyncSession) -> Sequence[AuditAlarm]:
    """Return the alarms that nobody has explained yet, oldest first."""
    query = select(AuditAlarm).where(AuditAlarm.settled_at.is_(None)).order_by(AuditAlarm.at)
    return (await tx.scalars(query)).all()


async def settle(tx: AsyncSession, alarm_id: UUID, who: AccountId, at: datetime) -> bool:
    """Note that somebody knows the cause; False when it was settled before, or there is none."""
    open_one = update(AuditAlarm).where(AuditAlarm.id == alarm_id, AuditAlarm.settled_at.is_(None))
    settled = await tx.scalar(open_one.values(settled_at=at, settled_by=who).returning(AuditAlarm.id))
    return settled is not None
