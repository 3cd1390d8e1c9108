"""Two records of one person can be joined and parted, and people who only look alike are kept apart."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the links between records; no record is rewritten."""
    op.create_table(
        "patient_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("root_id", sa.Uuid(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("parted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parted_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("patient_id <> into_id", name=op.f("ck_patient_merge_two")),
        sa.CheckConstraint("(parted_at IS NULL) = (parted_by IS NULL)", name=op.f("ck_patient_merge_parted")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_merge_patient_id")),
        sa.ForeignKeyConstraint(["into_id"], ["patient.id"], name=op.f("fk_patient_merge_into_id")),
        sa.ForeignKeyConstraint(["root_id"], ["patient.id"], name=op.f("fk_patient_merge_root_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_merge")),
    )
    standing = sa.text("parted_at IS NULL")
    op.create_index(
        "uq_patient_merge_standing",
        "patient_merge",
        ["patient_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_patient_merge_root", "patient_merge", ["root_id"], unique=False)
    op.create_table(
        "patient_distinct",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["patient.id"], name=op.f("fk_patient_distinct_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["patient.id"], name=op.f("fk_patient_distinct_second_id")),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_patient_distinct")),
    )


def downgrade() -> None:
    """Take the links away: the records stand as they were before any was joined."""
    op.drop_table("patient_distinct")
    op.drop_index("ix_patient_merge_root", "patient_merge")
    op.drop_index("uq_patient_merge_standing", "patient_merge")
    op.drop_table("patient_merge")
