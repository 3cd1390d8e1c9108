"""The named queries of people and places."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import TextClause, bindparam, func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import CabinId, HealthWorkerId, PatientId, PractitionerId, SiteId
from server.people.rules import Cabin, HealthWorker, Practitioner, Site
from server.people.tables import (
    CabinRow,
    CareRelation,
    HealthWorkerRow,
    PatientDistinct,
    PatientKeyword,
    PatientMerge,
    PatientRow,
    PractitionerRow,
    SiteRow,
)

# Written out and read once: nearly every query of a record carries it, and building it would take longer than it runs.
_SAME_PERSON = text(
    "SELECT :person UNION ALL SELECT mine.root_id FROM patient_merge AS mine "
    "WHERE mine.patient_id = :person AND mine.parted_at IS NULL "
    "UNION ALL SELECT beside.patient_id FROM patient_merge AS beside "
    "WHERE beside.parted_at IS NULL AND (beside.root_id = :person OR beside.root_id IN ("
    "SELECT mine.root_id FROM patient_merge AS mine WHERE mine.patient_id = :person AND mine.parted_at IS NULL))"
).bindparams(bindparam("person", type_=PatientRow.id.type))


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
    """Return one patient's row: of a record that was joined to another, the row that stands for both."""
    root = select(PatientMerge.root_id).where(PatientMerge.patient_id == patient_id, PatientMerge.parted_at.is_(None))
    standing = func.coalesce(root.scalar_subquery(), literal(patient_id, PatientRow.id.type))
    return (await tx.scalars(select(PatientRow).where(PatientRow.id == standing))).one()


def same_person(patient_id: PatientId) -> TextClause:
    """Return the query of all records that are one person with this one, itself among them, for `column.in_(…)`."""
    return _SAME_PERSON.bindparams(person=patient_id)


async def same_ids(tx: AsyncSession, patient_id: PatientId) -> frozenset[PatientId]:
    """Return the ids of all records that are one person with this one, itself among them."""
    return frozenset(await tx.scalars(same_person(patient_id).columns(PatientRow.id)))


async def roots(tx: AsyncSession, ids: Iterable[PatientId]) -> dict[PatientId, PatientId]:
    """Return which record stands for each of these: itself, unless it was joined to another."""
    query = select(PatientMerge.patient_id, PatientMerge.root_id).where(PatientMerge.parted_at.is_(None))
    wanted = list(ids)
    joined = {one: root for one, root in await tx.execute(query.where(PatientMerge.patient_id.in_(wanted)))}
    return {one: joined.get(one, one) for one in wanted}


async def hold_site(tx: AsyncSession, site_id: SiteId) -> None:
    """Let the records of a site be joined and parted by one at a time, until this transaction ends."""
    await tx.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update(key_share=True))


async def links_of(tx: AsyncSession, root_id: PatientId) -> list[PatientMerge]:
    """Return the links that stand under a record, oldest first."""
    query = select(PatientMerge).where(PatientMerge.root_id == root_id, PatientMerge.parted_at.is_(None))
    return list(await tx.scalars(query.order_by(PatientMerge.merged_at, PatientMerge.id)))


async def trail_of(tx: AsyncSession, patient_id: PatientId) -> list[PatientMerge]:
    """Return every link that a record ever had, also those that were taken away, newest first."""
    ids = same_person(patient_id)
    query = select(PatientMerge).where(PatientMerge.patient_id.in_(ids) | PatientMerge.into_id.in_(ids))
    return list(await tx.scalars(query.order_by(PatientMerge.merged_at.desc(), PatientMerge.id.desc())))


async def move_root(tx: AsyncSession, records: Iterable[PatientId], root_id: PatientId) -> None:
    """Let another record stand for these."""
    mine = (PatientMerge.patient_id.in_(list(records)), PatientMerge.parted_at.is_(None))
    await tx.execute(update(PatientMerge).where(*mine).values(root_id=root_id))


async def merged_of_site(tx: AsyncSession, site_id: SiteId) -> frozenset[PatientId]:
    """Return the records of a site for which another stands."""
    query = select(PatientMerge.patient_id).join(PatientRow, PatientRow.id == PatientMerge.patient_id)
    return frozenset(await tx.scalars(query.where(PatientRow.site_id == site_id, PatientMerge.parted_at.is_(None))))


async def distinct_pairs(tx: AsyncSession) -> frozenset[tuple[PatientId, PatientId]]:
    """Return the pairs of records that somebody said are two people, the smaller id first."""
    rows = await tx.execute(select(PatientDistinct.first_id, PatientDistinct.second_id))
    return frozenset((first, second) for first, second in rows)


async def keep_apart(tx: AsyncSession, row: PatientDistinct) -> None:
    """Write down that two records are two people; saying it again changes nothing."""
    await tx.merge(row)


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
    """Return whether the practitioner has a care relation with the patient at this instant, in any of the records."""
    query = select(CareRelation.since).where(
        CareRelation.practitioner_id == practitioner_id,
        CareRelation.patient_id.in_(same_person(patient_id)),
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
        CareRelation.patient_id.in_(same_person(patient_id)),
        CareRelation.treating.is_(True),
        CareRelation.until.is_(None),
    )
    return (await tx.scalars(query.order_by(CareRelation.patient_id != patient_id, CareRelation.since.desc()))).first()


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
    return Practitioner(row.id, row.name, row.specialty, row.rpps, row.place, row.phone, row.email)


def _health_worker(row: HealthWorkerRow) -> HealthWorker:
    return HealthWorker(row.id, row.site_id, row.name, row.profession, row.phone)
