"""The rows of the audit log and of its tree. Inserted, never changed: triggers on both databases refuse the rest."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, CabinId

NOTE_MAX = 1000  # a signed checkpoint takes about 320 letters


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


class AuditHead(Row):
    """The tree as it stands: one row. `peaks` are the hashes of its complete subtrees, largest first.

    `note` is the newest signed checkpoint: at most as far as `size`.
    """

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    peaks: Mapped[bytes]
    note: Mapped[str | None] = mapped_column(String(NOTE_MAX))
    at: Mapped[datetime]


class AuditNode(Row):
    """The hash of a complete subtree of 256, 65,536 … leaves: `level` 8, 16 … so that proofs need few rows."""

    __tablename__ = "audit_node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class AuditCheckpoint(Row):
    """A signed checkpoint that is kept for good: at most one a minute."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(String(NOTE_MAX))
    at: Mapped[datetime]


class AuditAlarm(Row):
    """A witness saw a log that this one does not continue. `seen` and `shown` are the two checkpoints."""

    __tablename__ = "audit_alarm"
    __table_args__ = (UniqueConstraint("cabin_id", "seen_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    cabin_id: Mapped[CabinId]
    seen: Mapped[str] = mapped_column(String(NOTE_MAX))
    seen_sha256: Mapped[bytes]
    shown: Mapped[str] = mapped_column(String(NOTE_MAX))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[AccountId | None]


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

_FROZEN = ("audit_node", "audit_checkpoint")
_TREE_SQLITE = (
    *(
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the tree of the audit log is never changed'); END"
        for table in _FROZEN
        for act in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head "
    "BEGIN SELECT RAISE(ABORT, 'the head of the audit log is never deleted'); END",
    "CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head WHEN NEW.size < OLD.size OR NEW.id <> OLD.id "
    "BEGIN SELECT RAISE(ABORT, 'the audit log never shrinks'); END",
)
_TREE_POSTGRES = (
    "CREATE FUNCTION audit_tree_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_TABLE_NAME = 'audit_head' AND TG_OP = 'UPDATE' THEN "
    "IF NEW.size >= OLD.size AND NEW.id = OLD.id THEN RETURN NEW; END IF; "
    "RAISE EXCEPTION 'the audit log never shrinks'; END IF; "
    "RAISE EXCEPTION 'the tree of the audit log is never changed'; END $$",
    *(
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION audit_tree_frozen()"
        for table in (*_FROZEN, "audit_head")
    ),
    *(
        f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION audit_tree_frozen()"
        for table in (*_FROZEN, "audit_head")
    ),
)
TREE_TRIGGERS = {"sqlite": _TREE_SQLITE, "postgresql": _TREE_POSTGRES}
"""The same for the tree; drawn once all tables are there."""

for _drawn, _when in ((TRIGGERS, AuditEvent.__table__), (TREE_TRIGGERS, Row.metadata)):
    for _dialect, _statements in _drawn.items():
        for _statement in _statements:
            event.listen(
                _when,
                "after_create",
                DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
            )
