"""The rows of notes, observations and background. All words are sealed; a signed note is guarded by triggers."""

from datetime import datetime

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, event
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, EncounterId, NoteId, ObservationId, PatientId, PractitionerId
from server.records.rules.note import NoteStatus
from server.records.seal.tables import KekVersion, PatientKey

__all__ = [
    "NOTE_GUARDS",
    "AddendumRow",
    "BackgroundRow",
    "BackgroundVersionRow",
    "KekVersion",
    "NoteRow",
    "NoteVersionRow",
    "ObservationRow",
    "PatientKey",
]


class NoteRow(Row):
    """The note of a visit; a visit has one, which bears its id, so that a save needs no look beforehand.

    Encounters stand on a floor above: their id is kept without a foreign key upwards.
    """

    __tablename__ = "note"
    __table_args__ = (
        CheckConstraint("(status = 'preliminary') = (signed_at IS NULL)", name="signed"),
        Index("ix_note_patient", "patient_id", "signed_at"),
        Index("ix_note_author", "author_id", "signed_at"),
    )

    id: Mapped[NoteId] = mapped_column(primary_key=True)
    encounter_id: Mapped[EncounterId] = mapped_column(unique=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    author_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    status: Mapped[NoteStatus]
    row_ver: Mapped[int]
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]


class NoteVersionRow(Row):
    """A draft as it stood after one save: the very ciphertext that the note's row held, in its place."""

    __tablename__ = "note_version"

    note_id: Mapped[NoteId] = mapped_column(ForeignKey("note.id"), primary_key=True)
    row_ver: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    author_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    saved_at: Mapped[datetime]


class AddendumRow(Row):
    """A correction of a signed note: added, never put in its place."""

    __tablename__ = "note_addendum"

    id: Mapped[NoteId] = mapped_column(primary_key=True)
    note_id: Mapped[NoteId] = mapped_column(ForeignKey("note.id"), index=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    author_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    row_ver: Mapped[int]
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    added_at: Mapped[datetime]


class ObservationRow(Row):
    """One measure. Which one, and its value, are sealed."""

    __tablename__ = "observation"
    __table_args__ = (
        CheckConstraint("status IN ('final', 'entered-in-error')", name="status"),
        Index("ix_observation_patient", "patient_id", "taken_at"),
    )

    id: Mapped[ObservationId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    encounter_id: Mapped[EncounterId | None]
    status: Mapped[NoteStatus]
    taken_at: Mapped[datetime]
    taken_by: Mapped[AccountId]
    row_ver: Mapped[int]
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]


class BackgroundRow(Row):
    """What is known of a patient beforehand: one row each."""

    __tablename__ = "patient_background"

    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    row_ver: Mapped[int]
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    saved_at: Mapped[datetime]
    saved_by: Mapped[AccountId]


class BackgroundVersionRow(Row):
    """A background as it stood after one save: the very ciphertext that its row held, in its place."""

    __tablename__ = "patient_background_version"

    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    row_ver: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_ver: Mapped[int]
    sealed_body: Mapped[bytes]
    saved_at: Mapped[datetime]
    saved_by: Mapped[AccountId]


# A note never changes place or owner. Once signed, only its status may move, and the words stay: the two moves
# are those of rules/note.py. SQLite's OR REPLACE deletes a row without a DELETE trigger: so inserts look too.
# One door: when the patient has a newer data key, the same words may be sealed under it, once, with all else as it was.
_SQLITE = (
    "CREATE TRIGGER note_kept_on_update BEFORE UPDATE ON note WHEN NEW.id IS NOT OLD.id "
    "OR NEW.encounter_id IS NOT OLD.encounter_id OR NEW.patient_id IS NOT OLD.patient_id "
    "OR NEW.created_at IS NOT OLD.created_at OR OLD.status <> 'preliminary' AND NOT ("
    "OLD.status = 'final' AND NEW.status IN ('amended', 'entered-in-error') "
    "AND NEW.sealed_body IS OLD.sealed_body AND NEW.row_ver IS OLD.row_ver AND NEW.key_ver IS OLD.key_ver "
    "AND NEW.author_id IS OLD.author_id AND NEW.saved_at IS OLD.saved_at AND NEW.signed_at IS OLD.signed_at "
    "OR NEW.status IS OLD.status AND NEW.row_ver IS OLD.row_ver AND NEW.author_id IS OLD.author_id "
    "AND NEW.saved_at IS OLD.saved_at AND NEW.signed_at IS OLD.signed_at AND NEW.key_ver > OLD.key_ver "
    "AND EXISTS (SELECT 1 FROM patient_key WHERE patient_id = OLD.patient_id AND ver = NEW.key_ver)) "
    "BEGIN SELECT RAISE(ABORT, 'a signed note never changes'); END",
    "CREATE TRIGGER note_kept_on_delete BEFORE DELETE ON note WHEN OLD.status <> 'preliminary' "
    "BEGIN SELECT RAISE(ABORT, 'a signed note is never deleted'); END",
    "CREATE TRIGGER note_kept_on_insert BEFORE INSERT ON note WHEN EXISTS (SELECT 1 FROM note "
    "WHERE (id = NEW.id OR encounter_id = NEW.encounter_id) AND status <> 'preliminary') "
    "BEGIN SELECT RAISE(ABORT, 'a signed note is never replaced'); END",
)
_POSTGRES = (
    "CREATE FUNCTION note_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'TRUNCATE' THEN IF EXISTS (SELECT 1 FROM note WHERE status <> 'preliminary') "
    "THEN RAISE EXCEPTION 'a signed note is never deleted'; END IF; RETURN NULL; END IF; "
    "IF TG_OP = 'DELETE' THEN IF OLD.status <> 'preliminary' "
    "THEN RAISE EXCEPTION 'a signed note is never deleted'; END IF; RETURN OLD; END IF; "
    "IF (NEW.id, NEW.encounter_id, NEW.patient_id, NEW.created_at) IS DISTINCT FROM "
    "(OLD.id, OLD.encounter_id, OLD.patient_id, OLD.created_at) "
    "OR OLD.status <> 'preliminary' AND NOT ("
    "OLD.status = 'final' AND NEW.status IN ('amended', 'entered-in-error') "
    "AND to_jsonb(NEW) - 'status' = to_jsonb(OLD) - 'status' "
    "OR NEW.key_ver > OLD.key_ver AND to_jsonb(NEW) - 'sealed_body' - 'key_ver' = "
    "to_jsonb(OLD) - 'sealed_body' - 'key_ver' "
    "AND EXISTS (SELECT 1 FROM patient_key WHERE patient_id = OLD.patient_id AND ver = NEW.key_ver)) "
    "THEN RAISE EXCEPTION 'a signed note never changes'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER note_kept BEFORE UPDATE OR DELETE ON note FOR EACH ROW EXECUTE FUNCTION note_kept()",
    "CREATE TRIGGER note_kept_whole BEFORE TRUNCATE ON note FOR EACH STATEMENT EXECUTE FUNCTION note_kept()",
)
NOTE_GUARDS = {"sqlite": _SQLITE, "postgresql": _POSTGRES}
"""Statements per dialect: `create_all` and the migrations run the same ones."""

for _dialect, _statements in NOTE_GUARDS.items():
    for _statement in _statements:
        event.listen(
            NoteRow.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
