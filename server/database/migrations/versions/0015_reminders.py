"""Reminders by the patient's choice, withdrawals with a reason, and promises that change hands."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the tables: nobody is reminded of anything before they said how."""
    op.create_table(
        "reminder_choice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Uuid(), nullable=True),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_reminder_choice_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_choice")),
        sa.UniqueConstraint("patient_id", "channel", name=op.f("uq_reminder_choice_patient_id_channel")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occasion", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(length=40), nullable=True),
        sa.Column("provider_ref", sa.String(120), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("code_index", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_reminder_appointment_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_reminder_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_reminder_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "appointment_id",
            "starts_at",
            "occasion",
            "channel",
            name=op.f("uq_reminder_appointment_id_starts_at_occasion_channel"),
        ),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reminder_token_hash")),
    )
    op.create_index("ix_reminder_status_not_before", "reminder", ["status", "not_before"], unique=False)
    op.create_index("ix_reminder_site_id_status", "reminder", ["site_id", "status"], unique=False)
    op.create_index(op.f("ix_reminder_code_index"), "reminder", ["code_index"], unique=False)
    _promises()


def _promises() -> None:
    op.create_table(
        "promise_withdrawal",
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["promise_id"], ["follow_up_promise.id"], name=op.f("fk_promise_withdrawal_promise_id")
        ),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promise_withdrawal")),
    )
    op.create_table(
        "promise_handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_promise_handover_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_handover")),
    )
    op.create_index("ix_promise_handover_made_at", "promise_handover", ["made_at"], unique=False)
    op.create_table(
        "promise_handover_line",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["promise_handover.id"], name=op.f("fk_promise_handover_line_handover_id")
        ),
        sa.ForeignKeyConstraint(
            ["promise_id"], ["follow_up_promise.id"], name=op.f("fk_promise_handover_line_promise_id")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_promise_handover_line_appointment_id")
        ),
        sa.PrimaryKeyConstraint("handover_id", "promise_id", name=op.f("pk_promise_handover_line")),
    )


def downgrade() -> None:
    """Forget choices, messages, reasons and handovers; promises and appointments stand as they are."""
    op.drop_table("promise_handover_line")
    op.drop_index("ix_promise_handover_made_at", "promise_handover")
    op.drop_table("promise_handover")
    op.drop_table("promise_withdrawal")
    op.drop_index(op.f("ix_reminder_code_index"), "reminder")
    op.drop_index("ix_reminder_site_id_status", "reminder")
    op.drop_index("ix_reminder_status_not_before", "reminder")
    op.drop_table("reminder")
    op.drop_table("reminder_choice")
