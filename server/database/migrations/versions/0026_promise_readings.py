"""When a site, and a doctor, have opened a follow-up: what nobody reads climbs."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the table. What stands now counts as read: nothing climbs because it was made before anybody counted."""
    readings = op.create_table(
        "promise_reading",
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.String(length=40), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["promise_id"], ["follow_up_promise.id"], name=op.f("fk_promise_reading_promise_id")),
        sa.PrimaryKeyConstraint("promise_id", "reader", name=op.f("pk_promise_reading")),
    )
    promises, now = sa.table("follow_up_promise", sa.column("id", sa.Uuid())), datetime.now(UTC)
    at = sa.literal(now, sa.DateTime(timezone=True))
    for reader in ("site", "doctor"):
        every = sa.select(promises.c.id, sa.literal(reader), at)
        op.execute(sa.insert(readings).from_select(["promise_id", "reader", "read_at"], every))


def downgrade() -> None:
    """Forget who has read what; the follow-ups stay."""
    op.drop_table("promise_reading")
