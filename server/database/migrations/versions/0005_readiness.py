"""The checks of each cabin: colour, fault and figures."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """No cabin was checked before."""
    op.create_table(
        "readiness_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cabin_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("colour", sa.String(length=40), nullable=False),
        sa.Column("fault", sa.String(length=40), nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(["cabin_id"], ["cabin.id"], name=op.f("fk_readiness_check_cabin_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readiness_check")),
    )
    op.create_index("ix_readiness_check_cabin_id_at", "readiness_check", ["cabin_id", "at"], unique=False)
