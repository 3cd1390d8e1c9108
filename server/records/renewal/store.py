"""The queries over every sealed row of one patient, whatever its table: which are under an older key.

Which key sealed a value stands in its own bytes (FORMAT.md §2), so no column beside it is believed.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Table, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.store.sealed import sealed_tables as logged_tables
from server.database.rows import Row
from server.kernel.ids import PatientId
from server.records.documents.tables import ChunkRow

HEAD = "sealed_head"
_VERSION_AT = {HEAD: 7}  # a document's head has four bytes before the sealed key; SQL counts from 1
_FIELD_VERSION_AT = 3
_CHUNKS = ChunkRow.__tablename__
_OWNERS = {
    "note_version": ("note_id", "note"),
    "note_addendum": ("note_id", "note"),
    "document_piece": ("upload_id", "document_upload"),
    "guest": ("encounter_id", "encounter"),
}
"""Rows that are found faster, or only, by the row that they belong to."""

SealedTable = Table
Found = dict[str, Any]
"""A row, by the names of its columns."""


def sealed_tables() -> list[Table]:
    """Return every table with sealed columns; the chunks of a document go with the document."""
    return [one for one in Row.metadata.sorted_tables if sealed_columns(one) and one.name != _CHUNKS]


def sealed_columns(table: Table) -> list[str]:
    """Return the names of a table's sealed columns."""
    return [column.name for column in table.columns if column.name.startswith("sealed_")]


def record_of(table: Table, row: Found) -> str | None:
    """Return what the log calls a row, or None when the log does not know rows of this table one by one."""
    if table not in logged_tables():
        return None
    (key,) = table.primary_key.columns
    return f"{table.name}:{row[key.name]}"


async def older_rows(
    tx: AsyncSession, table: Table, patient_id: PatientId, key_ver: int, page: tuple[Found | None, int]
) -> list[Found]:
    """Return the next rows with something sealed before `key_ver`, held until the transaction ends.

    `page`: the row after which to go on, and how many.
    """
    after, most = page
    keys = list(table.primary_key.columns)
    query = select(table).where(of_patient(table, patient_id), _older(table, key_ver)).order_by(*keys).limit(most)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*(literal(after[key.name], key.type) for key in keys)))
    return [dict(row) for row in (await tx.execute(query.with_for_update())).mappings()]


async def tables_with_older(tx: AsyncSession, patient_id: PatientId, key_ver: int) -> list[Table]:
    """Return the tables that hold something of a patient that was sealed before `key_ver`."""
    found = []
    for table in sealed_tables():
        query = select(*table.primary_key.columns).where(of_patient(table, patient_id), _older(table, key_ver)).limit(1)
        if (await tx.execute(query)).first() is not None:
            found.append(table)
    return found


async def count_older(tx: AsyncSession, patient_id: PatientId, key_ver: int) -> int:
    """Return how many rows of a patient, in all tables, hold something sealed before `key_ver`."""
    counts = [
        select(func.count()).select_from(table).where(of_patient(table, patient_id), _older(table, key_ver))
        for table in sealed_tables()
    ]
    return sum([(await tx.execute(one)).scalar_one() for one in counts])


async def put_anew(tx: AsyncSession, table: Table, row: Found, values: dict[str, bytes], key_ver: int) -> None:
    """Replace the sealed values of a row; its version and all else stay."""
    this = [key == row[key.name] for key in table.primary_key.columns]
    told = {"key_ver": key_ver} if "key_ver" in table.c else {}
    await tx.execute(update(table).where(*this).values(**values, **told))


async def chunks(tx: AsyncSession, document_id: object) -> Sequence[bytes]:
    """Return the sealed chunks of a document, in their order."""
    query = select(ChunkRow.sealed_chunk).where(ChunkRow.document_id == document_id).order_by(ChunkRow.number)
    return (await tx.scalars(query)).all()


async def put_chunk(tx: AsyncSession, document_id: object, number: int, sealed: bytes) -> None:
    """Replace one chunk of a document."""
    this = (ChunkRow.document_id == document_id, ChunkRow.number == number)
    await tx.execute(update(Row.metadata.tables[_CHUNKS]).where(*this).values(sealed_chunk=sealed))


def of_patient(table: Table, patient_id: PatientId) -> ColumnElement[bool]:
    """Return the condition that a row is about this patient."""
    if table.name == "patient":
        return table.c.id == patient_id
    if table.name in _OWNERS:
        column, owner = _OWNERS[table.name]
        owners = Row.metadata.tables[owner]
        return table.c[column].in_(select(owners.c.id).where(owners.c.patient_id == patient_id))
    return table.c.patient_id == patient_id


def _older(table: Table, key_ver: int) -> ColumnElement[bool]:
    newest = literal(key_ver.to_bytes(2, "big"), LargeBinary())
    return or_(
        *(
            func.substr(table.c[name], _VERSION_AT.get(name, _FIELD_VERSION_AT), 2, type_=LargeBinary()) < newest
            for name in sealed_columns(table)
        )
    )
