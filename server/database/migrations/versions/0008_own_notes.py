"""A doctor finds their own signed notes without a look at everybody's."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the index; nothing is rewritten."""
    op.create_index("ix_note_author", "note", ["author_id", "signed_at"], unique=False)


def downgrade() -> None:
    """Take the index away."""
    op.drop_index("ix_note_author", "note")
