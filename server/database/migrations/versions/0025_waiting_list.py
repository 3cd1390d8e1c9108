"""The waiting list: who waits, the moments that were freed, and who was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the tables: nobody waits yet."""
    op.create_table(
        "waiting_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_keys("waiting_entry", "promise_id", "patient_id", "site_id", "practitioner_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_entry")),
        sa.UniqueConstraint("promise_id", name=op.f("uq_waiting_entry_promise_id")),
    )
    op.create_index(op.f("ix_waiting_entry_patient_id"), "waiting_entry", ["patient_id"], unique=False)
    op.create_index("ix_waiting_entry_site_id_status", "waiting_entry", ["site_id", "status"], unique=False)
    op.create_table(
        "freed_moment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_up_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        *_keys("freed_moment", "site_id", "practitioner_id", "given_up_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freed_moment")),
    )
    op.create_index("ix_freed_moment_status_not_before", "freed_moment", ["status", "not_before"], unique=False)
    op.create_index(
        "ix_freed_moment_practitioner_id_starts_at", "freed_moment", ["practitioner_id", "starts_at"], unique=False
    )
    _offers()


def _offers() -> None:
    op.create_table(
        "waiting_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("hold_version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        *_keys("waiting_offer", "moment_id", "entry_id", "promise_id", "patient_id", "site_id", "hold_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_offer")),
        sa.UniqueConstraint("moment_id", "entry_id", name=op.f("uq_waiting_offer_moment_id_entry_id")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_waiting_offer_hold_id")),
    )
    op.create_index(op.f("ix_waiting_offer_entry_id"), "waiting_offer", ["entry_id"], unique=False)
    op.create_index(op.f("ix_waiting_offer_patient_id"), "waiting_offer", ["patient_id"], unique=False)
    op.create_index("ix_waiting_offer_site_id_status", "waiting_offer", ["site_id", "status"], unique=False)
    op.create_index("ix_waiting_offer_status_until", "waiting_offer", ["status", "until"], unique=False)


_POINTED = {
    "moment_id": "freed_moment",
    "entry_id": "waiting_entry",
    "promise_id": "follow_up_promise",
    "given_up_by": "follow_up_promise",
    "patient_id": "patient",
    "site_id": "site",
    "practitioner_id": "practitioner",
    "hold_id": "appointment",
}


def _keys(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{_POINTED[column]}.id"], name=op.f(f"fk_{table}_{column}"))
        for column in columns
    ]


def downgrade() -> None:
    """Forget the list; what was accepted is booked and stays."""
    for table in ("waiting_offer", "freed_moment", "waiting_entry"):
        op.drop_table(table)
