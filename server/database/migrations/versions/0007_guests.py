"""A third person in a call: who was asked in, as what, and how that ended."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_OPEN = sa.text("status IN ('invited', 'asking', 'admitted')")


def upgrade() -> None:
    """Nobody was ever asked in before."""
    op.create_table(
        "guest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_guest_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
    )
    op.create_index(op.f("ix_guest_encounter_id"), "guest", ["encounter_id"], unique=False)
    op.create_index(op.f("ix_guest_code_index"), "guest", ["code_index"], unique=True)
    op.create_index(op.f("ix_guest_token_hash"), "guest", ["token_hash"], unique=True)
    op.create_index("uq_guest_open", "guest", ["encounter_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
