"""Every save of a draft stays readable for its author."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Drafts that were saved before have no versions: their next save is the first that is kept."""
    op.create_table(
        "note_version",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_version_note_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_note_version_patient_id")),
        sa.ForeignKeyConstraint(["author_id"], ["practitioner.id"], name=op.f("fk_note_version_author_id")),
        sa.PrimaryKeyConstraint("note_id", "row_ver", name=op.f("pk_note_version")),
    )


def downgrade() -> None:
    """Forget the earlier versions; the notes stand as they are."""
    op.drop_table("note_version")
