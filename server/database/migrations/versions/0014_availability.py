"""Hours are changed by hand and undone, calendars are read by secret addresses, and places are set up from a file."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Nothing was changed by hand before."""
    op.create_table(
        "hours_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("then", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_hours_change_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_change")),
    )
    op.create_index(op.f("ix_hours_change_resource_id"), "hours_change", ["resource_id"], unique=False)
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_calendar_feed_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    op.create_index(op.f("ix_calendar_feed_resource_id"), "calendar_feed", ["resource_id"], unique=False)
    op.create_table(
        "instrument",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("in_service", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_instrument_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument")),
    )
    op.create_index(op.f("ix_instrument_site_id"), "instrument", ["site_id"], unique=False)
    op.create_table(
        "place_key",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_place_key")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_place_key_subject_id")),
    )
    op.add_column("availability_rule", sa.Column("site_id", sa.Uuid(), nullable=True))
    op.add_column("availability_exception", sa.Column("site_id", sa.Uuid(), nullable=True))
    op.add_column("resource", sa.Column("buffer_min", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    """Forget the trail of changes and all calendar addresses; hours and places stay."""
    op.drop_column("resource", "buffer_min")
    op.drop_column("availability_exception", "site_id")
    op.drop_column("availability_rule", "site_id")
    for table in ("place_key", "instrument", "calendar_feed", "hours_change"):
        op.drop_table(table)
