"""The rows of places, of who works there and of who is whose registered GP: no service writes them yet."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import CabinId, HealthWorkerId, PatientId, PractitionerId, SiteId, new_id
from server.people.tables import CabinRow, CareRelation, HealthWorkerRow, PatientRow, PractitionerRow, SiteRow
from server.readiness.rules import Check
from server.readiness.tables import ReadinessRow
from server.village import places
from server.village.places import Booth, Doctor, Village, Worker

SPECIALTY = "Médecine générale"


async def is_empty(tx: AsyncSession) -> bool:
    """Return whether nobody has settled here: no site and no patient."""
    sites = await tx.scalar(select(func.count()).select_from(SiteRow))
    patients = await tx.scalar(select(func.count()).select_from(PatientRow))
    return not sites and not patients


async def add_site(tx: AsyncSession, village: Village) -> SiteId:
    """Add a village's site."""
    row = SiteRow(
        id=SiteId(new_id()),
        name=village.site,
        kind=village.kind,
        commune=village.commune,
        insee=village.insee,
        postcode=village.postcode,
        address=village.address,
        phone=village.phone,
        samu_phone=places.SAMU,
        aed=village.aed,
        zone=places.ZONE,
        latitude=village.latitude,
        longitude=village.longitude,
    )
    tx.add(row)
    await tx.flush()
    return row.id


async def add_cabin(tx: AsyncSession, site_id: SiteId, booth: Booth) -> CabinId:
    """Add a cabin to a site."""
    row = CabinRow(
        id=CabinId(new_id()),
        site_id=site_id,
        name=booth.name,
        access_notes=booth.access_notes,
        phone=booth.phone,
        in_service=True,
    )
    tx.add(row)
    await tx.flush()
    return row.id


async def add_practitioner(tx: AsyncSession, doctor: Doctor) -> PractitionerId:
    """Add a doctor."""
    row = PractitionerRow(
        id=PractitionerId(new_id()),
        name=doctor.name,
        specialty=SPECIALTY,
        rpps=doctor.rpps,
        place=doctor.place,
        phone=doctor.phone,
        email=f"{doctor.login}@medecins.example",
    )
    tx.add(row)
    await tx.flush()
    return row.id


async def add_health_worker(tx: AsyncSession, site_id: SiteId, worker: Worker) -> HealthWorkerId:
    """Add a health worker to a site."""
    row = HealthWorkerRow(
        id=HealthWorkerId(new_id()),
        site_id=site_id,
        name=worker.name,
        profession=worker.profession,
        phone=worker.phone,
    )
    tx.add(row)
    await tx.flush()
    return row.id


async def add_checks(tx: AsyncSession, checks: Iterable[Check]) -> None:
    """Add what cabins measured on earlier mornings."""
    tx.add_all(
        ReadinessRow(
            id=new_id(),
            cabin_id=check.cabin_id,
            at=check.at,
            colour=check.colour,
            fault=check.fault,
            asked=check.asked,
            figures=msgspec.json.encode(check.figures).decode(),
        )
        for check in checks
    )
    await tx.flush()


async def register_with(tx: AsyncSession, registered: Iterable[tuple[PatientId, PractitionerId, datetime]]) -> None:
    """Make doctors the registered GPs of patients: the record is open to them from an instant on."""
    tx.add_all(
        CareRelation(patient_id=patient_id, practitioner_id=practitioner_id, since=at, until=None, treating=True)
        for patient_id, practitioner_id, at in registered
    )
    await tx.flush()
