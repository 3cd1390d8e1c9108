"""What each end of a call said of it: seconds on each rung, whose line was weak, cuts and spreads."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """No call was measured before."""
    op.create_table(
        "call_quality",
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("seat", sa.String(length=40), nullable=False),
        sa.Column("call", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("video_for", sa.Integer(), nullable=False),
        sa.Column("small_for", sa.Integer(), nullable=False),
        sa.Column("still_for", sa.Integer(), nullable=False),
        sa.Column("voice_for", sa.Integer(), nullable=False),
        sa.Column("telephone_for", sa.Integer(), nullable=False),
        sa.Column("deferred_for", sa.Integer(), nullable=False),
        sa.Column("weak_cabin_for", sa.Integer(), nullable=False),
        sa.Column("weak_doctor_for", sa.Integer(), nullable=False),
        sa.Column("weak_both_for", sa.Integer(), nullable=False),
        sa.Column("cuts", sa.Integer(), nullable=False),
        sa.Column("cut_for", sa.Integer(), nullable=False),
        sa.Column("delay_middle", sa.Integer(), nullable=False),
        sa.Column("delay_high", sa.Integer(), nullable=False),
        sa.Column("jitter_middle", sa.Integer(), nullable=False),
        sa.Column("jitter_high", sa.Integer(), nullable=False),
        sa.Column("lost_middle", sa.Integer(), nullable=False),
        sa.Column("lost_high", sa.Integer(), nullable=False),
        sa.Column("hidden_middle", sa.Integer(), nullable=False),
        sa.Column("hidden_high", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_call_quality_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "seat", "call", name=op.f("pk_call_quality")),
    )
    op.create_index(op.f("ix_call_quality_at"), "call_quality", ["at"], unique=False)
