"""The named queries of documents and of files on their way."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.rows import Row
from server.kernel.ids import AccountId, DocumentId, EncounterId, PatientId
from server.people.store import same_person
from server.records.documents.rules import DocumentStatus
from server.records.documents.tables import ChunkRow, DocumentRow, PieceRow, UploadRow


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it lies in the database, without its content."""

    id: DocumentId
    patient_id: PatientId
    encounter_id: EncounterId | None
    status: DocumentStatus
    given_in: EncounterId | None
    size: int
    added_at: datetime
    added_by: AccountId
    row_ver: int
    sealed_body: bytes
    sealed_head: bytes
    sealed_thumbnail: bytes | None


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file on its way, without its pieces."""

    id: DocumentId
    patient_id: PatientId
    encounter_id: EncounterId | None
    account_id: AccountId
    size: int
    received: int
    expires_at: datetime
    sealed_title: bytes


def _table(row: type[Row]) -> Table:
    return cast("Table", row.__table__)


def _select(row: type[Row], stored: type) -> Any:
    return select(*(getattr(row, field.name) for field in fields(stored)))


async def _changed_one(tx: AsyncSession, statement: Any) -> bool:
    return cast("CursorResult[Any]", await tx.execute(statement)).rowcount == 1


async def add_upload(tx: AsyncSession, values: dict[str, Any]) -> None:
    """Begin a file."""
    await tx.execute(insert(_table(UploadRow)).values(**values))


async def upload(tx: AsyncSession, upload_id: DocumentId) -> StoredUpload | None:
    """Return a file on its way."""
    row = (await tx.execute(_select(UploadRow, StoredUpload).where(UploadRow.id == upload_id))).first()
    return StoredUpload(*row) if row else None


async def begun(tx: AsyncSession, account_id: AccountId, blind: bytes) -> StoredUpload | None:
    """Return the same file of the same account, if it is on its way already."""
    query = _select(UploadRow, StoredUpload).where(UploadRow.account_id == account_id, UploadRow.blind == blind)
    row = (await tx.execute(query.order_by(UploadRow.received.desc()).limit(1))).first()
    return StoredUpload(*row) if row else None


async def on_their_way(tx: AsyncSession, account_id: AccountId) -> int:
    """Return how many files an account is sending."""
    query = select(func.count()).select_from(UploadRow).where(UploadRow.account_id == account_id)
    return (await tx.execute(query)).scalar_one()


async def advance(tx: AsyncSession, upload_id: DocumentId, offset: int, size: int) -> bool:
    """Count `size` bytes more at `offset`; False when the file is not at that place (any more)."""
    mine = (UploadRow.id == upload_id, UploadRow.received == offset)
    return await _changed_one(tx, update(_table(UploadRow)).where(*mine).values(received=offset + size))


async def add_piece(tx: AsyncSession, values: dict[str, Any]) -> None:
    """Keep one piece."""
    await tx.execute(insert(_table(PieceRow)).values(**values))


async def pieces(tx: AsyncSession, upload_id: DocumentId) -> list[bytes]:
    """Return the sealed pieces of a file, in their order."""
    query = select(PieceRow.sealed_piece).where(PieceRow.upload_id == upload_id).order_by(PieceRow.number)
    return list(await tx.scalars(query))


async def drop_upload(tx: AsyncSession, upload_id: DocumentId) -> bool:
    """Throw a file on its way away; False when somebody was faster."""
    await tx.execute(delete(_table(PieceRow)).where(PieceRow.upload_id == upload_id))
    return await _changed_one(tx, delete(_table(UploadRow)).where(UploadRow.id == upload_id))


async def expired(tx: AsyncSession, now: datetime) -> list[DocumentId]:
    """Return the files that nobody ended in time."""
    return list(await tx.scalars(select(UploadRow.id).where(UploadRow.expires_at <= now)))


async def add_document(tx: AsyncSession, values: dict[str, Any]) -> None:
    """Keep a document; its chunks follow in the same transaction."""
    await tx.execute(insert(_table(DocumentRow)).values(**values))


async def add_chunks(tx: AsyncSession, document_id: DocumentId, patient_id: PatientId, chunks: list[bytes]) -> None:
    """Keep the sealed chunks of a document."""
    about = {"document_id": document_id, "patient_id": patient_id}
    rows = [{**about, "number": number, "sealed_chunk": chunk} for number, chunk in enumerate(chunks)]
    await tx.execute(insert(_table(ChunkRow)), rows)


async def document(tx: AsyncSession, document_id: DocumentId) -> StoredDocument | None:
    """Return one document."""
    row = (await tx.execute(_select(DocumentRow, StoredDocument).where(DocumentRow.id == document_id))).first()
    return StoredDocument(*row) if row else None


async def chunk(tx: AsyncSession, document_id: DocumentId, number: int) -> bytes | None:
    """Return one sealed chunk, if it is there."""
    query = select(ChunkRow.sealed_chunk).where(ChunkRow.document_id == document_id, ChunkRow.number == number)
    return (await tx.scalars(query)).first()


async def documents_of(tx: AsyncSession, patient_id: PatientId, most: int) -> list[StoredDocument]:
    """Return the documents of a patient that were not struck, in all their records, newest first."""
    query = _select(DocumentRow, StoredDocument).where(
        DocumentRow.patient_id.in_(same_person(patient_id)), DocumentRow.status != DocumentStatus.ENTERED_IN_ERROR
    )
    newest_first = (DocumentRow.added_at.desc(), DocumentRow.id.desc())
    return [StoredDocument(*row) for row in await tx.execute(query.order_by(*newest_first).limit(most))]


async def given_in(tx: AsyncSession, encounter_id: EncounterId) -> list[StoredDocument]:
    """Return what the doctor gives the patient of a visit, oldest first."""
    query = _select(DocumentRow, StoredDocument).where(
        DocumentRow.given_in == encounter_id, DocumentRow.status == DocumentStatus.CURRENT
    )
    return [StoredDocument(*row) for row in await tx.execute(query.order_by(DocumentRow.added_at, DocumentRow.id))]


async def weight_of(tx: AsyncSession, patient_id: PatientId) -> tuple[int, int]:
    """Return how many documents a patient has, and of how many bytes together: those on their way count too."""
    count, size = 0, 0
    for row in (DocumentRow, UploadRow):
        query = select(func.count(), func.coalesce(func.sum(row.size), 0)).where(
            row.patient_id.in_(same_person(patient_id))
        )
        more, larger = (await tx.execute(query)).one()
        count, size = count + more, size + larger
    return count, size


async def count_of_visit(tx: AsyncSession, encounter_id: EncounterId, account_id: AccountId) -> int:
    """Return how many documents an account has added to a visit."""
    mine = (DocumentRow.encounter_id == encounter_id, DocumentRow.added_by == account_id)
    return (await tx.execute(select(func.count()).select_from(DocumentRow).where(*mine))).scalar_one()


async def count_of_patient(tx: AsyncSession, patient_id: PatientId) -> int:
    """Return how many documents a doctor would find."""
    theirs = DocumentRow.patient_id.in_(same_person(patient_id))
    mine = (theirs, DocumentRow.status != DocumentStatus.ENTERED_IN_ERROR)
    return (await tx.execute(select(func.count()).select_from(DocumentRow).where(*mine))).scalar_one()


async def give(tx: AsyncSession, document_id: DocumentId, encounter_id: EncounterId | None) -> bool:
    """Say in which visit a document was given to the patient (None: in none); False when it is not current."""
    mine = (DocumentRow.id == document_id, DocumentRow.status == DocumentStatus.CURRENT)
    return await _changed_one(tx, update(_table(DocumentRow)).where(*mine).values(given_in=encounter_id))


async def strike(tx: AsyncSession, document_id: DocumentId) -> bool:
    """Mark a document as an error; False when it was already."""
    mine = (DocumentRow.id == document_id, DocumentRow.status != DocumentStatus.ENTERED_IN_ERROR)
    struck = update(_table(DocumentRow)).where(*mine)
    return await _changed_one(tx, struck.values(status=DocumentStatus.ENTERED_IN_ERROR, given_in=None))
