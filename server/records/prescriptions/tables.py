"""The rows of prescriptions. What is prescribed is sealed; a signed prescription is guarded by triggers."""

from datetime import datetime

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, event, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import EncounterId, PatientId, PractitionerId, PrescriptionId
from server.records.prescriptions.rules import PrescriptionStatus

_DRAFT = text("status = 'draft'")


class PrescriptionRow(Row):
    """A prescription of a visit: one draft at most, any number of signed ones."""

    __tablename__ = "prescription"
    __table_args__ = (
        CheckConstraint("(status = 'draft') = (signed_at IS NULL)", name="signed"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        Index("uq_prescription_draft", "encounter_id", unique=True, sqlite_where=_DRAFT, postgresql_where=_DRAFT),
        Index("ix_prescription_encounter", "encounter_id"),
        Index("ix_prescription_patient", "patient_id", "signed_at"),
    )

    id: Mapped[PrescriptionId] = mapped_column(primary_key=True)
    encounter_id: Mapped[EncounterId]
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    author_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    replaces_id: Mapped[PrescriptionId | None] = mapped_column(ForeignKey("prescription.id"))
    status: Mapped[PrescriptionStatus]
    row_ver: Mapped[int]
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


# A prescription never changes place or owner. Once signed it may only be cancelled, once, and its words stay;
# under a newer data key of the patient they may be sealed anew, with all else as it was.
_SQLITE = (
    "CREATE TRIGGER prescription_kept_on_update BEFORE UPDATE ON prescription WHEN NEW.id IS NOT OLD.id "
    "OR NEW.encounter_id IS NOT OLD.encounter_id OR NEW.patient_id IS NOT OLD.patient_id "
    "OR NEW.created_at IS NOT OLD.created_at OR NEW.replaces_id IS NOT OLD.replaces_id "
    "OR OLD.status <> 'draft' AND NOT (OLD.status = 'active' AND NEW.status = 'cancelled' "
    "AND NEW.sealed_body IS OLD.sealed_body AND NEW.row_ver IS OLD.row_ver AND NEW.key_ver IS OLD.key_ver "
    "AND NEW.author_id IS OLD.author_id AND NEW.saved_at IS OLD.saved_at AND NEW.signed_at IS OLD.signed_at "
    "OR NEW.status IS OLD.status AND NEW.row_ver IS OLD.row_ver AND NEW.author_id IS OLD.author_id "
    "AND NEW.saved_at IS OLD.saved_at AND NEW.signed_at IS OLD.signed_at AND NEW.cancelled_at IS OLD.cancelled_at "
    "AND NEW.key_ver > OLD.key_ver "
    "AND EXISTS (SELECT 1 FROM patient_key WHERE patient_id = OLD.patient_id AND ver = NEW.key_ver)) "
    "BEGIN SELECT RAISE(ABORT, 'a signed prescription never changes'); END",
    "CREATE TRIGGER prescription_kept_on_delete BEFORE DELETE ON prescription WHEN OLD.status <> 'draft' "
    "BEGIN SELECT RAISE(ABORT, 'a signed prescription is never deleted'); END",
    "CREATE TRIGGER prescription_kept_on_insert BEFORE INSERT ON prescription WHEN EXISTS (SELECT 1 FROM prescription "
    "WHERE id = NEW.id AND status <> 'draft') "
    "BEGIN SELECT RAISE(ABORT, 'a signed prescription is never replaced'); END",
)
_POSTGRES = (
    "CREATE FUNCTION prescription_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'TRUNCATE' THEN IF EXISTS (SELECT 1 FROM prescription WHERE status <> 'draft') "
    "THEN RAISE EXCEPTION 'a signed prescription is never deleted'; END IF; RETURN NULL; END IF; "
    "IF TG_OP = 'DELETE' THEN IF OLD.status <> 'draft' "
    "THEN RAISE EXCEPTION 'a signed prescription is never deleted'; END IF; RETURN OLD; END IF; "
    "IF (NEW.id, NEW.encounter_id, NEW.patient_id, NEW.created_at, NEW.replaces_id) IS DISTINCT FROM "
    "(OLD.id, OLD.encounter_id, OLD.patient_id, OLD.created_at, OLD.replaces_id) "
    "OR OLD.status <> 'draft' AND NOT (OLD.status = 'active' AND NEW.status = 'cancelled' "
    "AND to_jsonb(NEW) - 'status' - 'cancelled_at' = to_jsonb(OLD) - 'status' - 'cancelled_at' "
    "OR NEW.key_ver > OLD.key_ver AND to_jsonb(NEW) - 'sealed_body' - 'key_ver' = "
    "to_jsonb(OLD) - 'sealed_body' - 'key_ver' "
    "AND EXISTS (SELECT 1 FROM patient_key WHERE patient_id = OLD.patient_id AND ver = NEW.key_ver)) "
    "THEN RAISE EXCEPTION 'a signed prescription never changes'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER prescription_kept BEFORE UPDATE OR DELETE ON prescription "
    "FOR EACH ROW EXECUTE FUNCTION prescription_kept()",
    "CREATE TRIGGER prescription_kept_whole BEFORE TRUNCATE ON prescription "
    "FOR EACH STATEMENT EXECUTE FUNCTION prescription_kept()",
)
PRESCRIPTION_GUARDS = {"sqlite": _SQLITE, "postgresql": _POSTGRES}
"""Statements per dialect: `create_all` and the migrations run the same ones."""

for _dialect, _statements in PRESCRIPTION_GUARDS.items():
    for _statement in _statements:
        event.listen(
            PrescriptionRow.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
