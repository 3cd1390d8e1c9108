"""Who is booked may come late, or beside somebody else for a reason that is named."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Nobody was late, and nobody stood in a second lane."""
    op.add_column("appointment", sa.Column("late_min", sa.Integer(), nullable=True))
    op.add_column("appointment", sa.Column("override_reason", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Forget who is late; what stands in a second lane is freed there, the appointments stay."""
    op.execute("DELETE FROM busy_unit WHERE lane > 0")
    op.drop_column("appointment", "override_reason")
    op.drop_column("appointment", "late_min")
