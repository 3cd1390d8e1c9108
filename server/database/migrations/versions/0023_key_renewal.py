"""A patient's data key can be renewed: what is signed may be sealed anew under it, with all else as it was."""

import sqlalchemy as sa
from alembic import op

from server.records.prescriptions.tables import PRESCRIPTION_GUARDS
from server.records.tables import NOTE_GUARDS

revision = "0023"
down_revision = "0022"

_LIVING = sa.text("ver > 1 AND ended_at IS NULL")


def upgrade() -> None:
    """Add when a version of a key ended, and draw the guards of notes and prescriptions anew."""
    op.add_column("patient_key", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_patient_key_renewed", "patient_key", ["patient_id"], sqlite_where=_LIVING, postgresql_where=_LIVING
    )
    for table, guards in (("note", NOTE_GUARDS), ("prescription", PRESCRIPTION_GUARDS)):
        if op.get_bind().dialect.name == "sqlite":
            for act in ("update", "delete", "insert"):
                op.execute(f"DROP TRIGGER {table}_kept_on_{act}")
        else:
            op.execute(f"DROP FUNCTION {table}_kept() CASCADE")
        for statement in guards[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    """Forget which versions ended: the older ones open again. The guards keep their door, which nothing uses."""
    op.drop_index("ix_patient_key_renewed", "patient_key")
    op.drop_column("patient_key", "ended_at")
