"""The named queries of prescriptions."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import EncounterId, PatientId, PractitionerId, PrescriptionId
from server.people.store import same_person
from server.records.prescriptions.rules import PrescriptionStatus
from server.records.prescriptions.tables import PrescriptionRow

_TABLE = cast("Table", PrescriptionRow.__table__)


@dataclass(frozen=True, slots=True)
class StoredPrescription:
    """A prescription as it lies in the database, its words sealed."""

    id: PrescriptionId
    encounter_id: EncounterId
    patient_id: PatientId
    author_id: PractitionerId
    replaces_id: PrescriptionId | None
    status: PrescriptionStatus
    row_ver: int
    sealed_body: bytes
    saved_at: datetime
    signed_at: datetime | None
    cancelled_at: datetime | None


_SELECT = select(*(getattr(PrescriptionRow, field.name) for field in fields(StoredPrescription)))


async def prescription(tx: AsyncSession, prescription_id: PrescriptionId) -> StoredPrescription:
    """Return one prescription; raises NoResultFound."""
    return StoredPrescription(*(await tx.execute(_SELECT.where(PrescriptionRow.id == prescription_id))).one())


async def draft_of(tx: AsyncSession, encounter_id: EncounterId) -> StoredPrescription | None:
    """Return the draft of a visit, if there is one."""
    mine = (PrescriptionRow.encounter_id == encounter_id, PrescriptionRow.status == PrescriptionStatus.DRAFT)
    row = (await tx.execute(_SELECT.where(*mine))).first()
    return StoredPrescription(*row) if row else None


async def signed_of_visit(tx: AsyncSession, encounter_id: EncounterId) -> list[StoredPrescription]:
    """Return the signed prescriptions of a visit, cancelled ones among them, oldest first."""
    mine = (PrescriptionRow.encounter_id == encounter_id, PrescriptionRow.status != PrescriptionStatus.DRAFT)
    rows = await tx.execute(_SELECT.where(*mine).order_by(PrescriptionRow.signed_at, PrescriptionRow.id))
    return [StoredPrescription(*row) for row in rows]


async def signed_of_patient(tx: AsyncSession, patient_id: PatientId, most: int) -> list[StoredPrescription]:
    """Return the signed prescriptions of a person, in any of their records, newest first."""
    mine = (
        PrescriptionRow.patient_id.in_(same_person(patient_id)),
        PrescriptionRow.status != PrescriptionStatus.DRAFT,
    )
    newest = (PrescriptionRow.signed_at.desc(), PrescriptionRow.id.desc())
    return [StoredPrescription(*row) for row in await tx.execute(_SELECT.where(*mine).order_by(*newest).limit(most))]


async def signed_by(
    tx: AsyncSession, author_id: PractitionerId, since: datetime, most: int
) -> list[StoredPrescription]:
    """Return what a doctor signed since then, newest first."""
    mine = (PrescriptionRow.author_id == author_id, PrescriptionRow.signed_at >= since)
    newest = (PrescriptionRow.signed_at.desc(), PrescriptionRow.id.desc())
    return [StoredPrescription(*row) for row in await tx.execute(_SELECT.where(*mine).order_by(*newest).limit(most))]


async def add_draft(tx: AsyncSession, values: dict[str, Any]) -> bool:
    """Write the first version of a draft; False when the visit has one already."""
    adder = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    result = await tx.execute(adder(_TABLE).values(**values).on_conflict_do_nothing())
    return cast("CursorResult[Any]", result).rowcount == 1


async def change_draft(tx: AsyncSession, prescription_id: PrescriptionId, row_ver: int, values: dict[str, Any]) -> bool:
    """Write the next version over `row_ver` of a draft; False when it is not there any more."""
    mine = (
        PrescriptionRow.id == prescription_id,
        PrescriptionRow.row_ver == row_ver,
        PrescriptionRow.status == PrescriptionStatus.DRAFT,
    )
    result = await tx.execute(update(_TABLE).where(*mine).values(**values))
    return cast("CursorResult[Any]", result).rowcount == 1


async def cancel(tx: AsyncSession, prescription_id: PrescriptionId, at: datetime) -> bool:
    """Let a signed prescription hold no longer; False when it was cancelled already."""
    mine = (PrescriptionRow.id == prescription_id, PrescriptionRow.status == PrescriptionStatus.ACTIVE)
    moved = update(_TABLE).where(*mine).values(status=PrescriptionStatus.CANCELLED, cancelled_at=at)
    return cast("CursorResult[Any]", await tx.execute(moved)).rowcount == 1
