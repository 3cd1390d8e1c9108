"""Instruments that follow-ups ask for by kind, and that appointments hold."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Say what each instrument is, as far as its name tells."""
    op.add_column("instrument", sa.Column("what", sa.String(length=40), server_default="other", nullable=False))
    op.execute("UPDATE instrument SET what = 'ecg' WHERE name LIKE '%lectrocardiog%' OR name LIKE '%ECG%'")
    op.add_column("follow_up_promise", sa.Column("instrument", sa.String(length=40), nullable=True))
    op.add_column("appointment", sa.Column("instrument_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Forget which instruments were asked for: an earlier release does not know them."""
    op.drop_column("appointment", "instrument_id")
    op.drop_column("follow_up_promise", "instrument")
    op.drop_column("instrument", "what")
