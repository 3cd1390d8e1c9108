"""The named queries beside promises: counts by site, contacts of one person, what was read, what changes hands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters.rules import EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.ids import HandoverId, PatientId, PromiseId
from server.people.store import same_person
from server.records.rules.note import Modality
from server.scheduler.promises.rules import Outcome, Reader, Readings
from server.scheduler.promises.tables import Handover, HandoverLine, Reading, Withdrawal
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.views import CancelReason
from server.scheduler.tables import Appointment, FollowUpPromise, Resource
from server.scheduler.waiting.rules import OfferStatus
from server.scheduler.waiting.tables import WaitingOffer

STANDING = (PromiseStatus.DUE, PromiseStatus.OFFERED, PromiseStatus.MISSED, PromiseStatus.BOOKED)


_These = list[PromiseId] | Select[PromiseId]


@dataclass(frozen=True, slots=True)
class Seen:
    """A contact that took place, as the tables know it."""

    at: datetime
    in_person: bool


async def contacts(tx: AsyncSession, patient_id: PatientId) -> list[Seen]:
    """Return when one person was seen by screen (finished visits) and in person (appointments marked as seen)."""
    own = same_person(patient_id)
    visits = select(EncounterRow.arrived_at).where(
        EncounterRow.patient_id.in_(own), EncounterRow.status == EncounterStatus.FINISHED
    )
    met = select(Appointment.starts_at).where(
        Appointment.patient_id.in_(own),
        Appointment.status == AppointmentStatus.FULFILLED,
        Appointment.modality == Modality.IN_PERSON,
    )
    remote = [Seen(at, False) for at in await tx.scalars(visits)]
    return remote + [Seen(at, True) for at in await tx.scalars(met)]


async def standing(tx: AsyncSession) -> list[FollowUpPromise]:
    """Return all promises that still need somebody, of every site."""
    return list(await tx.scalars(select(FollowUpPromise).where(FollowUpPromise.status.in_(STANDING))))


async def readings(
    tx: AsyncSession, rows: Collection[FollowUpPromise], *, everywhere: bool = False
) -> dict[PromiseId, Readings]:
    """Return of these promises when each was opened, and the newest that came of it.

    `everywhere`: they are all that stand, too many to be named one by one in a query.
    """
    every = select(FollowUpPromise.id).where(FollowUpPromise.status.in_(STANDING))
    these: _These = every if everywhere else [row.id for row in rows]
    opened = await tx.scalars(select(Reading).where(Reading.promise_id.in_(these)))
    read = {(one.promise_id, one.reader): one.read_at for one in opened}
    newest = await _outcomes(tx, these)
    return {
        row.id: Readings(
            row.created_at,
            read.get((row.id, Reader.SITE)),
            read.get((row.id, Reader.DOCTOR)),
            *newest.get(row.id, (None, None)),
        )
        for row in rows
    }


async def _outcomes(tx: AsyncSession, these: _These) -> dict[PromiseId, tuple[Outcome, datetime]]:
    """Return the newest outcome of each: who did not come is counted from when they were expected."""
    found: list[tuple[PromiseId | None, Outcome, datetime]] = []
    for promise_id, status, starts_at, cancelled_at in await tx.execute(
        select(Appointment.promise_id, Appointment.status, Appointment.starts_at, Appointment.cancelled_at).where(
            Appointment.promise_id.in_(these), Appointment.hold_until.is_(None), _came_to_nothing()
        )
    ):
        missed = status is AppointmentStatus.NOSHOW
        found.append((promise_id, Outcome.MISSED if missed else Outcome.CANNOT_COME, cancelled_at or starts_at))
    for promise_id, answer, answered_at, until in await tx.execute(
        select(WaitingOffer.promise_id, WaitingOffer.status, WaitingOffer.answered_at, WaitingOffer.until).where(
            WaitingOffer.promise_id.in_(these), WaitingOffer.status.in_([OfferStatus.DECLINED, OfferStatus.EXPIRED])
        )
    ):
        found.append((promise_id, Outcome(answer.value), answered_at or until))
    in_order = sorted(found, key=lambda one: one[2])
    return {promise_id: (outcome, at) for promise_id, outcome, at in in_order if promise_id is not None}


def _came_to_nothing() -> ColumnElement[bool]:
    """Return the condition: they did not come, or said that they cannot."""
    cannot = and_(
        Appointment.status == AppointmentStatus.CANCELLED, Appointment.cancel_reason == CancelReason.PATIENT.value
    )
    return or_(Appointment.status == AppointmentStatus.NOSHOW, cannot)


async def note_read(tx: AsyncSession, reader: Reader, promises: Collection[PromiseId], at: datetime) -> None:
    """Note that these were opened, for the first time or again. Two who open at once both may: sorted, none waits."""
    rows = [{"promise_id": one, "reader": reader, "read_at": at} for one in sorted(promises)]
    if rows:
        adder = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
        adding = adder(Reading)
        again = adding.on_conflict_do_update(index_elements=["promise_id", "reader"], set_={"read_at": at})
        await tx.execute(again, rows)


async def withdrawal(tx: AsyncSession, promise_id: PromiseId) -> Withdrawal | None:
    """Return why a promise was withdrawn."""
    return await tx.get(Withdrawal, promise_id)


async def booked_for(tx: AsyncSession, promises: Collection[PromiseId]) -> dict[PromiseId, Appointment]:
    """Return the standing appointments of these promises, locked."""
    query = select(Appointment).where(
        Appointment.promise_id.in_(list(promises)), Appointment.status == AppointmentStatus.BOOKED
    )
    found = await tx.scalars(query.order_by(Appointment.id).with_for_update())
    return {row.promise_id: row for row in found if row.promise_id is not None}


async def of_practitioner(tx: AsyncSession, practitioner_id: UUID) -> list[FollowUpPromise]:
    """Return the standing promises that a doctor owns, locked."""
    mine = (FollowUpPromise.practitioner_id == practitioner_id, FollowUpPromise.status.in_(STANDING))
    return list(await tx.scalars(select(FollowUpPromise).where(*mine).order_by(FollowUpPromise.id).with_for_update()))


async def accompanied_by(
    tx: AsyncSession, health_worker_id: UUID, now: datetime, *, lock: bool = True
) -> list[FollowUpPromise]:
    """Return the promises whose appointment to come a health worker accompanies."""
    theirs = select(Appointment.promise_id).where(
        Appointment.health_worker_id == health_worker_id,
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.starts_at > now,
    )
    query = select(FollowUpPromise).where(FollowUpPromise.id.in_(theirs)).order_by(FollowUpPromise.id)
    return list(await tx.scalars(query.with_for_update() if lock else query))


async def resource_of(tx: AsyncSession, subject_id: UUID) -> Resource | None:
    """Return somebody as what is booked."""
    return await tx.scalar(select(Resource).where(Resource.subject_id == subject_id))


async def handover(tx: AsyncSession, handover_id: HandoverId) -> Handover:
    """Return a handover, locked."""
    return (await tx.scalars(select(Handover).where(Handover.id == handover_id).with_for_update())).one()


async def handovers(tx: AsyncSession, limit: int) -> list[Handover]:
    """Return the newest handovers."""
    return list(await tx.scalars(select(Handover).order_by(Handover.made_at.desc()).limit(limit)))


async def lines_of(tx: AsyncSession, handovers: Collection[HandoverId]) -> list[HandoverLine]:
    """Return what changed hands in these."""
    return list(await tx.scalars(select(HandoverLine).where(HandoverLine.handover_id.in_(list(handovers)))))
