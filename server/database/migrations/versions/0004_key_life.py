"""Which server has loaded which key, and the ledger of shredded patients."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Two new tables; nothing that is there changes."""
    op.create_table(
        "node_key_ack",
        sa.Column("node", sa.String(length=80), nullable=False),
        sa.Column("kid", sa.String(length=32), nullable=False),
        sa.Column("kcv", sa.String(length=16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("node", "kid", name=op.f("pk_node_key_ack")),
    )
    op.create_table(
        "shred",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> asked_by", name=op.f("ck_shred_two_people")),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_shred_confirmed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shred")),
    )
    op.create_index(op.f("ix_shred_patient_id"), "shred", ["patient_id"], unique=False)
