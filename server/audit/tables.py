"""The rows of the audit log. They are inserted, never changed: triggers on both databases refuse the rest."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, String, event
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row


class AuditEvent(Row):
    """One act. `idx` is its place in the Merkle tree, given later by the sequencer."""

    __tablename__ = "audit_event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[UUID | None]
    role: Mapped[str | None] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(40))
    patient_id: Mapped[UUID | None] = mapped_column(index=True)
    record: Mapped[str | None] = mapped_column(String(80))
    row_ver: Mapped[int | None]
    ct_sha256: Mapped[bytes | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    salt: Mapped[bytes]
    leaf: Mapped[bytes]
    idx: Mapped[int | None] = mapped_column(unique=True)


_SQLITE = (
    "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is never deleted'); END",
    "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event "
    "WHEN OLD.idx IS NOT NULL OR NEW.leaf IS NOT OLD.leaf OR NEW.salt IS NOT OLD.salt "
    "OR NEW.at IS NOT OLD.at OR NEW.actor IS NOT OLD.actor OR NEW.action IS NOT OLD.action "
    "OR NEW.patient_id IS NOT OLD.patient_id OR NEW.record IS NOT OLD.record "
    "OR NEW.row_ver IS NOT OLD.row_ver OR NEW.ct_sha256 IS NOT OLD.ct_sha256 "
    "OR NEW.role IS NOT OLD.role OR NEW.reason IS NOT OLD.reason OR NEW.id IS NOT OLD.id "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END",
    # OR REPLACE deletes a row without a DELETE trigger: so inserts look too
    "CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event "
    "WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id OR idx = NEW.idx) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is never replaced'); END",
)
_POSTGRES = (
    "CREATE FUNCTION audit_event_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP IN ('DELETE', 'TRUNCATE') THEN RAISE EXCEPTION 'the audit log is never deleted'; END IF; "
    "IF OLD.idx IS NOT NULL OR to_jsonb(NEW) - 'idx' IS DISTINCT FROM to_jsonb(OLD) - 'idx' "
    "THEN RAISE EXCEPTION 'the audit log is never changed'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER audit_event_frozen BEFORE UPDATE OR DELETE ON audit_event "
    "FOR EACH ROW EXECUTE FUNCTION audit_event_frozen()",
    "CREATE TRIGGER audit_event_whole BEFORE TRUNCATE ON audit_event "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_frozen()",
)
TRIGGERS = {"sqlite": _SQLITE, "postgresql": _POSTGRES}
"""Statements per dialect: `create_all` and the migrations run the same ones."""

for _dialect, _statements in TRIGGERS.items():
    for _statement in _statements:
        event.listen(
            AuditEvent.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
