"""The named queries of the waiting list. Locks are taken in one order: moment, offer, promise, appointment."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import AppointmentId, FreedMomentId, PromiseId, SiteId, WaitingEntryId, WaitingOfferId
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.hold import HOLDABLE
from server.scheduler.tables import Appointment, FollowUpPromise
from server.scheduler.waiting.rules import EntryStatus, MomentStatus, OfferStatus
from server.scheduler.waiting.tables import FreedMoment, WaitingEntry, WaitingOffer

_PENDING = AppointmentStatus.PENDING


async def entry(tx: AsyncSession, entry_id: WaitingEntryId) -> WaitingEntry:
    """Return one entry, locked."""
    return (await tx.scalars(select(WaitingEntry).where(WaitingEntry.id == entry_id).with_for_update())).one()


async def entry_of(tx: AsyncSession, promise_id: PromiseId) -> WaitingEntry | None:
    """Return the entry of a promise, in whatever state it is; locked."""
    query = select(WaitingEntry).where(WaitingEntry.promise_id == promise_id)
    return await tx.scalar(query.with_for_update())


async def waiting(tx: AsyncSession, site_id: SiteId | None = None) -> list[tuple[WaitingEntry, FollowUpPromise]]:
    """Return who waits, of one site or of all, with a promise that may still be placed; the longest first."""
    query = select(WaitingEntry, FollowUpPromise).join(FollowUpPromise, FollowUpPromise.id == WaitingEntry.promise_id)
    query = query.where(WaitingEntry.status == EntryStatus.WAITING, FollowUpPromise.status.in_(HOLDABLE))
    if site_id is not None:
        query = query.where(WaitingEntry.site_id == site_id)
    return [(one, row) for one, row in await tx.execute(query.order_by(WaitingEntry.since, WaitingEntry.id))]


async def closed_since(tx: AsyncSession, site_id: SiteId, since: datetime) -> list[WaitingEntry]:
    """Return the entries of a site that were withdrawn of late: what can be undone."""
    query = select(WaitingEntry).where(
        WaitingEntry.site_id == site_id, WaitingEntry.status == EntryStatus.WITHDRAWN, WaitingEntry.closed_at > since
    )
    return list(await tx.scalars(query.order_by(WaitingEntry.closed_at.desc())))


async def who_waits(tx: AsyncSession, promises: Collection[PromiseId]) -> set[PromiseId]:
    """Return which of these promises are on the list."""
    query = select(WaitingEntry.promise_id).where(
        WaitingEntry.promise_id.in_(list(promises)), WaitingEntry.status == EntryStatus.WAITING
    )
    return set(await tx.scalars(query))


async def placed_by_site(tx: AsyncSession, since: datetime) -> Counter[SiteId]:
    """Return how many people of each site were placed from the list since then."""
    query = select(WaitingOffer.site_id, func.count()).where(
        WaitingOffer.status == OfferStatus.ACCEPTED, WaitingOffer.answered_at > since
    )
    return Counter({site_id: count for site_id, count in await tx.execute(query.group_by(WaitingOffer.site_id))})


async def booked_at(tx: AsyncSession, promises: Collection[PromiseId]) -> dict[PromiseId, datetime]:
    """Return when these promises are booked, those that are."""
    query = select(Appointment.promise_id, Appointment.starts_at).where(
        Appointment.promise_id.in_(list(promises)), Appointment.status == AppointmentStatus.BOOKED
    )
    return {promise_id: at for promise_id, at in await tx.execute(query) if promise_id is not None}


async def due_moments(tx: AsyncSession, now: datetime, limit: int) -> list[FreedMomentId]:
    """Return the freed moments that wait for somebody to be asked, the nearest first."""
    query = select(FreedMoment.id).where(FreedMoment.status == MomentStatus.DUE, FreedMoment.not_before <= now)
    return list(await tx.scalars(query.order_by(FreedMoment.starts_at, FreedMoment.id).limit(limit)))


async def moment(tx: AsyncSession, moment_id: FreedMomentId, *, wait: bool = True) -> FreedMoment | None:
    """Return a moment, locked; without `wait`, None when somebody else works on it."""
    query = select(FreedMoment).where(FreedMoment.id == moment_id).execution_options(populate_existing=True)
    return await tx.scalar(query.with_for_update(skip_locked=not wait))


async def look_at(tx: AsyncSession, moment_id: FreedMomentId) -> FreedMoment:
    """Return a moment, to look at."""
    return (await tx.scalars(select(FreedMoment).where(FreedMoment.id == moment_id))).one()


async def moment_known(tx: AsyncSession, practitioner_id: UUID, starts_at: datetime) -> bool:
    """Return whether this moment of a doctor was noted before."""
    query = select(FreedMoment.id).where(
        FreedMoment.practitioner_id == practitioner_id, FreedMoment.starts_at == starts_at
    )
    return (await tx.scalars(query.limit(1))).first() is not None


async def asked(tx: AsyncSession, moment_id: FreedMomentId) -> set[WaitingEntryId]:
    """Return who was asked for a moment before."""
    return set(await tx.scalars(select(WaitingOffer.entry_id).where(WaitingOffer.moment_id == moment_id)))


async def busy_entries(tx: AsyncSession) -> set[WaitingEntryId]:
    """Return who has an offer to answer just now: nobody is asked twice at once."""
    return set(await tx.scalars(select(WaitingOffer.entry_id).where(WaitingOffer.status == OfferStatus.OPEN)))


async def offers_to_end(tx: AsyncSession, now: datetime, limit: int) -> list[tuple[WaitingOfferId, FreedMomentId]]:
    """Return the open offers whose time is over, or whose hold stands no more."""
    query = select(WaitingOffer.id, WaitingOffer.moment_id).join(Appointment, Appointment.id == WaitingOffer.hold_id)
    over = or_(WaitingOffer.until <= now, Appointment.status != _PENDING)
    query = query.where(WaitingOffer.status == OfferStatus.OPEN, over).order_by(WaitingOffer.until).limit(limit)
    return [(offer_id, moment_id) for offer_id, moment_id in await tx.execute(query)]


async def offer(tx: AsyncSession, offer_id: WaitingOfferId, *, lock: bool = False) -> WaitingOffer:
    """Return one offer."""
    query = select(WaitingOffer).where(WaitingOffer.id == offer_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.scalars(query)).one()


async def offer_of_hold(tx: AsyncSession, hold_id: AppointmentId) -> WaitingOffer | None:
    """Return the offer that a hold stands for."""
    return await tx.scalar(select(WaitingOffer).where(WaitingOffer.hold_id == hold_id))


async def open_offers(tx: AsyncSession, entries: Collection[WaitingEntryId]) -> dict[WaitingEntryId, WaitingOffer]:
    """Return what these people are asked just now."""
    query = select(WaitingOffer).where(
        WaitingOffer.entry_id.in_(list(entries)), WaitingOffer.status == OfferStatus.OPEN
    )
    return {row.entry_id: row for row in await tx.scalars(query)}
