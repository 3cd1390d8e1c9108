"""Photos and PDFs of a patient: what is kept, and what is on its way."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing was sent before."""
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("given_in", sa.Uuid(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_head", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_thumbnail", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("status IN ('current', 'entered-in-error', 'quarantined')", name=op.f("ck_document_status")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_document_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_patient", "document", ["patient_id", "added_at"], unique=False)
    op.create_index(op.f("ix_document_given_in"), "document", ["given_in"], unique=False)
    op.create_table(
        "document_chunk",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_chunk", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_chunk_document_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_document_chunk_patient_id")),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_document_chunk")),
    )
    op.create_table(
        "document_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_title", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_document_upload_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_upload")),
    )
    op.create_index(op.f("ix_document_upload_account_id"), "document_upload", ["account_id"], unique=False)
    op.create_index(op.f("ix_document_upload_expires_at"), "document_upload", ["expires_at"], unique=False)
    op.create_table(
        "document_piece",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_piece", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_document_piece_patient_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["document_upload.id"], name=op.f("fk_document_piece_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_document_piece")),
    )


def downgrade() -> None:
    """Forget all documents."""
    for table in ("document_piece", "document_upload", "document_chunk", "document"):
        op.drop_table(table)
