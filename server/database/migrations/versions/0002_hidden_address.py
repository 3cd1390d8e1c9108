"""Whether a person's calls go over the relay alone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nobody hid their address before."""
    op.add_column("account", sa.Column("hides_address", sa.Boolean(), server_default=sa.false(), nullable=False))
