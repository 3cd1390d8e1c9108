"""The named queries of follow-ups. Locks are taken in one order: answer kept, promise, appointment, units by number."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Select, delete, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.errors import Conflict
from server.kernel.ids import (
    AccountId,
    AppointmentId,
    EncounterId,
    PatientId,
    PractitionerId,
    PromiseId,
    ResourceId,
    SiteId,
)
from server.kernel.words import N_
from server.people.store import same_person
from server.people.tables import CabinRow
from server.scheduler.closings.store import grounds
from server.scheduler.rules.appointment import EXPECTED, AppointmentStatus
from server.scheduler.rules.openings import Calendar, Exceptional, WeeklyRule
from server.scheduler.rules.overbooking import FIRST
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.rules.units import instant_of
from server.scheduler.tables import (
    Appointment,
    AvailabilityException,
    AvailabilityRule,
    BusyUnit,
    ClosingDay,
    FollowUpPromise,
    IdempotencyKey,
    Resource,
)

_ROAD = 3 * 12  # units: who drives to a stop is away before it begins; three hours cross a region
Held = tuple[ResourceId, int]
"""One unit of one resource."""
TAKEN = N_("Ce moment vient d’être pris. Rien n’a été réservé. Choisissez un autre moment.")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered to a request with the same key."""

    request_hash: bytes
    response: str


async def calendars(
    tx: AsyncSession, subjects: Collection[UUID], span: range, *, at: datetime | None = None, taken: bool = True
) -> dict[UUID, Calendar]:
    """Return the calendars of those subjects that are active resources, with what is taken in `span` if asked for.

    What holds that are over by `at` stand on is free.
    """
    query = select(Resource).where(Resource.subject_id.in_(list(subjects)), Resource.active.is_(True))
    resources = list(await tx.scalars(query))
    ids = [resource.id for resource in resources]
    rules = await _rules(tx, ids)
    exceptions = await _exceptions(tx, ids, span)
    held = await _taken(tx, ids, span, at) if taken else defaultdict(list)
    sites = {one.site_id for some in rules.values() for one in some if one.site_id}
    sites |= {one.site_id for some in exceptions.values() for one in some if one.site_id}
    ground = await grounds(tx, {one.zone for one in resources}, [one.subject_id for one in resources], sites)
    return {
        one.subject_id: Calendar(
            one.id,
            one.kind,
            one.subject_id,
            one.zone,
            tuple(rules[one.id]),
            tuple(exceptions[one.id]),
            ground.closed(one.zone, ground.homes.get(one.subject_id)),
            frozenset(held[one.id]),
            one.buffer_min // 5,
            {rule.site_id: ground.closed(one.zone, rule.site_id) for rule in rules[one.id] if rule.site_id},
            ground.homes.get(one.subject_id),
            ground.travel(_places(ground.homes.get(one.subject_id), rules[one.id], exceptions[one.id])),
        )
        for one in resources
    }


def _places(home: SiteId | None, rules: Iterable[WeeklyRule], exceptions: Iterable[Exceptional]) -> set[SiteId]:
    """Return the sites between which somebody drives: none for who goes nowhere once."""
    once = {one.site_id for one in exceptions if one.site_id}
    return {one for one in (home, *once, *(rule.site_id for rule in rules)) if one} if once else set()


async def _rules(tx: AsyncSession, ids: list[ResourceId]) -> dict[ResourceId, list[WeeklyRule]]:
    found: dict[ResourceId, list[WeeklyRule]] = defaultdict(list)
    for row in await tx.scalars(select(AvailabilityRule).where(AvailabilityRule.resource_id.in_(ids))):
        span = (row.weekday, row.start_min, row.end_min, row.modality, row.valid_from, row.valid_to)
        found[row.resource_id].append(WeeklyRule(*span, row.site_id, row.every_weeks))
    return found


async def _exceptions(tx: AsyncSession, ids: list[ResourceId], span: range) -> dict[ResourceId, list[Exceptional]]:
    found: dict[ResourceId, list[Exceptional]] = defaultdict(list)
    query = select(AvailabilityException).where(
        AvailabilityException.resource_id.in_(ids),
        AvailabilityException.starts_at < instant_of(span.stop + _ROAD),
        AvailabilityException.ends_at > instant_of(span.start - _ROAD),
    )
    for row in await tx.scalars(query):
        found[row.resource_id].append(Exceptional(row.kind, row.starts_at, row.ends_at, row.modality, row.site_id))
    return found


async def _taken(
    tx: AsyncSession, ids: list[ResourceId], span: range, at: datetime | None
) -> dict[ResourceId, list[int]]:
    found: dict[ResourceId, list[int]] = defaultdict(list)
    query = select(BusyUnit.resource_id, BusyUnit.unit).where(
        BusyUnit.resource_id.in_(ids), BusyUnit.unit >= span.start, BusyUnit.unit < span.stop
    )
    if at is not None:
        query = query.where(BusyUnit.appointment_id.not_in(holds_over(at)))
    for resource_id, unit in await tx.execute(query):
        found[resource_id].append(unit)
    return found


async def add_resource(tx: AsyncSession, row: Resource) -> ResourceId:
    """Add a resource unless its subject has one; return the id that its subject has."""
    values = {name: getattr(row, name) for name in ("id", "kind", "subject_id", "zone", "active")}
    await _insert_unless_there(tx, Resource, values)
    return (await tx.scalars(select(Resource.id).where(Resource.subject_id == row.subject_id))).one()


async def replace_rules(tx: AsyncSession, resource_id: ResourceId, rules: Iterable[AvailabilityRule]) -> None:
    """Put these weekly rules in the place of all earlier ones."""
    await tx.execute(delete(AvailabilityRule).where(AvailabilityRule.resource_id == resource_id))
    tx.add_all(rules)
    await tx.flush()


async def add_closing_day(tx: AsyncSession, area: str, on: date, label: str) -> None:
    """Add a closing day; one that people have edited stays as it is."""
    await _insert_unless_there(tx, ClosingDay, {"area": area, "on": on, "label": label, "closed": True})


async def take(
    tx: AsyncSession,
    appointment_id: AppointmentId,
    held: Collection[Held],
    lanes: Mapping[ResourceId, int] | None = None,
) -> None:
    """Take units, all or none: one statement, sorted. Raises Conflict `slot-taken`, and the transaction is dead.

    `lanes` names who stands beside another appointment; everybody else is taken in the first lane.
    """
    if not held:
        return
    ordered = sorted(held, key=lambda one: (one[0].bytes, one[1]))
    rows = [
        {
            "resource_id": resource_id,
            "unit": unit,
            "lane": (lanes or {}).get(resource_id, FIRST),
            "appointment_id": appointment_id,
        }
        for resource_id, unit in ordered
    ]
    try:
        await tx.execute(insert(BusyUnit).values(rows))
    except IntegrityError:
        raise Conflict(TAKEN, code="slot-taken") from None


async def is_taken(
    tx: AsyncSession, subjects: Collection[UUID], units: range, at: datetime, but: Collection[AppointmentId] = ()
) -> bool:
    """Look whether any of these subjects is taken in any of these units. `take` decides; this spares the work.

    Holds that are over by `at`, and the appointments `but`, take nothing.
    """
    query = select(BusyUnit.unit).where(
        BusyUnit.resource_id.in_(select(Resource.id).where(Resource.subject_id.in_(list(subjects)))),
        BusyUnit.unit >= units.start,
        BusyUnit.unit < units.stop,
        BusyUnit.appointment_id.not_in(holds_over(at)),
        BusyUnit.appointment_id.not_in(list(but)),
    )
    return (await tx.scalars(query.limit(1))).first() is not None


async def let_go(tx: AsyncSession, appointment_id: AppointmentId, held: Iterable[Held] | None = None) -> None:
    """Free these units of an appointment, or all of them."""
    mine = delete(BusyUnit).where(BusyUnit.appointment_id == appointment_id)
    if held is not None:
        mine = mine.where(tuple_(BusyUnit.resource_id, BusyUnit.unit).in_(list(held)))
    await tx.execute(mine)


async def is_crowded(
    tx: AsyncSession, needs: Mapping[UUID, range], first: int, at: datetime, but: Collection[AppointmentId] = ()
) -> bool:
    """Look whether somebody who takes breaks between people would have none before or after `first`.

    `needs` says for which units, from `first`, each subject is wanted. Whoever takes breaks is locked, so that two
    bookers who come close to each other, and touch no common unit, do not pass here together.
    """
    query = select(Resource).where(Resource.subject_id.in_(list(needs)), Resource.buffer_min > 0).order_by(Resource.id)
    for one in await tx.scalars(query.with_for_update(key_share=True)):  # others may still point to the row
        rest = one.buffer_min // 5
        held = needs[one.subject_id]
        around = range(first + held.start - rest, first + held.stop + rest)
        if await is_taken(tx, [one.subject_id], around, at, but):
            return True
    return False


def holds_over(at: datetime) -> Select[AppointmentId]:
    """Select the holds that stand in nobody's way any more, though their units are still there."""
    return select(Appointment.id).where(Appointment.status == AppointmentStatus.PENDING, Appointment.hold_until <= at)


async def hold_of(tx: AsyncSession, promise_id: PromiseId) -> AppointmentId | None:
    """Return the hold of a promise. It has one at most: who locks the promise may make one."""
    query = select(Appointment.id).where(
        Appointment.promise_id == promise_id, Appointment.status == AppointmentStatus.PENDING
    )
    return await tx.scalar(query)


async def holds_to_end(
    tx: AsyncSession, at: datetime, wanted: Collection[Held], own: AppointmentId | None
) -> list[Appointment]:
    """Return, locked by number, the holds that are over by `at` and stand on wanted units; and `own`, over or not.

    One statement locks all: two bookers with holds in each other's way would wait for each other otherwise.
    """
    in_the_way = select(BusyUnit.appointment_id).where(
        tuple_(BusyUnit.resource_id, BusyUnit.unit).in_(list(wanted)), BusyUnit.appointment_id.in_(holds_over(at))
    )
    query = select(Appointment).where(
        Appointment.status == AppointmentStatus.PENDING, Appointment.id.in_(in_the_way) | (Appointment.id == own)
    )
    locked = query.order_by(Appointment.id).with_for_update().execution_options(populate_existing=True)
    return list(await tx.scalars(locked))


async def held_units(tx: AsyncSession, resource_id: ResourceId, span: range, at: datetime) -> frozenset[int]:
    """Return the units of a resource that are kept at `at` for somebody who has not said yes."""
    query = select(BusyUnit.unit).join(Appointment, Appointment.id == BusyUnit.appointment_id)
    held = query.where(Appointment.status == AppointmentStatus.PENDING, Appointment.hold_until > at)
    mine = held.where(BusyUnit.resource_id == resource_id, BusyUnit.unit >= span.start, BusyUnit.unit < span.stop)
    return frozenset(await tx.scalars(mine))


async def oldest_holds_over(tx: AsyncSession, at: datetime, most: int) -> list[AppointmentId]:
    """Return the holds that were over first."""
    return list(await tx.scalars(holds_over(at).order_by(Appointment.hold_until).limit(most)))


async def booked_for(tx: AsyncSession, promise_id: PromiseId, *, lock: bool = False) -> Appointment | None:
    """Return the appointment that a promise has."""
    query = select(Appointment).where(
        Appointment.promise_id == promise_id, Appointment.status == AppointmentStatus.BOOKED
    )
    return await tx.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


async def pass_on(tx: AsyncSession, giver: AppointmentId, taker: AppointmentId) -> None:
    """Give all units of one appointment to another."""
    await tx.execute(update(BusyUnit).where(BusyUnit.appointment_id == giver).values(appointment_id=taker))


async def leave_second_lane(tx: AsyncSession, appointment_id: AppointmentId) -> None:
    """Let an appointment stand beside nobody any more."""
    await tx.execute(delete(BusyUnit).where(BusyUnit.appointment_id == appointment_id, BusyUnit.lane != FIRST))


async def held_by(tx: AsyncSession, appointment_id: AppointmentId, *, first_lane: bool = False) -> set[Held]:
    """Return the units that an appointment holds; only those of the first lane, if asked."""
    query = select(BusyUnit.resource_id, BusyUnit.unit).where(BusyUnit.appointment_id == appointment_id)
    if first_lane:
        query = query.where(BusyUnit.lane == FIRST)
    return {(resource_id, unit) for resource_id, unit in await tx.execute(query)}


async def promise(tx: AsyncSession, promise_id: PromiseId, *, lock: bool = False) -> FollowUpPromise:
    """Return a promise; locked, nobody else moves it until this transaction ends."""
    query = select(FollowUpPromise).where(FollowUpPromise.id == promise_id)
    return (await tx.scalars(query.with_for_update() if lock else query)).one()


async def promise_of_visit(tx: AsyncSession, encounter_id: EncounterId) -> FollowUpPromise | None:
    """Return the promise that a visit ended with; of a series, the first."""
    query = select(FollowUpPromise).where(FollowUpPromise.encounter_id == encounter_id)
    return await tx.scalar(query.order_by(FollowUpPromise.series_no).limit(1))


async def promises(
    tx: AsyncSession,
    statuses: Collection[PromiseStatus],
    *,
    site_id: SiteId | None = None,
    practitioner_id: PractitionerId | None = None,
) -> list[FollowUpPromise]:
    """Return promises of a site, or of the doctor who asked, the most urgent first."""
    query = select(FollowUpPromise).where(FollowUpPromise.status.in_(list(statuses)))
    if site_id is not None:
        query = query.where(FollowUpPromise.site_id == site_id)
    if practitioner_id is not None:
        query = query.where(FollowUpPromise.practitioner_id == practitioner_id)
    return list(await tx.scalars(query.order_by(FollowUpPromise.latest_on, FollowUpPromise.id)))


async def promises_by_id(tx: AsyncSession, ids: Iterable[PromiseId]) -> dict[PromiseId, FollowUpPromise]:
    """Return these promises."""
    rows = await tx.scalars(select(FollowUpPromise).where(FollowUpPromise.id.in_(list(ids))))
    return {row.id: row for row in rows}


async def appointment(tx: AsyncSession, appointment_id: AppointmentId, *, lock: bool = False) -> Appointment:
    """Return an appointment."""
    query = select(Appointment).where(Appointment.id == appointment_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.scalars(query)).one()


async def appointments(
    tx: AsyncSession,
    begin: datetime,
    end: datetime,
    *,
    site_id: SiteId | None = None,
    practitioner_id: PractitionerId | None = None,
    patient_id: PatientId | None = None,
    expected_only: bool = False,
) -> list[Appointment]:
    """Return the appointments that start in [begin, end) of a site, a practitioner or a patient, in order. No holds.

    Those of a site are its people's, and those in its cabins: the medicobus sees whom it meets elsewhere.
    """
    query = select(Appointment).where(
        Appointment.starts_at >= begin, Appointment.starts_at < end, Appointment.hold_until.is_(None)
    )
    if site_id is not None:
        own = select(CabinRow.id).where(CabinRow.site_id == site_id)
        query = query.where(or_(Appointment.site_id == site_id, Appointment.cabin_id.in_(own)))
    if practitioner_id is not None:
        query = query.where(Appointment.practitioner_id == practitioner_id)
    if patient_id is not None:
        query = query.where(Appointment.patient_id.in_(same_person(patient_id)))
    if expected_only:
        query = query.where(Appointment.status.in_(EXPECTED))
    return list(await tx.scalars(query.order_by(Appointment.starts_at, Appointment.id)))


async def remember(tx: AsyncSession, row: IdempotencyKey) -> KeptAnswer | None:
    """Keep an answer under its key; when the key has one already, return that one and keep nothing.

    Two requests with one key at the same instant: the second waits here for the first to commit.
    """
    names = ("actor", "key", "request_hash", "response", "kept_until")
    if await _insert_unless_there(tx, IdempotencyKey, {name: getattr(row, name) for name in names}):
        return None
    return await kept_answer(tx, row.actor, row.key)


async def kept_answer(tx: AsyncSession, actor: AccountId, key: str) -> KeptAnswer | None:
    """Return what was answered under a key."""
    row = await tx.scalar(select(IdempotencyKey).where(IdempotencyKey.actor == actor, IdempotencyKey.key == key))
    return None if row is None else KeptAnswer(row.request_hash, row.response)


async def _insert_unless_there(
    tx: AsyncSession, table: type[Resource | ClosingDay | IdempotencyKey], values: dict[str, object]
) -> bool:
    """Insert a row; return False when its key was there. The transaction lives on either way."""
    adder = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    added = await tx.execute(adder(table).values(**values).on_conflict_do_nothing())
    return cast("CursorResult[Any]", added).rowcount == 1
