"""The named queries of residents' feedback and of the coordinator's day: counts, and no name of a patient."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters.help_rules import HelpCall
from server.encounters.quality_rules import Report
from server.encounters.rules import CallStatus, CancelReason, EncounterStatus
from server.encounters.store import called, report
from server.encounters.tables import CallQualityRow, DutyRow, EncounterRow, HelpCallRow, IncidentRow
from server.evaluation.rules import LateLine
from server.evaluation.tables import FeedbackRow
from server.kernel.ids import CabinId, EncounterId, SiteId
from server.people.tables import CabinRow, PractitionerRow, SiteRow
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.tables import Appointment, FollowUpPromise
from signalling.protocol import Seat


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody waits for a doctor in a cabin."""

    cabin_id: CabinId
    since: datetime


async def of_visit(tx: AsyncSession, encounter_id: EncounterId) -> FeedbackRow | None:
    """Return what was said of a visit."""
    query = select(FeedbackRow).where(FeedbackRow.encounter_id == encounter_id)
    return (await tx.scalars(query)).one_or_none()


async def faces(tx: AsyncSession, since: datetime, cabin_id: CabinId | None) -> dict[int, int]:
    """Return how often each face was chosen since an instant, in one cabin or in all."""
    query = select(FeedbackRow.face, func.count()).where(FeedbackRow.at >= since).group_by(FeedbackRow.face)
    if cabin_id is not None:
        query = query.where(FeedbackRow.cabin_id == cabin_id)
    return {face: count for face, count in (await tx.execute(query)).all()}


async def waiting(tx: AsyncSession) -> list[Waiting]:
    """Return where somebody waits for a doctor, and since when."""
    query = select(EncounterRow.cabin_id, EncounterRow.triaged_at).where(
        EncounterRow.status == EncounterStatus.TRIAGED, EncounterRow.triaged_at.is_not(None)
    )
    return [Waiting(cabin_id, since) for cabin_id, since in (await tx.execute(query)).all() if since]


async def seated(tx: AsyncSession) -> dict[CabinId, tuple[EncounterStatus, CallStatus]]:
    """Return where the visit stands that sits in each cabin."""
    query = select(EncounterRow.cabin_id, EncounterRow.status, EncounterRow.call).where(
        EncounterRow.seated_at.is_not(None), EncounterRow.left_at.is_(None)
    )
    return {cabin_id: (status, call) for cabin_id, status, call in (await tx.execute(query)).all()}


async def help_calls(tx: AsyncSession) -> dict[CabinId, HelpCall]:
    """Return the last call for help of each cabin, open or not."""
    return {row.cabin_id: called(row) for row in await tx.scalars(select(HelpCallRow))}


async def ended_since(tx: AsyncSession, since: datetime) -> tuple[int, int]:
    """Return how many visits were finished, and how many ended without the doctor they came for."""
    finished = select(func.count()).where(
        EncounterRow.status == EncounterStatus.FINISHED, EncounterRow.finished_at >= since
    )
    left = select(func.count()).where(
        EncounterRow.status == EncounterStatus.CANCELLED,
        EncounterRow.arrived_at >= since,
        EncounterRow.cancel_reason.is_distinct_from(CancelReason.BOOKED_ONLY),
    )
    return (await tx.scalar(finished)) or 0, (await tx.scalar(left)) or 0


async def waits_since(tx: AsyncSession, since: datetime) -> list[float]:
    """Return the minutes from ready to taken, of each visit that a doctor took since an instant."""
    query = select(EncounterRow.triaged_at, EncounterRow.claimed_at).where(EncounterRow.claimed_at >= since)
    rows = (await tx.execute(query)).all()
    return [(taken - ready).total_seconds() / 60 for ready, taken in rows if ready and taken]


async def incidents_since(tx: AsyncSession, since: datetime) -> int:
    """Return how many technical incidents calls had."""
    return (await tx.scalar(select(func.count()).where(IncidentRow.at >= since))) or 0


async def calls_since(tx: AsyncSession, since: datetime) -> list[tuple[EncounterId, SiteId, datetime, Seat, Report]]:
    """Return what the ends of all calls reported since an instant: of which visit and site, when, and by which end."""
    query = (
        select(CallQualityRow, EncounterRow.site_id)
        .join(EncounterRow, EncounterRow.id == CallQualityRow.encounter_id)
        .where(CallQualityRow.at >= since)
        .order_by(CallQualityRow.at)
    )
    rows = (await tx.execute(query)).all()
    return [(row.encounter_id, site_id, row.at, row.seat, report(row)) for row, site_id in rows]


async def doctors_on_duty(tx: AsyncSession, seen_since: datetime) -> list[str]:
    """Return the names of the doctors who take patients now."""
    query = (
        select(PractitionerRow.name)
        .join(DutyRow, DutyRow.practitioner_id == PractitionerRow.id)
        .where(DutyRow.seen_at >= seen_since)
        .order_by(PractitionerRow.name)
    )
    return list(await tx.scalars(query))


async def follow_ups_to_book(tx: AsyncSession, today: date) -> tuple[int, int]:
    """Return how many follow-ups nobody has booked yet, and how many of them are past their last day."""
    unbooked = FollowUpPromise.status.in_([PromiseStatus.DUE, PromiseStatus.OFFERED])
    every = select(func.count()).where(unbooked)
    late = select(func.count()).where(unbooked, FollowUpPromise.latest_on < today)
    return (await tx.scalar(every)) or 0, (await tx.scalar(late)) or 0


async def running_late(tx: AsyncSession, begin: datetime, end: datetime) -> list[LateLine]:
    """Return the appointments of [begin, end) whose person has said that they come late, and is still expected."""
    query = (
        select(Appointment.wall_time, Appointment.late_min, PractitionerRow.name, CabinRow.name, SiteRow.name)
        .join(PractitionerRow, PractitionerRow.id == Appointment.practitioner_id)
        .join(SiteRow, SiteRow.id == Appointment.site_id)
        .outerjoin(CabinRow, CabinRow.id == Appointment.cabin_id)
        .where(Appointment.starts_at >= begin, Appointment.starts_at < end)
        .where(Appointment.status == AppointmentStatus.BOOKED, Appointment.late_min.is_not(None))
        .order_by(Appointment.starts_at, Appointment.id)
    )
    found = (await tx.execute(query)).all()
    return [LateLine(wall[11:], late, doctor, cabin, site) for wall, late, doctor, cabin, site in found if late]
