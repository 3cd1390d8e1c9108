"""Reads every table of the house at one moment, and writes them into an empty database: the SQL of backups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, LargeBinary, Table, Uuid, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.database.rows import Row, UtcDateTime
from server.kernel.sealing import Place
from server.records.backup.rules import KEY_TABLES, LEFT_OUT
from server.records.backup.stream import TableHead, Values
from server.records.places import place_of

BATCH = 500
_KINDS = ((Uuid, "uuid"), (UtcDateTime, "instant"), (Date, "date"), (LargeBinary, "bytes"))


def record_tables() -> list[Table]:
    """Return all tables but those of the keys, parents first; who calls has imported the tables of the house."""
    return [one for one in Row.metadata.sorted_tables if one.name not in LEFT_OUT and one.name not in KEY_TABLES]


def key_tables() -> list[Table]:
    """Return the tables of the keys, in the order in which they may be written."""
    return [Row.metadata.tables[name] for name in KEY_TABLES]


def head_of(table: Table) -> TableHead:
    """Return how a table is written into the stream."""
    kinds = [next((kind for of, kind in _KINDS if isinstance(one.type, of)), "plain") for one in table.columns]
    return TableHead(table.name, tuple(one.name for one in table.columns), tuple(kinds))


async def counted(tx: AsyncSession, tables: Iterable[Table]) -> dict[str, int]:
    """Return how many rows each table has."""
    return {one.name: int(await tx.scalar(select(func.count()).select_from(one)) or 0) for one in tables}


async def rows_of(tx: AsyncSession, table: Table) -> AsyncIterator[list[Values]]:
    """Give the rows of a table in batches, in the order of its key."""
    query = select(*table.columns).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    async for batch in (await tx.stream(query)).partitions():
        yield [tuple(row) for row in batch]


async def write(tx: AsyncSession, head: TableHead, rows: Sequence[Values]) -> None:
    """Write rows as they were: past the models, for the table may be of an older version than they are."""
    line = await tx.connection()
    quoted = line.dialect.identifier_preparer.quote
    sqlite = line.dialect.name == "sqlite"
    places = ", ".join("?" if sqlite else f"${number}" for number in range(1, len(head.columns) + 1))
    columns = ", ".join(map(quoted, head.columns))
    statement = f"INSERT INTO {quoted(head.name)} ({columns}) VALUES ({places})"  # noqa: S608 - names of our tables
    given = [tuple(map(_for_sqlite, row)) for row in rows] if sqlite else [tuple(row) for row in rows]
    if given:
        await line.exec_driver_sql(statement, given)


def _for_sqlite(value: Any) -> Any:
    """Write as SQLAlchemy writes into SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return value.isoformat() if isinstance(value, date) else value


async def first_filled_table(database: Database) -> str | None:
    """Return a table that holds something already, or None when the database is new or empty."""
    async with database.engine.connect() as line:
        names = await line.run_sync(lambda sync: inspect(sync).get_table_names())
        for name in sorted(set(names) - {"alembic_version"}):
            quoted = line.dialect.identifier_preparer.quote(name)
            if (await line.execute(text(f"SELECT 1 FROM {quoted} LIMIT 1"))).first():  # noqa: S608 - names of its own
                return str(name)
    return None


async def faults(tx: AsyncSession) -> list[str]:
    """Return what SQLite's own checks find: pages, and rows that lead nowhere."""
    found = [str(row[0]) for row in await tx.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
    astray = (await tx.execute(text("PRAGMA foreign_key_check"))).all()
    return found + [f"{row[0]} leads to a {row[2]} that is not there" for row in astray]


async def sealed_places(tx: AsyncSession, every: int) -> AsyncIterator[tuple[Place, bytes]]:
    """Give every n-th sealed field of each table that says whose it is, with its place."""
    for table in Row.metadata.sorted_tables:
        sealed = [one.name for one in table.columns if one.name.startswith("sealed_")]
        if not sealed or "row_ver" not in table.c or not {"patient_id", "sealed_traits"} & set(table.c.keys()):
            continue
        query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
        number = 0
        async for found in await tx.stream(query):
            number += 1
            row = dict(found._mapping)
            for column in sealed if (number - 1) % every == 0 else ():
                if row[column] is not None:
                    yield place_of(table.name, column, row), row[column]


async def chunks(tx: AsyncSession, document_id: UUID) -> AsyncIterator[bytes]:
    """Give the sealed chunks of a document, in order."""
    chunk = Row.metadata.tables["document_chunk"]
    query = select(chunk.c.sealed_chunk).where(chunk.c.document_id == document_id).order_by(chunk.c.number)
    async for sealed in await tx.stream_scalars(query.execution_options(yield_per=1)):
        yield sealed


async def patients_there(tx: AsyncSession) -> set[UUID]:
    """Return the number of every patient."""
    return set(await tx.scalars(select(Row.metadata.tables["patient"].c.id)))


async def shredded_patients(tx: AsyncSession) -> set[UUID]:
    """Return the number of every patient whose keys were destroyed."""
    shred = Row.metadata.tables["shred"]
    return set(await tx.scalars(select(shred.c.patient_id).where(shred.c.confirmed_at.is_not(None))))


async def readable_patients(tx: AsyncSession) -> set[UUID]:
    """Return the number of every patient who has a key."""
    key = Row.metadata.tables["patient_key"]
    return set(await tx.scalars(select(key.c.patient_id).where(key.c.wrapped.is_not(None))))
