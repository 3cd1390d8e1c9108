"""Tending promises: seen or not come, withdrawn with a reason, and what waits for whom."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.service.ground import Nudger
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AppointmentId, PromiseId
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import Site
from server.scheduler import store as scheduler_store
from server.scheduler.promises import store
from server.scheduler.promises.rules import (
    Alternation,
    AlternationRule,
    Concern,
    Contact,
    Readings,
    WithdrawReason,
    concern,
)
from server.scheduler.promises.tables import Withdrawal
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.late import expected_at
from server.scheduler.rules.promise import OPEN, PromiseMove, PromiseStatus, after
from server.scheduler.rules.units import local_day
from server.scheduler.service.views import CancelReason
from server.scheduler.tables import Appointment, FollowUpPromise
from server.scheduler.waiting import store as waiting_store
from server.scheduler.waiting.freeing import note_freed

OPEN_AGAIN = (*OPEN, PromiseStatus.MISSED)
NOT_YOURS = N_("Ce suivi n’existe pas, ou il n’est pas à vous.")
MOVED = N_("Ce rendez-vous a changé entre-temps. Rien n’a été modifié. Rechargez la page.")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Why and when a promise was withdrawn."""

    reason: WithdrawReason
    at: datetime


@dataclass(frozen=True, slots=True)
class Care:
    """What stands around one promise: whom it waits for, how the person was seen so far, and why it ended."""

    concern: Concern
    alternation: Alternation
    withdrawn: Withdrawn | None


@dataclass(frozen=True, slots=True)
class SiteLine:
    """How many promises of a site stand where. No patient among it."""

    site: Site
    booked: int
    to_book: int
    late: int
    missed: int
    for_doctor: int
    for_coordinator: int
    on_list: int
    """How many wait for an earlier moment."""
    unread: int
    """How many nobody has opened for too long: the follow-up, or what came of it."""


class Promises:
    """What a health worker and a doctor do with promises beside booking, and the coordinator's view of all."""

    def __init__(self, database: Database, now: Clock, nudger: Nudger, rule: AlternationRule | None = None) -> None:
        self._database = database
        self._now = now
        self._nudger = nudger
        self._rule = rule or AlternationRule()

    async def mark(self, who: Identity, appointment_id: AppointmentId, version: int, *, came: bool) -> None:
        """Note that somebody came to an appointment, or not: for those in person, which no visit here closes."""
        require(who, Act.PROMISE_TEND)
        async with self._database.transaction() as tx:
            seen = await scheduler_store.appointment(tx, appointment_id)
            if seen.promise_id is None:
                raise NotFound(NOT_YOURS)
            promise = await self._mine(tx, who, seen.promise_id, seen)
            booked = await scheduler_store.appointment(tx, appointment_id, lock=True)
            if booked.version != version or booked.status is not AppointmentStatus.BOOKED:
                raise Conflict(MOVED, code="appointment-moved")
            due_at = booked.starts_at if came else expected_at(booked.starts_at, booked.late_min)
            if due_at > self._now():
                raise Conflict(N_("Ce rendez-vous n’a pas encore eu lieu. Rien n’a été modifié."), code="too-early")
            booked.status = check_move(booked.status, AppointmentStatus.FULFILLED if came else AppointmentStatus.NOSHOW)
            promise.status = after(promise.status, PromiseMove.KEEP if came else PromiseMove.MISS)
            action = Action.APPOINTMENT_KEPT if came else Action.APPOINTMENT_MISSED
            about = f"appointment:{booked.id}"
            await record(tx, who, action, at=self._now(), patient_id=booked.patient_id, record=about)
        await self._nudger.nudge(f"site:{promise.site_id}")

    async def withdraw(self, who: Identity, promise_id: PromiseId, reason: WithdrawReason) -> None:
        """End a promise without a visit; an appointment of it is cancelled, and its moment free."""
        require(who, Act.PROMISE_TEND)
        now = self._now()
        async with self._database.transaction() as tx:
            promise = await self._mine(tx, who, promise_id)
            promise.status = after(promise.status, PromiseMove.WITHDRAW)
            tx.add(Withdrawal(promise_id=promise.id, reason=reason, withdrawn_at=now, withdrawn_by=who.account_id))
            for booked in (await store.booked_for(tx, [promise.id])).values():
                booked.status = check_move(booked.status, AppointmentStatus.CANCELLED)
                booked.cancelled_at, booked.cancel_reason = now, CancelReason.OTHER.value
                note_freed(tx, booked, now)
                await tx.flush()
                await scheduler_store.let_go(tx, booked.id)
            about = f"follow_up_promise:{promise.id}"
            await record(
                tx, who, Action.PROMISE_MOVED, at=now, patient_id=promise.patient_id, record=about, reason=reason.value
            )
        await self._nudger.nudge(f"site:{promise.site_id}")

    async def care(self, who: Identity, promise_id: PromiseId) -> Care:
        """Return what stands around one promise of the caller's."""
        require(who, Act.PROMISE_TEND)
        async with self._database.reading() as tx:
            promise = await self._mine(tx, who, promise_id, lock=False)
            place = await people_store.site(tx, promise.site_id)
            today = local_day(self._now(), place.zone)
            seen = await store.contacts(tx, promise.patient_id)
            ended = await store.withdrawal(tx, promise.id)
            read = await store.readings(tx, [promise])
        contacts = [Contact(local_day(one.at, place.zone), one.in_person) for one in seen]
        return Care(
            concern_of(promise, today, read[promise.id], self._now()),
            self._rule.judge(contacts, today),
            Withdrawn(ended.reason, ended.withdrawn_at) if ended else None,
        )

    async def board(self, who: Identity) -> list[SiteLine]:
        """Return how many promises of each site stand where, the most pressing site first."""
        require(who, Act.PROMISE_HAND_OVER)
        async with self._database.reading() as tx:
            rows = await store.standing(tx)
            read = await store.readings(tx, rows, everywhere=True)
            sites = await people_store.sites(tx)
            crowd = Counter(entry.site_id for entry, _ in await waiting_store.waiting(tx))
        lines = [
            self._counted(one, [row for row in rows if row.site_id == one.id], crowd[one.id], read) for one in sites
        ]
        return sorted(lines, key=lambda one: (-one.for_coordinator, -one.for_doctor, one.site.name))

    def _counted(
        self, site: Site, rows: list[FollowUpPromise], on_list: int, read: Mapping[PromiseId, Readings]
    ) -> SiteLine:
        now = self._now()
        today, statuses = local_day(now, site.zone), Counter(row.status for row in rows)
        levels = Counter(concern_of(row, today, read[row.id], now) for row in rows)
        waiting = [row for row in rows if row.status in OPEN]
        return SiteLine(
            site,
            booked=statuses[PromiseStatus.BOOKED],
            to_book=len(waiting),
            late=sum(today > row.latest_on for row in waiting),
            missed=statuses[PromiseStatus.MISSED],
            for_doctor=levels[Concern.DOCTOR],
            for_coordinator=levels[Concern.COORDINATOR],
            on_list=on_list,
            unread=sum(row.status in OPEN_AGAIN and read[row.id].concern(now) > Concern.NOBODY for row in rows),
        )

    async def _mine(
        self,
        tx: AsyncSession,
        who: Identity,
        promise_id: PromiseId,
        booked: Appointment | None = None,
        *,
        lock: bool = True,
    ) -> FollowUpPromise:
        """Return a promise of the caller's site, or that this doctor owns or is booked for."""
        promise = await scheduler_store.promise(tx, promise_id, lock=lock)
        doctors = {promise.practitioner_id, booked.practitioner_id if booked else promise.practitioner_id}
        if who.site_id == promise.site_id and who.health_worker_id is not None:
            return promise
        if who.practitioner_id is None or who.practitioner_id not in doctors:
            raise NotFound(NOT_YOURS)
        return promise


def concern_of(row: FollowUpPromise, today: date, read: Readings, now: datetime) -> Concern:
    """Return whom a promise waits for today: to be placed, or to be read."""
    placed = concern(row.status, row.earliest_on, row.due_on, row.latest_on, today)
    return max(placed, read.concern(now)) if row.status in OPEN_AGAIN else placed
