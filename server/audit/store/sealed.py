"""Reads every sealed row of the house beside what the log says was written there last.

A table is sealed when it has `row_ver` and a column `sealed_…`. Its row is named in the log as `table:primary key`.
All columns of a row are sealed for the same `row_ver`, so one of them stands for all: a column put back alone does
not open any more (its AAD has another version).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.tables import AuditEvent
from server.database.rows import Row

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Written:
    """The newest write of a sealed row, as the log has it."""

    row_ver: int
    ct_sha256: bytes


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A sealed row as it stands: its name in the log, its version, and its ciphertexts."""

    record: str
    row_ver: int
    sealed: tuple[bytes, ...]


def sealed_tables() -> list[Table]:
    """Return every table that holds sealed rows; who calls has imported the tables of the house.

    A table whose key has a version in it keeps former versions: the log's newest word is about the row itself.
    """
    sealed = [table for table in Row.metadata.sorted_tables if "row_ver" in table.c and _sealed_columns(table)]
    return [table for table in sealed if len(table.primary_key.columns) == 1]


def _sealed_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name.startswith("sealed_")]


async def newest_writes(tx: AsyncSession) -> dict[str, Written]:
    """Return the newest write of every sealed row that the log knows."""
    query = select(AuditEvent.record, AuditEvent.row_ver, AuditEvent.ct_sha256).order_by(AuditEvent.idx)
    query = query.where(AuditEvent.ct_sha256.is_not(None))
    newest: dict[str, Written] = {}
    stream = await tx.stream(query.execution_options(yield_per=PAGE))
    async for record, row_ver, ct_sha256 in stream:
        if record is None or row_ver is None or ct_sha256 is None:
            continue
        known = newest.get(record)
        if known is None or row_ver >= known.row_ver:
            newest[record] = Written(row_ver, ct_sha256)
    return newest


async def sealed_rows(tx: AsyncSession, table: Table) -> AsyncIterator[list[SealedRow]]:
    """Give the rows of a sealed table, page by page, in the order of its key."""
    (key,) = table.primary_key.columns
    sealed = [table.c[name] for name in _sealed_columns(table)]
    after: UUID | None = None
    while True:
        query = select(key, table.c.row_ver, *sealed).order_by(key).limit(PAGE)
        rows = (await tx.execute(query.where(key > after) if after else query)).all()
        yield [SealedRow(f"{table.name}:{row[0]}", row[1], tuple(one for one in row[2:] if one)) for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1][0]
