"""The named queries of reminders. Who takes one to send raises its fence; what came of it is written by that fence."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, and_, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import AppointmentId, PatientId, ReminderId, SiteId
from server.scheduler.reminders.rules import LEASE, TROUBLED, Channel, Occasion, ReminderStatus
from server.scheduler.reminders.tables import Reminder, ReminderChoice
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.tables import Appointment

AT_ONCE = 500  # rows of one INSERT: SQLite takes 32,766 places in a statement


@dataclass(frozen=True, slots=True)
class Taken:
    """A reminder that this sender holds until the lease ends."""

    id: ReminderId
    appointment_id: AppointmentId
    patient_id: PatientId
    starts_at: datetime
    not_after: datetime
    channel: Channel
    occasion: Occasion
    fence: int
    attempts: int


async def choices(tx: AsyncSession, patients: Collection[PatientId]) -> list[ReminderChoice]:
    """Return what these patients said, channel by channel."""
    return list(await tx.scalars(select(ReminderChoice).where(ReminderChoice.patient_id.in_(list(patients)))))


async def to_remind(tx: AsyncSession, now: datetime, recent: timedelta, ahead: timedelta) -> list[Appointment]:
    """Return the appointments to come that were booked a short while ago, or that begin soon."""
    query = select(Appointment).where(
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.starts_at > now,
        or_(Appointment.booked_at > now - recent, Appointment.starts_at < now + ahead),
    )
    return list(await tx.scalars(query.order_by(Appointment.starts_at)))


async def planned(tx: AsyncSession, ids: Collection[AppointmentId]) -> set[tuple[AppointmentId, datetime, str, str]]:
    """Return what stands in the outbox for these appointments."""
    query = select(Reminder.appointment_id, Reminder.starts_at, Reminder.occasion, Reminder.channel)
    found = await tx.execute(query.where(Reminder.appointment_id.in_(list(ids))))
    return {(one, starts_at, occasion.value, channel.value) for one, starts_at, occasion, channel in found}


async def add(tx: AsyncSession, rows: list[dict[str, object]]) -> int:
    """Add reminders; what another server has added meanwhile stays as it is. Returns how many are new."""
    adder = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    added = 0
    for start in range(0, len(rows), AT_ONCE):
        statement = adder(Reminder).values(rows[start : start + AT_ONCE]).on_conflict_do_nothing()
        added += cast("CursorResult[Any]", await tx.execute(statement)).rowcount
    return added


async def take(tx: AsyncSession, now: datetime, channels: Collection[Channel], limit: int) -> list[Taken]:
    """Take what is due, and what somebody took who did not come back: nobody else gets it while the lease lasts."""
    due = and_(Reminder.status == ReminderStatus.DUE, Reminder.not_before <= now)
    left = and_(Reminder.status == ReminderStatus.SENDING, Reminder.lease_until < now)
    query = (
        select(Reminder)
        .where(or_(due, left), Reminder.channel.in_(list(channels)))
        .order_by(Reminder.not_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(await tx.scalars(query))
    for row in rows:
        row.status, row.lease_until = ReminderStatus.SENDING, now + LEASE
        row.fence, row.attempts = row.fence + 1, row.attempts + 1
    await tx.flush()
    return [_taken(row) for row in rows]


async def lose(tx: AsyncSession, now: datetime, channels: Collection[Channel]) -> int:
    """Set aside what was being sent by a way that cannot tell twice from once, when its sender did not come back."""
    left = and_(Reminder.status == ReminderStatus.SENDING, Reminder.lease_until < now)
    query = update(Reminder).where(left, Reminder.channel.in_(list(channels)))
    lost = await tx.execute(query.values(status=ReminderStatus.UNKNOWN, trouble="sender-lost", lease_until=None))
    return cast("CursorResult[Any]", lost).rowcount


async def settle(tx: AsyncSession, one: Taken, **values: object) -> bool:
    """Write what came of one; False when somebody else has taken it since."""
    mine = (Reminder.id == one.id, Reminder.fence == one.fence, Reminder.status == ReminderStatus.SENDING)
    done = await tx.execute(update(Reminder).where(*mine).values(lease_until=None, **values))
    return cast("CursorResult[Any]", done).rowcount == 1


async def appointments_by_id(tx: AsyncSession, ids: Iterable[AppointmentId]) -> dict[AppointmentId, Appointment]:
    """Return these appointments, as they are now."""
    rows = await tx.scalars(select(Appointment).where(Appointment.id.in_(list(ids))))
    return {row.id: row for row in rows}


async def by_token(tx: AsyncSession, token_hash: bytes) -> Reminder | None:
    """Return the reminder whose link this is."""
    return await tx.scalar(select(Reminder).where(Reminder.token_hash == token_hash))


async def by_code(tx: AsyncSession, code_index: bytes, site_id: SiteId, now: datetime) -> list[Reminder]:
    """Return the reminders of a site's appointments to come whose code this is: one, but for a rare chance."""
    query = select(Reminder).where(
        Reminder.code_index == code_index, Reminder.site_id == site_id, Reminder.starts_at > now
    )
    return list(await tx.scalars(query))


async def of_appointment(tx: AsyncSession, appointment_id: AppointmentId) -> list[Reminder]:
    """Return all reminders of an appointment, in the order in which they go out."""
    query = select(Reminder).where(Reminder.appointment_id == appointment_id)
    return list(await tx.scalars(query.order_by(Reminder.not_before, Reminder.channel)))


async def to_look_at(tx: AsyncSession, site_id: SiteId, now: datetime) -> list[Reminder]:
    """Return what somebody of a site has to do: what failed, and the cards to print, of appointments that stand."""
    stands = exists().where(
        Appointment.id == Reminder.appointment_id,
        Appointment.starts_at == Reminder.starts_at,
        Appointment.status == AppointmentStatus.BOOKED,
    )
    by_hand = and_(Reminder.channel == Channel.CARD, Reminder.status == ReminderStatus.DUE)
    query = select(Reminder).where(
        Reminder.site_id == site_id,
        Reminder.starts_at > now,
        or_(Reminder.status.in_(TROUBLED), by_hand),
        stands,
    )
    return list(await tx.scalars(query.order_by(Reminder.starts_at)))


async def reminder(tx: AsyncSession, reminder_id: ReminderId) -> Reminder:
    """Return a reminder, locked."""
    return (await tx.scalars(select(Reminder).where(Reminder.id == reminder_id).with_for_update())).one()


async def sent_by(tx: AsyncSession, channels: Collection[Channel], since: datetime, limit: int) -> list[Reminder]:
    """Return what a provider took and of which it has not said yet whether it arrived; the oldest first."""
    query = select(Reminder).where(
        Reminder.status == ReminderStatus.SENT,
        Reminder.channel.in_(list(channels)),
        Reminder.provider_ref.is_not(None),
        Reminder.sent_at > since,
    )
    return list(await tx.scalars(query.order_by(Reminder.sent_at).limit(limit)))


async def arrived(tx: AsyncSession, reminder_id: ReminderId, status: ReminderStatus, trouble: str | None) -> None:
    """Write what the provider says became of a reminder that it took."""
    mine = (Reminder.id == reminder_id, Reminder.status == ReminderStatus.SENT)
    await tx.execute(update(Reminder).where(*mine).values(status=status, trouble=trouble))


def _taken(row: Reminder) -> Taken:
    return Taken(
        row.id,
        row.appointment_id,
        row.patient_id,
        row.starts_at,
        row.not_after,
        row.channel,
        row.occasion,
        row.fence,
        row.attempts,
    )
