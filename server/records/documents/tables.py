"""Rows of documents: what is kept, in sealed chunks, and what is still on its way, in sealed pieces."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, DocumentId, EncounterId, PatientId
from server.records.documents.rules import DocumentStatus


class DocumentRow(Row):
    """One document. Its content never changes; only its status and to which visit's patient it was given do."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("status IN ('current', 'entered-in-error', 'quarantined')", name="status"),
        Index("ix_document_patient", "patient_id", "added_at"),
    )

    id: Mapped[DocumentId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    encounter_id: Mapped[EncounterId | None]
    status: Mapped[DocumentStatus]
    given_in: Mapped[EncounterId | None] = mapped_column(index=True)
    size: Mapped[int]
    added_at: Mapped[datetime]
    added_by: Mapped[AccountId]
    row_ver: Mapped[int]
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    sealed_head: Mapped[bytes]
    sealed_thumbnail: Mapped[bytes | None]


class ChunkRow(Row):
    """64 KiB of a document, sealed as FORMAT.md §2a says."""

    __tablename__ = "document_chunk"

    document_id: Mapped[DocumentId] = mapped_column(ForeignKey("document.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    sealed_chunk: Mapped[bytes]


class UploadRow(Row):
    """A file on its way: whose, for whom, how much of it is here. Its id becomes the document's."""

    __tablename__ = "document_upload"

    id: Mapped[DocumentId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    encounter_id: Mapped[EncounterId | None]
    account_id: Mapped[AccountId] = mapped_column(index=True)
    size: Mapped[int]
    received: Mapped[int]
    begun_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    blind: Mapped[bytes]
    sealed_title: Mapped[bytes]


class PieceRow(Row):
    """64 KiB of a file on its way, sealed as a field."""

    __tablename__ = "document_piece"

    upload_id: Mapped[DocumentId] = mapped_column(ForeignKey("document_upload.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    sealed_piece: Mapped[bytes]
