"""The first visit: accounts, people, records, encounters, scheduler, evaluation and the audit log."""

import sqlalchemy as sa
from alembic import op

from server.audit.tables import TRIGGERS
from server.records.tables import NOTE_GUARDS

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the first landing, then the triggers that keep signed notes and the log as they are."""
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("health_worker_id", sa.Uuid(), nullable=True),
        sa.Column("cabin_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("record", sa.String(length=80), nullable=True),
        sa.Column("row_ver", sa.Integer(), nullable=True),
        sa.Column("ct_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("idx", name=op.f("uq_audit_event_idx")),
    )
    op.create_index(op.f("ix_audit_event_patient_id"), "audit_event", ["patient_id"], unique=False)
    op.create_table(
        "closing_day",
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("zone", "on_day", name=op.f("pk_closing_day")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("actor", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("response", sa.String(length=1000), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_kept_until"), "idempotency_key", ["kept_until"], unique=False)
    op.create_table(
        "kek_version",
        sa.Column("kid", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("kcv", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('wrap', 'index')", name=op.f("ck_kek_version_purpose")),
        sa.CheckConstraint(
            "state IN ('staged', 'primary', 'decrypt', 'retired', 'destroyed')", name=op.f("ck_kek_version_state")
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_kek_version")),
    )
    op.create_index(
        "uq_kek_version_primary",
        "kek_version",
        ["purpose"],
        unique=True,
        sqlite_where=sa.text("state = 'primary'"),
        postgresql_where=sa.text("state = 'primary'"),
    )
    op.create_table(
        "practitioner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("specialty", sa.String(length=120), nullable=False),
        sa.Column("rpps", sa.String(length=11), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner")),
        sa.UniqueConstraint("rpps", name=op.f("uq_practitioner_rpps")),
    )
    op.create_table(
        "resource",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_resource_subject_id")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("commune", sa.String(length=120), nullable=False),
        sa.Column("insee", sa.String(length=5), nullable=False),
        sa.Column("postcode", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("samu_phone", sa.String(length=20), nullable=False),
        sa.Column("aed", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "availability_exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_availability_exception_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_exception")),
    )
    op.create_index(
        op.f("ix_availability_exception_resource_id"), "availability_exception", ["resource_id"], unique=False
    )
    op.create_table(
        "availability_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_min", sa.Integer(), nullable=False),
        sa.Column("end_min", sa.Integer(), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_availability_rule_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_rule")),
    )
    op.create_index(op.f("ix_availability_rule_resource_id"), "availability_rule", ["resource_id"], unique=False)
    op.create_table(
        "cabin",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("access_notes", sa.String(length=300), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("in_service", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_cabin_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cabin")),
    )
    op.create_index(op.f("ix_cabin_site_id"), "cabin", ["site_id"], unique=False)
    op.create_table(
        "duty",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_duty_practitioner_id")),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_duty")),
    )
    op.create_table(
        "health_worker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("profession", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_health_worker_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_worker")),
    )
    op.create_index(op.f("ix_health_worker_site_id"), "health_worker", ["site_id"], unique=False)
    op.create_table(
        "help_call",
        sa.Column("cabin_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["cabin_id"], ["cabin.id"], name=op.f("fk_help_call_cabin_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_help_call_site_id")),
        sa.PrimaryKeyConstraint("cabin_id", name=op.f("pk_help_call")),
    )
    op.create_index(op.f("ix_help_call_site_id"), "help_call", ["site_id"], unique=False)
    op.create_table(
        "patient",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_traits", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("fictitious", sa.Boolean(), nullable=False),
        sa.Column("code_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_patient_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("code_index", name=op.f("uq_patient_code_index")),
    )
    op.create_index(op.f("ix_patient_site_id"), "patient", ["site_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("csrf", sa.String(length=43), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_table(
        "care_relation",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("treating", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_care_relation_patient_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_care_relation_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("patient_id", "practitioner_id", name=op.f("pk_care_relation")),
    )
    op.create_table(
        "encounter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("cabin_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("call", sa.String(length=40), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("accompanied", sa.String(length=40), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("priority", sa.Boolean(), nullable=False),
        sa.Column("sealed_intake", sa.LargeBinary(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=40), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cabin_id"], ["cabin.id"], name=op.f("fk_encounter_cabin_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_encounter_patient_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_encounter_practitioner_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_encounter_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
    )
    op.create_index(op.f("ix_encounter_cabin_id"), "encounter", ["cabin_id"], unique=False)
    op.create_index(
        "ix_encounter_open",
        "encounter",
        ["status", "triaged_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('triaged', 'in-progress')"),
        postgresql_where=sa.text("status IN ('triaged', 'in-progress')"),
    )
    op.create_index(op.f("ix_encounter_patient_id"), "encounter", ["patient_id"], unique=False)
    op.create_index(op.f("ix_encounter_practitioner_id"), "encounter", ["practitioner_id"], unique=False)
    op.create_index(
        "uq_encounter_running",
        "encounter",
        ["practitioner_id"],
        unique=True,
        sqlite_where=sa.text("status = 'in-progress'"),
        postgresql_where=sa.text("status = 'in-progress'"),
    )
    op.create_index(
        "uq_encounter_seated",
        "encounter",
        ["cabin_id"],
        unique=True,
        sqlite_where=sa.text("seated_at IS NOT NULL AND left_at IS NULL"),
        postgresql_where=sa.text("seated_at IS NOT NULL AND left_at IS NULL"),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'preliminary') = (signed_at IS NULL)", name=op.f("ck_note_signed")),
        sa.ForeignKeyConstraint(["author_id"], ["practitioner.id"], name=op.f("fk_note_author_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_note_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
        sa.UniqueConstraint("encounter_id", name=op.f("uq_note_encounter_id")),
    )
    op.create_index("ix_note_patient", "note", ["patient_id", "signed_at"], unique=False)
    op.create_table(
        "observation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("status IN ('final', 'entered-in-error')", name=op.f("ck_observation_status")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_observation_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
    )
    op.create_index("ix_observation_patient", "observation", ["patient_id", "taken_at"], unique=False)
    op.create_table(
        "patient_background",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_background_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_patient_background")),
    )
    op.create_table(
        "patient_key",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("ver", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kek_id", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("commit_tag", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shredded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["kek_id"], ["kek_version.kid"], name=op.f("fk_patient_key_kek_id")),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
            name=op.f("fk_patient_key_patient_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("patient_id", "ver", name=op.f("pk_patient_key")),
    )
    op.create_index(op.f("ix_patient_key_kek_id"), "patient_key", ["kek_id"], unique=False)
    op.create_table(
        "patient_name_index",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_name_index_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "blind", name=op.f("pk_patient_name_index")),
    )
    op.create_index("ix_patient_name_index_blind", "patient_name_index", ["blind"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("witness", sa.String(length=120), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_consent_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_encounter_id"), "consent", ["encounter_id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("cabin_id", sa.Uuid(), nullable=False),
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("face BETWEEN 1 AND 3", name=op.f("ck_feedback_face")),
        sa.ForeignKeyConstraint(["cabin_id"], ["cabin.id"], name=op.f("fk_feedback_cabin_id")),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_feedback_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("encounter_id", name=op.f("uq_feedback_encounter_id")),
    )
    op.create_index(op.f("ix_feedback_cabin_id"), "feedback", ["cabin_id"], unique=False)
    op.create_table(
        "follow_up_promise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("health_worker_id", sa.Uuid(), nullable=True),
        sa.Column("with_health_worker", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("earliest_on", sa.Date(), nullable=False),
        sa.Column("latest_on", sa.Date(), nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_follow_up_promise_encounter_id")),
        sa.ForeignKeyConstraint(
            ["health_worker_id"], ["health_worker.id"], name=op.f("fk_follow_up_promise_health_worker_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_follow_up_promise_patient_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_follow_up_promise_practitioner_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_follow_up_promise_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_promise")),
        sa.UniqueConstraint("encounter_id", name=op.f("uq_follow_up_promise_encounter_id")),
    )
    op.create_index(op.f("ix_follow_up_promise_patient_id"), "follow_up_promise", ["patient_id"], unique=False)
    op.create_index(
        op.f("ix_follow_up_promise_practitioner_id"), "follow_up_promise", ["practitioner_id"], unique=False
    )
    op.create_index("ix_follow_up_promise_site_id_status", "follow_up_promise", ["site_id", "status"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_incident_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_encounter_id"), "incident", ["encounter_id"], unique=False)
    op.create_table(
        "note_addendum",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("key_ver", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["practitioner.id"], name=op.f("fk_note_addendum_author_id")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_addendum_note_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_note_addendum_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_addendum")),
    )
    op.create_index(op.f("ix_note_addendum_note_id"), "note_addendum", ["note_id"], unique=False)
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("cabin_id", sa.Uuid(), nullable=True),
        sa.Column("health_worker_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wall_time", sa.String(length=16), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("zone_version", sa.String(length=20), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cabin_id"], ["cabin.id"], name=op.f("fk_appointment_cabin_id")),
        sa.ForeignKeyConstraint(
            ["health_worker_id"], ["health_worker.id"], name=op.f("fk_appointment_health_worker_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_appointment_patient_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioner.id"], name=op.f("fk_appointment_practitioner_id")),
        sa.ForeignKeyConstraint(["promise_id"], ["follow_up_promise.id"], name=op.f("fk_appointment_promise_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_appointment_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(op.f("ix_appointment_patient_id"), "appointment", ["patient_id"], unique=False)
    op.create_index(
        "ix_appointment_practitioner_id_starts_at", "appointment", ["practitioner_id", "starts_at"], unique=False
    )
    op.create_index(op.f("ix_appointment_promise_id"), "appointment", ["promise_id"], unique=False)
    op.create_index("ix_appointment_site_id_starts_at", "appointment", ["site_id", "starts_at"], unique=False)
    op.create_table(
        "busy_unit",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_busy_unit_appointment_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_busy_unit_resource_id")),
        sa.PrimaryKeyConstraint("resource_id", "unit", "lane", name=op.f("pk_busy_unit")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_busy_unit_appointment_id"), "busy_unit", ["appointment_id"], unique=False)

    _triggers()


def _triggers() -> None:
    dialect = op.get_bind().dialect.name
    for statement in (*TRIGGERS[dialect], *NOTE_GUARDS[dialect]):
        op.get_bind().exec_driver_sql(statement)
