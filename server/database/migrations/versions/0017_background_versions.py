"""Every save of the sheet of allergies, conditions and medications stays readable."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_KEPT = "patient_id, row_ver, key_ver, sealed_body, saved_at, saved_by"


def upgrade() -> None:
    """What stands in each sheet now is its first version that is kept."""
    op.create_table(
        "patient_background_version",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_background_version_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "row_ver", name=op.f("pk_patient_background_version")),
    )
    op.execute(f"INSERT INTO patient_background_version ({_KEPT}) SELECT {_KEPT} FROM patient_background")  # noqa: S608


def downgrade() -> None:
    """Forget the earlier versions; the sheets stand as they are."""
    op.drop_table("patient_background_version")
