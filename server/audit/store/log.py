"""Reads the log and its tree, and gives entries their places."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.tables import AuditCheckpoint, AuditEvent, AuditHead, AuditNode
from server.audit.tree import KEPT_EVERY, Subtree, complete
from server.kernel.ids import AccountId, PatientId

SEQUENCER_LOCK = 0x7E1E_CAB1  # any number, the same in every process: who numbers the entries of PostgreSQL
_EVENTS = cast("Table", AuditEvent.__table__)
_NUMBER_ONE = update(_EVENTS).where(_EVENTS.c.id == bindparam("this_id")).values(idx=bindparam("place"))
_NUMBER_MANY = text(
    "UPDATE audit_event SET idx = numbered.idx FROM "
    "unnest(CAST(:ids AS uuid[]), CAST(:places AS integer[])) AS numbered(id, idx) WHERE audit_event.id = numbered.id"
)
# The columns of the canonical line in its order. SQLite cannot write an id with its hyphens quickly: `_with_hyphens`.
LINES = {
    "sqlite": "SELECT idx, leaf, action, actor, at, ct_sha256, id, patient_id, reason, record, role, row_ver, salt "
    "FROM audit_event",
    "postgresql": "SELECT idx, leaf, action, actor::text, "
    "replace(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || 'Z', ct_sha256, "
    "id::text, patient_id::text, reason, record, role, row_ver, salt FROM audit_event",
}
"""Per dialect: place and leaf, then the columns of the canonical line."""

Line = Sequence[Any]
"""Place (or None), leaf hash, then the columns of the canonical line in the order of the alphabet."""


@dataclass(frozen=True, slots=True)
class Head:
    """The tree as the database tells it."""

    size: int
    peaks: bytes
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """One act on a patient's record."""

    at: datetime
    actor: AccountId | None
    role: str | None
    action: str


def _dialect(tx: AsyncSession) -> str:
    return tx.get_bind().dialect.name


async def one_moment(tx: AsyncSession) -> None:
    """Have the whole transaction see one moment. SQLite's reading transactions do already."""
    if _dialect(tx) == "postgresql":
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


async def take_turn(tx: AsyncSession) -> bool:
    """Return whether this transaction alone numbers entries now. On SQLite, who writes is alone."""
    if _dialect(tx) == "sqlite":
        return True
    return bool(await tx.scalar(select(func.pg_try_advisory_xact_lock(SEQUENCER_LOCK))))


async def unnumbered(tx: AsyncSession, most: int) -> list[tuple[UUID, bytes]]:
    """Return entries that have no place yet, oldest first: id and leaf hash."""
    query = select(_EVENTS.c.id, _EVENTS.c.leaf).where(_EVENTS.c.idx.is_(None)).order_by(_EVENTS.c.id).limit(most)
    return [(found, leaf) for found, leaf in await tx.execute(query)]


async def number(tx: AsyncSession, ids: Sequence[UUID], first: int) -> None:
    """Give the places from `first` on to these entries, in their order."""
    places = range(first, first + len(ids))
    if _dialect(tx) == "sqlite":
        rows = [{"this_id": one, "place": place} for one, place in zip(ids, places, strict=True)]
        await (await tx.connection()).execute(_NUMBER_ONE, rows)
    else:
        await tx.execute(_NUMBER_MANY, {"ids": list(ids), "places": list(places)})


async def head(tx: AsyncSession) -> Head | None:
    """Return the head, or None while nothing was ever written."""
    row = await tx.scalar(select(AuditHead))
    return Head(row.size, row.peaks, row.note, row.at) if row else None


async def keep_note(tx: AsyncSession, size: int, note: str) -> None:
    """Put a signature to the head of this size, when it has none of it yet."""
    await tx.execute(update(AuditHead).where(AuditHead.size == size).values(note=note))


async def kept_notes(tx: AsyncSession) -> list[tuple[int, str]]:
    """Return every checkpoint that was kept for good, by size."""
    query = select(AuditCheckpoint.size, AuditCheckpoint.note).order_by(AuditCheckpoint.size)
    return [(size, note) for size, note in await tx.execute(query)]


async def lines(tx: AsyncSession, first: int, end: int) -> Sequence[Line]:
    """Return the entries at these places, in order."""
    where = f" WHERE idx >= {int(first)} AND idx < {int(end)} ORDER BY idx"
    return await _raw(tx, LINES[_dialect(tx)] + where)


async def unplaced_lines(tx: AsyncSession) -> Sequence[Line]:
    """Return the entries that have no place yet."""
    return await _raw(tx, LINES[_dialect(tx)] + " WHERE idx IS NULL ORDER BY id")


async def _raw(tx: AsyncSession, query: str) -> Sequence[Line]:
    line = await tx.connection()
    if _dialect(tx) == "postgresql":
        return (await line.exec_driver_sql(query)).all()
    driver = (await line.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101 - it is open: the transaction stands on it
    return as_lines(await driver.execute_fetchall(query))


def as_lines(rows: Iterable[Line]) -> list[Line]:
    """Return what SQLite keeps as the canonical line writes it: ids with hyphens, instants with T and Z."""
    known: dict[str | None, str | None] = {None: None}

    def dashed(number: str | None) -> str | None:
        found = known.get(number)
        if found is None and number is not None:
            found = known[number] = f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}"
        return found

    return [
        (place, leaf, action, dashed(actor), _instant(at), ct, dashed(one), dashed(patient), *others)
        for place, leaf, action, actor, at, ct, one, patient, *others in rows
    ]


def _instant(at: str) -> str:
    seconds = at[11:19] if at[19:] == ".000000" else at[11:]
    return f"{at[:10]}T{seconds}Z"


async def nodes(tx: AsyncSession, level: int, start: int, end: int) -> dict[int, bytes]:
    """Return the kept inner hashes of a level at these places."""
    query = select(AuditNode.place, AuditNode.hash).where(
        AuditNode.level == level, AuditNode.place >= start, AuditNode.place < end
    )
    return {place: found for place, found in await tx.execute(query)}


async def last_place(tx: AsyncSession) -> int:
    """Return how far the numbered entries reach: one more than the last place."""
    last = await tx.scalar(select(func.max(_EVENTS.c.idx)))
    return 0 if last is None else last + 1


async def leaf_at(tx: AsyncSession, event_id: UUID) -> tuple[int | None, bytes] | None:
    """Return the place and the leaf of an entry."""
    found = (await tx.execute(select(_EVENTS.c.idx, _EVENTS.c.leaf).where(_EVENTS.c.id == event_id))).one_or_none()
    return (found.idx, found.leaf) if found else None


async def subtree(tx: AsyncSession, wanted: Subtree) -> bytes:
    """Return the hash of a complete subtree, from kept inner hashes and at most 255 rows."""
    level, place = wanted
    below = level - level % KEPT_EVERY
    start, end = place << level - below, place + 1 << level - below
    if below == 0:
        query = select(_EVENTS.c.leaf).where(_EVENTS.c.idx >= start, _EVENTS.c.idx < end).order_by(_EVENTS.c.idx)
    else:
        query = select(AuditNode.hash).where(AuditNode.level == below, AuditNode.place >= start, AuditNode.place < end)
        query = query.order_by(AuditNode.place)
    return complete(list(await tx.scalars(query)))


async def opened(tx: AsyncSession, patients: Collection[PatientId], before: datetime | None, most: int) -> list[Opened]:
    """Return the newest acts on a patient's records (all of one person) before an instant, newest first."""
    query = select(_EVENTS.c.at, _EVENTS.c.actor, _EVENTS.c.role, _EVENTS.c.action)
    query = query.where(_EVENTS.c.patient_id.in_(patients)).order_by(_EVENTS.c.at.desc(), _EVENTS.c.id.desc())
    if before is not None:
        query = query.where(_EVENTS.c.at < before)
    return [Opened(at, actor, role, action) for at, actor, role, action in await tx.execute(query.limit(most))]


async def acts_of(
    tx: AsyncSession, actor: AccountId, patients: Collection[PatientId], since: datetime, until: datetime
) -> dict[str, int]:
    """Return how often somebody did what on a patient's records from one instant to another: acts, never contents."""
    found = select(_EVENTS.c.action, func.count()).where(
        _EVENTS.c.patient_id.in_(patients), _EVENTS.c.actor == actor, _EVENTS.c.at >= since, _EVENTS.c.at <= until
    )
    return {action: int(count) for action, count in await tx.execute(found.group_by(_EVENTS.c.action))}
