"""The named queries that fill the index, and those that say who knows a patient or a village."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Integer, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters.rules import EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.ids import PatientId, PractitionerId, ResourceId, SiteId
from server.people.store import same_person
from server.scheduler import store
from server.scheduler.rules.appointment import EXPECTED, AppointmentStatus
from server.scheduler.rules.index import WEEK
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.promise import OPEN, PromiseStatus
from server.scheduler.tables import (
    Appointment,
    AvailabilityException,
    AvailabilityRule,
    BusyUnit,
    ClosingDay,
    FollowUpPromise,
    Resource,
)

_ALWAYS = range(0, 2**31 // 60)  # units of five minutes, into the 24th century
TakenInWeek = dict[tuple[ResourceId, int], int]
"""What resources hold, as bits of a week."""


async def hours_seen(tx: AsyncSession) -> tuple[object, ...]:
    """Return what differs as soon as anybody's hours differ: hours are written in new rows, never changed in place."""
    resources = select(func.count(Resource.id), func.sum(Resource.active.cast(Integer)))
    seen: list[object] = list((await tx.execute(resources.where(Resource.kind != ResourceKind.PATIENT))).one())
    for table in (AvailabilityRule, AvailabilityException):
        seen.append(await tx.scalar(select(func.count()).select_from(table)))
        seen.append(await tx.scalar(select(table.id).order_by(table.id.desc()).limit(1)))
    said = select(ClosingDay.area, ClosingDay.on, ClosingDay.closed).order_by(ClosingDay.area, ClosingDay.on)
    closing: list[tuple[str, date, bool]] = [(area, on, closed) for area, on, closed in await tx.execute(said)]
    return (*seen, *closing)


async def every_calendar(tx: AsyncSession) -> Iterable[Calendar]:
    """Return the hours of all active resources but patients, without what they hold."""
    mine = select(Resource.subject_id).where(Resource.kind != ResourceKind.PATIENT, Resource.active.is_(True))
    subjects: list[UUID] = list(await tx.scalars(mine.order_by(Resource.id)))
    return (await store.calendars(tx, subjects, _ALWAYS, taken=False)).values()


async def stopping(tx: AsyncSession, site_id: SiteId, among: Collection[UUID] | None = None) -> frozenset[UUID]:
    """Return who and what has hours that name a site, of all or of these: stops of the medicobus among them."""
    some = [
        select(Resource.subject_id).join(table, table.resource_id == Resource.id).where(table.site_id == site_id)
        for table in (AvailabilityRule, AvailabilityException)
    ]
    if among is not None:
        some = [query.where(Resource.subject_id.in_(list(among))) for query in some]
    return frozenset(await tx.scalars(union(*some)))


async def taken_in(
    tx: AsyncSession, weeks: Collection[int], at: datetime, resources: Collection[ResourceId] | None = None
) -> TakenInWeek:
    """Return what these resources (None: all but patients) hold in these weeks; holds that are over by `at` do not."""
    found: TakenInWeek = defaultdict(int)
    query = select(BusyUnit.resource_id, BusyUnit.unit).where(BusyUnit.appointment_id.not_in(store.holds_over(at)))
    if resources is None:
        query = query.join(Resource, Resource.id == BusyUnit.resource_id).where(Resource.kind != ResourceKind.PATIENT)
    else:
        query = query.where(BusyUnit.resource_id.in_(list(resources)))
    for first, last in _runs(weeks):
        of_weeks = query.where(BusyUnit.unit >= first * WEEK, BusyUnit.unit < (last + 1) * WEEK)
        for resource_id, unit in await tx.execute(of_weeks):
            week, bit = divmod(unit, WEEK)
            found[resource_id, week] |= 1 << bit
    return found


async def ends_of_holds(tx: AsyncSession, at: datetime) -> list[tuple[ResourceId, int, datetime]]:
    """Return each resource and week that something holds for a while, and until when."""
    query = select(BusyUnit.resource_id, BusyUnit.unit, Appointment.hold_until).join(
        Appointment, Appointment.id == BusyUnit.appointment_id
    )
    held = query.where(Appointment.status == AppointmentStatus.PENDING, Appointment.hold_until > at)
    return [(resource_id, unit // WEEK, until) for resource_id, unit, until in await tx.execute(held) if until]


def _runs(weeks: Collection[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of weeks: one look at the table for each."""
    ordered = sorted(weeks)
    begins = [week for week in ordered if week - 1 not in weeks]
    return list(zip(begins, [week for week in ordered if week + 1 not in weeks], strict=True))


async def has_seen(tx: AsyncSession, patient_id: PatientId) -> set[PractitionerId]:
    """Return the practitioners who have had a visit with a patient."""
    query = select(EncounterRow.practitioner_id).where(
        EncounterRow.patient_id.in_(same_person(patient_id)),
        EncounterRow.status == EncounterStatus.FINISHED,
        EncounterRow.practitioner_id.is_not(None),
    )
    return {one for one in await tx.scalars(query.distinct()) if one is not None}


async def overdue(tx: AsyncSession, today: date) -> set[SiteId]:
    """Return the sites where somebody's follow-up has no moment though its window is over."""
    query = select(FollowUpPromise.site_id).where(
        FollowUpPromise.status.in_([*OPEN, PromiseStatus.MISSED]), FollowUpPromise.latest_on < today
    )
    return set(await tx.scalars(query.distinct()))


async def comes_to(tx: AsyncSession, site_id: SiteId, since: datetime) -> set[PractitionerId]:
    """Return the practitioners who have had, or will have, an appointment at a site."""
    query = select(Appointment.practitioner_id).where(
        Appointment.site_id == site_id,
        Appointment.starts_at > since,
        Appointment.status.in_([*EXPECTED, AppointmentStatus.FULFILLED]),
    )
    return set(await tx.scalars(query.distinct()))
