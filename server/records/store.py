"""The named queries of notes, observations and background: the only SQL of the records."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Table, Update, Uuid, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.rows import Row
from server.kernel.ids import AccountId, EncounterId, NoteId, ObservationId, PatientId, PractitionerId
from server.people.store import same_person
from server.records.rules.note import NoteStatus
from server.records.tables import (
    AddendumRow,
    BackgroundRow,
    BackgroundVersionRow,
    NoteRow,
    NoteVersionRow,
    ObservationRow,
)

SIGNED = (NoteStatus.FINAL, NoteStatus.AMENDED, NoteStatus.ENTERED_IN_ERROR)


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note as it lies in the database, its words sealed."""

    id: NoteId
    encounter_id: EncounterId
    patient_id: PatientId
    author_id: PractitionerId
    status: NoteStatus
    row_ver: int
    sealed_body: bytes
    saved_at: datetime
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredAddendum:
    """A correction of a signed note, its words sealed."""

    id: NoteId
    note_id: NoteId
    patient_id: PatientId
    author_id: PractitionerId
    row_ver: int
    sealed_body: bytes
    added_at: datetime


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """A measure, sealed."""

    id: ObservationId
    patient_id: PatientId
    encounter_id: EncounterId | None
    status: NoteStatus
    taken_at: datetime
    taken_by: AccountId
    row_ver: int
    key_ver: int
    sealed_body: bytes


@dataclass(frozen=True, slots=True)
class StoredBackground:
    """A patient's background, sealed."""

    patient_id: PatientId
    row_ver: int
    sealed_body: bytes
    saved_at: datetime
    saved_by: AccountId


def _table(row: type[Row]) -> Table:
    """Return the plain table: a statement on it costs half of one on the mapped class."""
    return cast("Table", row.__table__)


def _select(row: type[Row], stored: type) -> Any:
    return select(*(getattr(row, field.name) for field in fields(stored)))


Condition = ColumnElement[bool]
"""Something that a write asks of other rows, in the same statement."""
IdValue = ColumnElement[UUID]
"""An id that the statement is given when it runs."""

# Built once: a doctor types, and each pause saves. A note bears the id of its visit.
THIS_NOTE = bindparam("this_id", type_=Uuid())
THIS_DOCTOR = bindparam("this_doctor", type_=Uuid())
_CHANGE_NOTE = update(_table(NoteRow)).where(
    NoteRow.id == THIS_NOTE,
    NoteRow.row_ver == bindparam("this_ver"),
    NoteRow.status == NoteStatus.PRELIMINARY,
)

_KEEP_VERSION = insert(_table(NoteVersionRow))


def change_note_if(held: Condition) -> Update:
    """Return the statement of an autosave: the next version of a draft, if the row's visit is still `held`."""
    return _CHANGE_NOTE.where(held)


async def change_held_note(tx: AsyncSession, statement: Update, values: dict[str, Any]) -> bool:
    """Run an autosave; False when the claim or the version is not there any more.

    `values` names the row and its doctor (`this_id`, `this_ver`, `this_doctor`) and gives the new columns.
    """
    return cast("CursorResult[Any]", await tx.execute(statement, values)).rowcount == 1


async def _add_unless_there(tx: AsyncSession, row: type[Row], values: dict[str, Any]) -> bool:
    """Insert a row; False when one of its unique values is taken. The transaction lives on either way."""
    adder = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    result = await tx.execute(adder(_table(row)).values(**values).on_conflict_do_nothing())
    return cast("CursorResult[Any]", result).rowcount == 1


async def _changed_one(tx: AsyncSession, statement: Any) -> bool:
    result = await tx.execute(statement)
    return cast("CursorResult[Any]", result).rowcount == 1


async def note_of(tx: AsyncSession, encounter_id: EncounterId) -> StoredNote | None:
    """Return the note of a visit, if one was begun."""
    row = (await tx.execute(_select(NoteRow, StoredNote).where(NoteRow.encounter_id == encounter_id))).first()
    return StoredNote(*row) if row else None


async def add_note(tx: AsyncSession, values: dict[str, Any]) -> bool:
    """Write the first version of a note; False when the visit has one already."""
    return await _add_unless_there(tx, NoteRow, values)


async def change_note(tx: AsyncSession, note_id: NoteId, row_ver: int, values: dict[str, Any]) -> bool:
    """Write the next version over `row_ver` of a draft; False when it is not there any more."""
    result = await tx.execute(_CHANGE_NOTE, {"this_id": note_id, "this_ver": row_ver, **values})
    return cast("CursorResult[Any]", result).rowcount == 1


async def keep_version(tx: AsyncSession, note_id: NoteId, patient_id: PatientId, saved: dict[str, Any]) -> None:
    """Keep a draft as it was just saved, beside the row that the next save replaces."""
    await tx.execute(_KEEP_VERSION, {"note_id": note_id, "patient_id": patient_id, **saved})


async def versions_of(tx: AsyncSession, note_id: NoteId, most: int) -> list[tuple[int, datetime, int]]:
    """Return number, hour and sealed length of the versions of a note, newest first."""
    query = select(NoteVersionRow.row_ver, NoteVersionRow.saved_at, func.length(NoteVersionRow.sealed_body))
    query = query.where(NoteVersionRow.note_id == note_id).order_by(NoteVersionRow.row_ver.desc()).limit(most)
    return [(row_ver, saved_at, size) for row_ver, saved_at, size in await tx.execute(query)]


async def version(tx: AsyncSession, note_id: NoteId, row_ver: int) -> tuple[datetime, bytes] | None:
    """Return when one version was saved, and its sealed words."""
    query = select(NoteVersionRow.saved_at, NoteVersionRow.sealed_body)
    row = (await tx.execute(query.where(NoteVersionRow.note_id == note_id, NoteVersionRow.row_ver == row_ver))).first()
    return (row.saved_at, row.sealed_body) if row else None


async def move_note(tx: AsyncSession, note_id: NoteId, before: NoteStatus, after: NoteStatus) -> bool:
    """Change only the status of a signed note."""
    mine = (NoteRow.id == note_id, NoteRow.status == before)
    return await _changed_one(tx, update(_table(NoteRow)).where(*mine).values(status=after))


async def signed_notes(tx: AsyncSession, patient_id: PatientId, most: int) -> list[StoredNote]:
    """Return the signed notes of a patient, in all their records, newest first."""
    theirs = (NoteRow.patient_id.in_(same_person(patient_id)), NoteRow.status.in_(SIGNED))
    query = _select(NoteRow, StoredNote).where(*theirs)
    rows = await tx.execute(query.order_by(NoteRow.signed_at.desc()).limit(most))
    return [StoredNote(*row) for row in rows]


async def own_notes(tx: AsyncSession, author_id: PractitionerId, since: datetime, most: int) -> list[StoredNote]:
    """Return the notes that a doctor signed since then, newest first."""
    mine = (NoteRow.author_id == author_id, NoteRow.signed_at >= since, NoteRow.status.in_(SIGNED))
    query = _select(NoteRow, StoredNote).where(*mine)
    return [StoredNote(*row) for row in await tx.execute(query.order_by(NoteRow.signed_at.desc()).limit(most))]


async def add_addendum(tx: AsyncSession, values: dict[str, Any]) -> None:
    """Add a correction to a signed note."""
    await tx.execute(insert(_table(AddendumRow)).values(**values))


async def addenda_of(tx: AsyncSession, notes: Collection[NoteId]) -> list[StoredAddendum]:
    """Return the corrections of these notes, oldest first."""
    query = _select(AddendumRow, StoredAddendum).where(AddendumRow.note_id.in_(notes))
    return [StoredAddendum(*row) for row in await tx.execute(query.order_by(AddendumRow.added_at))]


async def add_observations(tx: AsyncSession, rows: Iterable[StoredObservation]) -> None:
    """Write the measures of one taking."""
    await tx.execute(insert(_table(ObservationRow)), [asdict(row) for row in rows])


async def observation(tx: AsyncSession, observation_id: ObservationId) -> StoredObservation:
    """Return one measure; raises NoResultFound."""
    query = _select(ObservationRow, StoredObservation).where(ObservationRow.id == observation_id)
    return StoredObservation(*(await tx.execute(query)).one())


async def strike_observation(tx: AsyncSession, observation_id: ObservationId) -> bool:
    """Mark a measure as entered in error; False when it was already."""
    mine = (ObservationRow.id == observation_id, ObservationRow.status == NoteStatus.FINAL)
    return await _changed_one(
        tx, update(_table(ObservationRow)).where(*mine).values(status=NoteStatus.ENTERED_IN_ERROR)
    )


async def observations_of(
    tx: AsyncSession, patient_id: PatientId, most: int, encounter_id: EncounterId | None = None
) -> list[StoredObservation]:
    """Return the measures of a patient that stand, in all their records, of one visit or of all, newest first."""
    query = _select(ObservationRow, StoredObservation).where(
        ObservationRow.patient_id.in_(same_person(patient_id)), ObservationRow.status == NoteStatus.FINAL
    )
    if encounter_id is not None:
        query = query.where(ObservationRow.encounter_id == encounter_id)
    newest_first = (ObservationRow.taken_at.desc(), ObservationRow.id)
    return [StoredObservation(*row) for row in await tx.execute(query.order_by(*newest_first).limit(most))]


async def backgrounds_of(tx: AsyncSession, patient_id: PatientId) -> dict[PatientId, StoredBackground]:
    """Return what was written of a patient's background, in each of their records where anything was."""
    query = _select(BackgroundRow, StoredBackground).where(BackgroundRow.patient_id.in_(same_person(patient_id)))
    return {row.patient_id: StoredBackground(*row) for row in await tx.execute(query)}


async def save_background(tx: AsyncSession, row_ver: int, values: dict[str, Any]) -> bool:
    """Write a background over version `row_ver` (0: there is none yet), and keep it as a version.

    False when `row_ver` is not there any more.
    """
    mine = (BackgroundRow.patient_id == values["patient_id"], BackgroundRow.row_ver == row_ver)
    if row_ver == 0:
        written = await _add_unless_there(tx, BackgroundRow, values)
    else:
        written = await _changed_one(tx, update(_table(BackgroundRow)).where(*mine).values(**values))
    if written:
        await tx.execute(insert(_table(BackgroundVersionRow)).values(**values))
    return written


async def background_versions(tx: AsyncSession, patient_id: PatientId, most: int) -> list[StoredBackground]:
    """Return what was ever saved of a patient's background, in all their records, newest first."""
    theirs = BackgroundVersionRow.patient_id.in_(same_person(patient_id))
    query = _select(BackgroundVersionRow, StoredBackground).where(theirs)
    newest_first = (BackgroundVersionRow.saved_at.desc(), BackgroundVersionRow.row_ver.desc())
    return [StoredBackground(*row) for row in await tx.execute(query.order_by(*newest_first).limit(most))]


async def background_version(tx: AsyncSession, record_id: PatientId, row_ver: int) -> StoredBackground | None:
    """Return one version of one record's background."""
    this = (BackgroundVersionRow.patient_id == record_id, BackgroundVersionRow.row_ver == row_ver)
    row = (await tx.execute(_select(BackgroundVersionRow, StoredBackground).where(*this))).first()
    return StoredBackground(*row) if row else None
