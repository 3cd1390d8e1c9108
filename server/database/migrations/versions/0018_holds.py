"""A moment can be held for a while before it is booked."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Nothing is held yet."""
    op.add_column("appointment", sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_appointment_hold_until"), "appointment", ["hold_until"], unique=False)


def downgrade() -> None:
    """Let go of what is held: an earlier release does not know it."""
    op.execute(
        "DELETE FROM busy_unit WHERE appointment_id IN (SELECT id FROM appointment WHERE hold_until IS NOT NULL)"
    )
    op.execute("DELETE FROM appointment WHERE hold_until IS NOT NULL")
    op.drop_index(op.f("ix_appointment_hold_until"), "appointment")
    op.drop_column("appointment", "hold_until")
