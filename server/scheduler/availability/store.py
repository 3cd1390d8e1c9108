"""The named queries of hours that people write: the lines of one resource, who is booked in them, and the trail."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import AppointmentId, ResourceId, new_id
from server.people.rules import Site
from server.scheduler import store as scheduler_store
from server.scheduler.availability.rules import Booked, Once, Plan, Weekly, in_order
from server.scheduler.availability.tables import CalendarFeed, HoursChange
from server.scheduler.closings.rules import areas_of, days_here
from server.scheduler.closings.store import said_by
from server.scheduler.rules.appointment import EXPECTED
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.tables import (
    Appointment,
    AvailabilityException,
    AvailabilityRule,
    FollowUpPromise,
    Resource,
)

_OF_KIND = {
    ResourceKind.PRACTITIONER: Appointment.practitioner_id,
    ResourceKind.CABIN: Appointment.cabin_id,
    ResourceKind.HEALTH_WORKER: Appointment.health_worker_id,
    ResourceKind.INSTRUMENT: Appointment.instrument_id,
}


async def resource(tx: AsyncSession, subject_id: UUID, *, lock: bool = False) -> Resource | None:
    """Return the resource of a cabin, practitioner, health worker or instrument; locked, nobody else changes it."""
    query = select(Resource).where(Resource.subject_id == subject_id)
    return await tx.scalar(query.with_for_update() if lock else query)


async def resource_by_id(tx: AsyncSession, resource_id: ResourceId) -> Resource:
    """Return one resource."""
    return (await tx.scalars(select(Resource).where(Resource.id == resource_id))).one()


async def resources(tx: AsyncSession, subjects: Collection[UUID]) -> dict[UUID, Resource]:
    """Return the resources of these subjects."""
    rows = await tx.scalars(select(Resource).where(Resource.subject_id.in_(list(subjects))))
    return {row.subject_id: row for row in rows}


async def plan(tx: AsyncSession, row: Resource, now: datetime) -> Plan:
    """Return all hours of a resource that are not over."""
    rules = await tx.scalars(select(AvailabilityRule).where(AvailabilityRule.resource_id == row.id))
    exceptions = await tx.scalars(
        select(AvailabilityException).where(
            AvailabilityException.resource_id == row.id, AvailabilityException.ends_at > now
        )
    )
    return in_order(
        Plan(
            tuple(
                Weekly(
                    r.weekday, r.start_min, r.end_min, r.modality, r.valid_from, r.valid_to, r.site_id, r.every_weeks
                )
                for r in rules
            ),
            tuple(Once(e.kind, e.starts_at, e.ends_at, e.modality, e.reason, e.site_id) for e in exceptions),
            row.buffer_min,
        )
    )


async def replace_plan(tx: AsyncSession, row: Resource, plan: Plan, now: datetime) -> None:
    """Put these hours in the place of all that are not over."""
    row.buffer_min = plan.buffer_min
    rules = [
        AvailabilityRule(id=new_id(), resource_id=row.id, **{f: getattr(one, f) for f in one.__struct_fields__})
        for one in plan.weekly
    ]
    await scheduler_store.replace_rules(tx, row.id, rules)
    mine = (AvailabilityException.resource_id == row.id, AvailabilityException.ends_at > now)
    await tx.execute(delete(AvailabilityException).where(*mine))
    tx.add_all(
        AvailabilityException(id=new_id(), resource_id=row.id, **{f: getattr(one, f) for f in one.__struct_fields__})
        for one in plan.once
        if one.ends_at > now
    )
    await tx.flush()


async def booked(tx: AsyncSession, kind: ResourceKind, subject_id: UUID, after: datetime) -> list[Booked]:
    """Return the appointments of a subject that are not over, in order."""
    column = _OF_KIND.get(kind)
    if column is None:
        return []
    query = select(Appointment).where(
        column == subject_id, Appointment.ends_at > after, Appointment.status.in_(EXPECTED)
    )
    rows = await tx.scalars(query.order_by(Appointment.starts_at, Appointment.id))
    return [booked_of(row) for row in rows]


def booked_of(row: Appointment) -> Booked:
    """Return an appointment without any word of who comes or why."""
    return Booked(
        row.id,
        row.starts_at,
        row.ends_at,
        row.modality,
        row.practitioner_id,
        row.cabin_id,
        row.site_id,
        row.override_reason is not None,
    )


async def closing_days(tx: AsyncSession, zone: str, site: Site | None) -> dict[date, str]:
    """Return the closing days of a zone, at a site if one is given, with their names, in order."""
    areas = areas_of(zone, site.insee, site.id) if site else areas_of(zone)
    return {on: day.label for on, day in days_here(areas, await said_by(tx, areas)).items() if day.closed}


async def held_promise(tx: AsyncSession, appointment_id: AppointmentId) -> FollowUpPromise | None:
    """Return the promise of an appointment, locked."""
    of_it = select(Appointment.promise_id).where(Appointment.id == appointment_id)
    query = select(FollowUpPromise).where(FollowUpPromise.id.in_(of_it)).with_for_update()
    return await tx.scalar(query)


async def changes(tx: AsyncSession, resource_id: ResourceId, most: int) -> list[HoursChange]:
    """Return the last changes of a resource's hours, newest first."""
    query = select(HoursChange).where(HoursChange.resource_id == resource_id)
    return list(await tx.scalars(query.order_by(HoursChange.changed_at.desc(), HoursChange.id.desc()).limit(most)))


async def change(tx: AsyncSession, change_id: UUID, subject_id: UUID) -> HoursChange:
    """Return one change of a subject's hours."""
    query = select(HoursChange).join(Resource, Resource.id == HoursChange.resource_id)
    return (await tx.scalars(query.where(HoursChange.id == change_id, Resource.subject_id == subject_id))).one()


async def feeds(tx: AsyncSession, resource_id: ResourceId) -> list[CalendarFeed]:
    """Return the addresses of a resource's calendar that still work, oldest first."""
    query = select(CalendarFeed).where(CalendarFeed.resource_id == resource_id, CalendarFeed.revoked_at.is_(None))
    return list(await tx.scalars(query.order_by(CalendarFeed.made_at, CalendarFeed.id)))


async def feed(tx: AsyncSession, token_hash: bytes) -> CalendarFeed | None:
    """Return the feed of a secret that still works."""
    query = select(CalendarFeed).where(CalendarFeed.token_hash == token_hash, CalendarFeed.revoked_at.is_(None))
    return await tx.scalar(query)


async def revoke_feed(tx: AsyncSession, resource_id: ResourceId, feed_id: UUID, at: datetime) -> bool:
    """Take an address of a resource back; False when it was not there, or was taken back before."""
    gone = update(CalendarFeed).where(
        CalendarFeed.id == feed_id, CalendarFeed.resource_id == resource_id, CalendarFeed.revoked_at.is_(None)
    )
    return await tx.scalar(gone.values(revoked_at=at).returning(CalendarFeed.id)) is not None


async def appointments_of(
    tx: AsyncSession, kind: ResourceKind, subject_id: UUID, begin: datetime, end: datetime
) -> Iterable[Appointment]:
    """Return all appointments of a subject in [begin, end), whatever became of them, in order."""
    column = _OF_KIND.get(kind)
    if column is None:
        return []
    query = select(Appointment).where(
        column == subject_id,
        Appointment.starts_at >= begin,
        Appointment.starts_at < end,
        Appointment.hold_until.is_(None),
    )
    return await tx.scalars(query.order_by(Appointment.starts_at, Appointment.id))
