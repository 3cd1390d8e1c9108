"""The named queries of people and places."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import CabinId, HealthWorkerId, PatientId, PractitionerId, SiteId
from server.people.rules import Cabin, HealthWorker, Practitioner, Site
from server.people.tables import (
    CabinRow,
    CareRelation,
    HealthWorkerRow,
    PatientKeyword,
    PatientRow,
    PractitionerRow,
    SiteRow,
)


async def sites(tx: AsyncSession) -> list[Site]:
    """Return all sites by name."""
    rows = await tx.scalars(select(SiteRow).order_by(SiteRow.name))
    return [_site(row) for row in rows]


async def site(tx: AsyncSession, site_id: SiteId) -> Site:
    """Return one site."""
    return _site((await tx.scalars(select(SiteRow).where(SiteRow.id == site_id))).one())


async def cabins(tx: AsyncSession, site_id: SiteId | None = None) -> list[Cabin]:
    """Return the cabins, of one site or of all."""
    query = select(CabinRow).order_by(CabinRow.name)
    if site_id is not None:
        query = query.where(CabinRow.site_id == site_id)
    return [_cabin(row) for row in await tx.scalars(query)]


async def cabin(tx: AsyncSession, cabin_id: CabinId) -> Cabin:
    """Return one cabin."""
    return _cabin((await tx.scalars(select(CabinRow).where(CabinRow.id == cabin_id))).one())


async def practitioners(tx: AsyncSession) -> list[Practitioner]:
    """Return all practitioners by name."""
    return [_practitioner(row) for row in await tx.scalars(select(PractitionerRow).order_by(PractitionerRow.name))]


async def practitioner(tx: AsyncSession, practitioner_id: PractitionerId) -> Practitioner:
    """Return one practitioner."""
    query = select(PractitionerRow).where(PractitionerRow.id == practitioner_id)
    return _practitioner((await tx.scalars(query)).one())


async def health_workers(tx: AsyncSession, site_id: SiteId | None = None) -> list[HealthWorker]:
    """Return the health workers, of one site or of all."""
    query = select(HealthWorkerRow).order_by(HealthWorkerRow.name)
    if site_id is not None:
        query = query.where(HealthWorkerRow.site_id == site_id)
    return [_health_worker(row) for row in await tx.scalars(query)]


async def health_worker(tx: AsyncSession, health_worker_id: HealthWorkerId) -> HealthWorker:
    """Return one health worker."""
    query = select(HealthWorkerRow).where(HealthWorkerRow.id == health_worker_id)
    return _health_worker((await tx.scalars(query)).one())


async def patient(tx: AsyncSession, patient_id: PatientId) -> PatientRow:
    """Return one patient's row."""
    return (await tx.scalars(select(PatientRow).where(PatientRow.id == patient_id))).one()


async def patients(tx: AsyncSession, ids: Iterable[PatientId]) -> list[PatientRow]:
    """Return the rows of these patients."""
    return list(await tx.scalars(select(PatientRow).where(PatientRow.id.in_(list(ids)))))


async def stamp_of_site(tx: AsyncSession, site_id: SiteId) -> tuple[int, int]:
    """Return how many patients a site has and the sum of their row versions: equal while nothing changed."""
    query = select(func.count(), func.coalesce(func.sum(PatientRow.row_ver), 0)).where(PatientRow.site_id == site_id)
    count, versions = (await tx.execute(query)).one()
    return int(count), int(versions)


async def row_vers_of_site(tx: AsyncSession, site_id: SiteId) -> dict[PatientId, int]:
    """Return the row version of each patient that a site cares for."""
    rows = await tx.execute(select(PatientRow.id, PatientRow.row_ver).where(PatientRow.site_id == site_id))
    return {patient_id: row_ver for patient_id, row_ver in rows}


async def by_code(tx: AsyncSession, code_index: bytes) -> PatientRow | None:
    """Return the patient with this blind code."""
    return await tx.scalar(select(PatientRow).where(PatientRow.code_index == code_index))


async def by_names(tx: AsyncSession, blinds: Iterable[bytes]) -> list[PatientRow]:
    """Return the patients that have one of these blind name indexes."""
    found = select(PatientKeyword.patient_id).where(PatientKeyword.blind.in_(list(blinds)))
    return list(await tx.scalars(select(PatientRow).where(PatientRow.id.in_(found))))


async def cares_for(tx: AsyncSession, practitioner_id: PractitionerId, patient_id: PatientId, at: datetime) -> bool:
    """Return whether the practitioner has a care relation with the patient at this instant."""
    query = select(CareRelation.since).where(
        CareRelation.practitioner_id == practitioner_id,
        CareRelation.patient_id == patient_id,
        CareRelation.since <= at,
        CareRelation.until.is_(None) | (CareRelation.until > at),
    )
    return (await tx.scalars(query)).first() is not None


async def care_relation(
    tx: AsyncSession, practitioner_id: PractitionerId, patient_id: PatientId
) -> CareRelation | None:
    """Return the row that joins a practitioner and a patient, also one that is over."""
    return await tx.get(CareRelation, (patient_id, practitioner_id))


async def treating_practitioner(tx: AsyncSession, patient_id: PatientId) -> PractitionerId | None:
    """Return the registered GP of a patient, if there is one."""
    query = select(CareRelation.practitioner_id).where(
        CareRelation.patient_id == patient_id, CareRelation.treating.is_(True), CareRelation.until.is_(None)
    )
    return (await tx.scalars(query)).first()


def _site(row: SiteRow) -> Site:
    return Site(
        id=row.id,
        name=row.name,
        kind=row.kind,
        commune=row.commune,
        insee=row.insee,
        postcode=row.postcode,
        address=row.address,
        phone=row.phone,
        samu_phone=row.samu_phone,
        aed=row.aed,
        zone=row.zone,
        latitude=row.latitude,
        longitude=row.longitude,
    )


def _cabin(row: CabinRow) -> Cabin:
    return Cabin(row.id, row.site_id, row.name, row.access_notes, row.phone, row.in_service)


def _practitioner(row: PractitionerRow) -> Practitioner:
    return Practitioner(row.id, row.name, row.specialty, row.rpps, row.place, row.phone)


def _health_worker(row: HealthWorkerRow) -> HealthWorker:
    return HealthWorker(row.id, row.site_id, row.name, row.profession, row.phone)
