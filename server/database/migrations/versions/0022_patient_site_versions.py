"""Whether anything changed at a site is read from an index alone: each search asks."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """The versions stand beside the sites."""
    op.drop_index(op.f("ix_patient_site_id"), "patient")
    op.create_index("ix_patient_site", "patient", ["site_id", "row_ver"], unique=False)


def downgrade() -> None:
    """The sites alone."""
    op.drop_index("ix_patient_site", "patient")
    op.create_index(op.f("ix_patient_site_id"), "patient", ["site_id"], unique=False)
