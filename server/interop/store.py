"""Reads all rows of one person, or of the whole site, whatever the table: the SQL of leaving."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, insert, select
from sqlalchemy import Table as Table
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.rows import Row, UtcDateTime
from server.kernel.ids import PatientId

Rows = dict[str, list[dict[str, Any]]]
"""By table: each row by column."""
NEVER = frozenset({"patient_key", "kek_version", "node_key_ack", "session", "idempotency_key", "patient_name_index"})
"""Keys, sign-ins, and what only this database has a use for."""
ON_ITS_WAY = frozenset({"document_upload", "document_piece"})
"""Files that nobody has finished sending: they are of no record yet, and end by themselves."""
IN_ITS_DOCUMENT = "document_chunk"
ABOUT_NO_ONE = frozenset({"busy_unit", "shred"})
PLACES = ("site", "cabin", "practitioner", "health_worker")
BATCH = 200


def _mine(table: Table, patients: Collection[PatientId]) -> ColumnElement[bool] | None:
    """Return which rows of a table are about these people; None when the table knows no patient."""
    if table.name == "patient":
        return table.c.id.in_(patients)
    if "patient_id" in table.c:
        return table.c.patient_id.in_(patients)
    if "encounter_id" in table.c:
        encounter = Row.metadata.tables["encounter"]
        return table.c.encounter_id.in_(select(encounter.c.id).where(encounter.c.patient_id.in_(patients)))
    return None


def tables_about_a_patient() -> list[Table]:
    """Return every table that may hold something about a person, but for keys and what is on its way."""
    left_out = NEVER | ON_ITS_WAY | ABOUT_NO_ONE | {IN_ITS_DOCUMENT}
    about = [table for table in Row.metadata.sorted_tables if _mine(table, []) is not None]
    return [table for table in about if table.name not in left_out]


async def rows_of(tx: AsyncSession, patients: Collection[PatientId]) -> Rows:
    """Return all rows about one person (more than one record, if records were joined), and of who and where."""
    found: Rows = {}
    for table in tables_about_a_patient():
        query = select(*table.columns).where(_mine(table, patients)).order_by(*table.primary_key.columns)  # type: ignore[arg-type]
        found[table.name] = [dict(row._mapping) for row in await tx.execute(query)]
    for name in PLACES:
        table = Row.metadata.tables[name]
        wanted = {row.get(f"{name}_id") for rows in found.values() for row in rows}
        wanted |= {row.get("author_id") for rows in found.values() for row in rows} if name == "practitioner" else set()
        query = select(*table.columns).where(table.c.id.in_(wanted - {None})).order_by(table.c.id)
        found[name] = [dict(row._mapping) for row in await tx.execute(query)]
    return found


def tables_of_the_site() -> list[Table]:
    """Return every table that leaves with a site, parents first."""
    left_out = NEVER | ON_ITS_WAY | {IN_ITS_DOCUMENT}
    return [table for table in Row.metadata.sorted_tables if table.name not in left_out]


async def pages(tx: AsyncSession, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    """Give all rows of a table, some at a time, in the order of its key."""
    query = select(*table.columns).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    async for batch in (await tx.stream(query)).partitions():
        yield [dict(row._mapping) for row in batch]


async def patient_of_visit(tx: AsyncSession, encounter_id: UUID) -> PatientId:
    """Return whose visit it is: a guest's row does not say."""
    encounter = Row.metadata.tables["encounter"]
    return PatientId(
        (await tx.execute(select(encounter.c.patient_id).where(encounter.c.id == encounter_id))).scalar_one()
    )


async def chunks(tx: AsyncSession, document_id: UUID) -> list[bytes]:
    """Return the sealed chunks of a document, in order."""
    chunk = Row.metadata.tables[IN_ITS_DOCUMENT]
    return list(
        await tx.scalars(
            select(chunk.c.sealed_chunk).where(chunk.c.document_id == document_id).order_by(chunk.c.number)
        )
    )


async def patients(tx: AsyncSession) -> list[PatientId]:
    """Return the number of every patient."""
    patient = Row.metadata.tables["patient"]
    return [PatientId(one) for one in await tx.scalars(select(patient.c.id).order_by(patient.c.id))]


async def shredded(tx: AsyncSession) -> set[PatientId]:
    """Return the number of every patient whose keys were destroyed."""
    shred = Row.metadata.tables["shred"]
    return set(await tx.scalars(select(shred.c.patient_id).where(shred.c.confirmed_at.is_not(None))))


def typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a row that was written as JSON, as the database wants them."""
    return {
        name: None if value is None else msgspec.convert(value, type=_python_type(table.c[name]), strict=False)
        for name, value in row.items()
        if name in table.c
    }


def _python_type(column: ColumnElement[Any]) -> Any:
    return datetime if isinstance(column.type, UtcDateTime) else column.type.python_type


async def add(tx: AsyncSession, table: Table, row: dict[str, Any]) -> None:
    """Write one row of a site that arrives."""
    await tx.execute(insert(table).values(**row))


async def add_chunks(tx: AsyncSession, document_id: UUID, patient_id: UUID, chunks: Sequence[bytes]) -> None:
    """Write the sealed chunks of a document."""
    rows = [
        {"document_id": document_id, "patient_id": patient_id, "number": number, "sealed_chunk": chunk}
        for number, chunk in enumerate(chunks)
    ]
    await tx.execute(insert(Row.metadata.tables[IN_ITS_DOCUMENT]), rows)


async def add_name_keys(tx: AsyncSession, patient_id: PatientId, blinds: Iterable[bytes]) -> None:
    """Write what a patient is found by."""
    for blind in blinds:
        await tx.execute(insert(Row.metadata.tables["patient_name_index"]).values(patient_id=patient_id, blind=blind))
