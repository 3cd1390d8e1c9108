"""Prescriptions, guarded like signed notes; and the address that the law wants on them (R.5132-3, 1°)."""

import sqlalchemy as sa
from alembic import op

from server.records.prescriptions.tables import PRESCRIPTION_GUARDS

revision = "0011"
down_revision = "0010"

_DRAFT = sa.text("status = 'draft'")


def upgrade() -> None:
    """One new table with its triggers; doctors get an empty address, and cannot prescribe before it is filled."""
    op.add_column(
        "practitioner", sa.Column("email", sa.String(length=200), server_default=sa.text("''"), nullable=False)
    )
    op.create_table(
        "prescription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'draft') = (signed_at IS NULL)", name=op.f("ck_prescription_signed")),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_prescription_cancelled")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_prescription_patient_id")),
        sa.ForeignKeyConstraint(["author_id"], ["practitioner.id"], name=op.f("fk_prescription_author_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["prescription.id"], name=op.f("fk_prescription_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription")),
    )
    op.create_index(
        "uq_prescription_draft",
        "prescription",
        ["encounter_id"],
        unique=True,
        sqlite_where=_DRAFT,
        postgresql_where=_DRAFT,
    )
    op.create_index("ix_prescription_encounter", "prescription", ["encounter_id"], unique=False)
    op.create_index("ix_prescription_patient", "prescription", ["patient_id", "signed_at"], unique=False)
    for statement in PRESCRIPTION_GUARDS[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)
