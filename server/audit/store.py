"""Writes an act into the log, inside the transaction of the act itself."""

import secrets
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action, Entry, leaf
from server.audit.tables import AuditEvent
from server.kernel.access import Identity
from server.kernel.ids import new_id

_ADD = insert(cast("Table", AuditEvent.__table__))  # built once, on the plain table: every act of everybody runs it


async def record(  # noqa: PLR0913 - the leaf has these columns, and each has one meaning
    tx: AsyncSession,
    who: Identity | None,
    action: Action,
    *,
    at: datetime,
    patient_id: UUID | None = None,
    record: str | None = None,
    row_ver: int | None = None,
    ct_sha256: bytes | None = None,
    reason: str | None = None,
) -> None:
    """Append one act to the log. If it cannot be written, the act fails with it.

    `record` names the row as `table:id`. `ct_sha256` and `row_ver` go with every write of a sealed row, so that
    putting back an old row, or deleting one, is seen later.
    """
    entry = Entry(
        id=new_id(),
        at=at,
        actor=who.account_id if who else None,
        role=who.role.value if who else None,
        action=action.value,
        patient_id=patient_id,
        record=record,
        row_ver=row_ver,
        ct_sha256=ct_sha256,
        reason=reason,
        salt=secrets.token_bytes(16),
    )
    values = {name: getattr(entry, name) for name in Entry.__slots__} | {"leaf": leaf(entry)}
    await tx.execute(_ADD, values)
