"""Writes acts into the log, inside the transaction of the acts themselves.

    record ─▶ waits in the session ─▶ before the commit: one INSERT, in the same transaction as the act
                                        SQLite: each entry gets its place now, the head moves and is signed
                                        PostgreSQL: the place comes from the sequencer, 250 ms later at most

A row of the head names the tree that it continues: two writers that start from the same tree cannot both commit.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import CursorResult, Table, bindparam, event, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from server.audit.checkpoint import Signer
from server.audit.rules import Action, Entry, leaf
from server.audit.tables import AuditCheckpoint, AuditEvent, AuditHead, AuditNode
from server.audit.tree import Growth, Node
from server.kernel.access import Identity
from server.kernel.ids import new_id

KEEP_EVERY = timedelta(minutes=1)
"""How close together signed checkpoints are kept for good; between them the head alone holds the newest."""
LEDGER = "audit.ledger"
_WAITING, _MARKS = "audit.waiting", "audit.marks"
_ONE = 1  # the head's only row

_EVENTS = cast("Table", AuditEvent.__table__)  # statements are built once, on plain tables: every act runs them
_HEADS = cast("Table", AuditHead.__table__)
_ADD = insert(_EVENTS)
_HEAD = select(_HEADS.c.size, _HEADS.c.peaks)
_GROW = update(_HEADS).where(
    _HEADS.c.id == _ONE, _HEADS.c.size == bindparam("old_size"), _HEADS.c.peaks == bindparam("old_peaks")
)


@dataclass(slots=True)
class Ledger:
    """What one process remembers of the log: its signing key, the tree as it last wrote it, and that there is work."""

    signer: Signer | None = None
    growth: Growth | None = None
    kept_at: datetime | None = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)


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
        at=at.astimezone(UTC),
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
    tx.info.setdefault(_WAITING, []).append(entry)


def _write_down(session: Session) -> None:
    """Before the commit: write what was recorded. A savepoint's entries wait for the transaction around it."""
    if session.in_nested_transaction() or not (waiting := session.info.pop(_WAITING, None)):
        return
    ledger: Ledger = session.info.get(LEDGER) or Ledger()
    rows = [{**msgspec.structs.asdict(entry), "leaf": leaf(entry)} for entry in waiting]
    if session.get_bind().dialect.name == "sqlite":
        first = grow(session, ledger, [row["leaf"] for row in rows], waiting[-1].at)
        rows = [{**row, "idx": first + nth} for nth, row in enumerate(rows)]
    session.connection().execute(_ADD, rows if len(rows) > 1 else rows[0])
    ledger.stirred.set()


def grow(session: Session, ledger: Ledger, leaves: list[bytes], at: datetime) -> int:
    """Add `leaves` to the tree in the session's transaction, sign the new head, and return the first one's place.

    Starts from the tree that the ledger remembers; if another process was here meanwhile, from the one in the table.
    """
    for remembered in (ledger.growth, None):
        old = remembered or _grown(session)
        new = Growth(old.size, [*old.peaks])
        nodes = [node for one in leaves for node in new.append(one)]
        note = ledger.signer.sign(new.size, new.root(), at) if ledger.signer else None
        if _moved(session, old, new, note, at):
            ledger.growth = new
            _keep(session, ledger, nodes, (new.size, note, at))
            return old.size
    raise RuntimeError("the head of the audit log moved under a lock")


def _grown(session: Session) -> Growth:
    kept = session.connection().execute(_HEAD).one_or_none()
    return Growth.of(kept.size, kept.peaks) if kept else Growth()


def _moved(session: Session, old: Growth, new: Growth, note: str | None, at: datetime) -> bool:
    line = session.connection()
    head: dict[str, Any] = {"size": new.size, "peaks": new.peaks_bytes, "at": at}
    if note:
        head["note"] = note
    where = {"old_size": old.size, "old_peaks": old.peaks_bytes}
    moved = cast("CursorResult[Any]", line.execute(_GROW, {**head, **where}))
    if moved.rowcount == 1:
        return True
    if old.size or line.execute(_HEAD).one_or_none() is not None:
        return False
    line.execute(insert(_HEADS), {"id": _ONE, **head})
    return True


def _keep(session: Session, ledger: Ledger, nodes: list[Node], head: tuple[int, str | None, datetime]) -> None:
    """Keep what became final: inner hashes, and now and then a signed checkpoint."""
    line = session.connection()
    if nodes:
        names = ("level", "place", "hash")
        line.execute(insert(AuditNode), [dict(zip(names, node, strict=True)) for node in nodes])
    size, note, at = head
    if note and (ledger.kept_at is None or abs(at - ledger.kept_at) >= KEEP_EVERY):
        line.execute(insert(AuditCheckpoint), {"size": size, "note": note, "at": at})
        ledger.kept_at = at


def _mark(session: Session, opened: SessionTransaction) -> None:
    if opened.nested:
        session.info.setdefault(_MARKS, {})[opened] = len(session.info.get(_WAITING, ()))


def _forget(session: Session, undone: SessionTransaction) -> None:
    """What a savepoint took back did not happen."""
    mark = session.info.get(_MARKS, {}).pop(undone, 0) if undone.nested else 0
    del session.info.get(_WAITING, [])[mark:]


event.listen(Session, "before_commit", _write_down)
event.listen(Session, "after_transaction_create", _mark)
event.listen(Session, "after_soft_rollback", _forget)
