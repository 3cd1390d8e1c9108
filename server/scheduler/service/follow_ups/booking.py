"""Booking, moving, cancelling and missing: one transaction each, all units or none."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict
from server.kernel.ids import AppointmentId, PromiseId, new_id
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.late import expected_at
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.promise import PromiseMove, PromiseStatus, after
from server.scheduler.rules.search import NEEDS, Sides, held_for, is_open
from server.scheduler.rules.units import unit_from, unit_of, wall_time
from server.scheduler.service import asking
from server.scheduler.service.asking import LASTS_FOR, Bench
from server.scheduler.service.follow_ups.proposing import Proposing
from server.scheduler.service.making_way import make_way
from server.scheduler.service.views import (
    CabinDown,
    Cancelled,
    CancelReason,
    Choice,
    SlotTaken,
)
from server.scheduler.store import Held
from server.scheduler.tables import Appointment, FollowUpPromise
from server.scheduler.waiting.freeing import note_freed


class Booking(Proposing):
    """Books what was proposed."""

    async def book(self, who: Identity, promise_id: PromiseId, choice: Choice, idempotency_key: str) -> AppointmentId:
        """Book one moment for everybody who is needed, or raise SlotTaken with fresh proposals: all or nothing.

        The same key with the same choice gives the same answer again; with another choice it raises Invalid.
        """
        require(who, Act.FOLLOW_UP_BOOK)
        try:
            return await self.reserve(who, promise_id, choice, idempotency_key)
        except Conflict as refused:
            raise await self._with_fresh(who, promise_id, refused) from None

    async def reserve(
        self, who: Identity, promise_id: PromiseId, choice: Choice, idempotency_key: str
    ) -> AppointmentId:
        """Book like `book`, but refuse a taken moment with a plain Conflict, without fresh proposals."""
        require(who, Act.FOLLOW_UP_BOOK)
        fresh = AppointmentId(new_id())
        body = f"book|{promise_id}|{_spelt(choice)}"
        async with self._database.transaction() as tx:
            earlier = await self._intents.answered(tx, who, idempotency_key, body, str(fresh))
            if earlier is not None:
                return AppointmentId(UUID(earlier))
            row = await self._allowed(tx, who, promise_id, lock=True)
            units = await self._book(tx, who, row, choice, fresh)
        await self._nudge(row, choice, units)
        return fresh

    async def move(self, who: Identity, appointment_id: AppointmentId, version: int, choice: Choice) -> int:
        """Move an appointment: the new units are taken before the old ones are freed. Returns the new version.

        Raises SlotTaken when somebody was faster, Conflict when the appointment changed since `version`.
        """
        require(who, Act.FOLLOW_UP_BOOK)
        promise_id = await self._promise_of(appointment_id)
        try:
            async with self._database.transaction() as tx:
                promise, booked = await self._booked(tx, who, promise_id, appointment_id, version)
                around = await self._bench(tx, who, promise, choice)
                sides = checked(around, choice)
                before, then = await store.held_by(tx, booked.id), asking.held(sides, choice.starts_at, booked.modality)
                await refuse_taken(tx, promise, choice, self._now(), [booked.id])
                wanted = then - await store.held_by(tx, booked.id, first_lane=True)
                freed = await make_way(tx, who, wanted, self._now())
                note_freed(tx, booked, self._now())
                await store.take(tx, booked.id, wanted)
                await store.leave_second_lane(tx, booked.id)
                await store.let_go(tx, booked.id, before - then)
                self._put(booked, choice, around)
                await self._audit(tx, who, Action.APPOINTMENT_MOVED, booked)
        except Conflict as refused:
            raise await self._with_fresh(who, promise_id, refused) from None
        await self._nudge(promise, choice, before ^ then | freed)
        return booked.version

    async def cancel(
        self, who: Identity, appointment_id: AppointmentId, version: int, reason: CancelReason
    ) -> Cancelled:
        """Cancel an appointment: its units are free at once and the promise is due again."""
        require(who, Act.FOLLOW_UP_BOOK)
        promise_id = await self._promise_of(appointment_id)
        async with self._database.transaction() as tx:
            promise, booked = await self._booked(tx, who, promise_id, appointment_id, version)
            choice = asking.choice_of(booked)
            booked.status = check_move(booked.status, AppointmentStatus.CANCELLED)
            note_freed(tx, booked, self._now())
            booked.cancelled_at, booked.cancel_reason = self._now(), reason.value
            promise.status = after(promise.status, PromiseMove.FREE)
            await tx.flush()
            units = await store.held_by(tx, booked.id)
            await store.let_go(tx, booked.id)
            await self._audit(tx, who, Action.APPOINTMENT_CANCELLED, booked, reason.value)
        await self._nudge(promise, choice, units)
        return Cancelled(promise.id, choice)

    async def miss(self, who: Identity, appointment_id: AppointmentId, version: int) -> None:
        """Note that the patient did not come: the promise is missed, and stands on the worklist again."""
        require(who, Act.FOLLOW_UP_BOOK)
        promise_id = await self._promise_of(appointment_id)
        async with self._database.transaction() as tx:
            promise, booked = await self._booked(tx, who, promise_id, appointment_id, version)
            if expected_at(booked.starts_at, booked.late_min) > self._now():
                raise Conflict(N_("Ce rendez-vous n’a pas encore eu lieu. Rien n’a été modifié."), code="too-early")
            booked.status = check_move(booked.status, AppointmentStatus.NOSHOW)
            promise.status = after(promise.status, PromiseMove.MISS)
            await self._audit(tx, who, Action.APPOINTMENT_MISSED, booked)

    async def _book(
        self, tx: AsyncSession, who: Identity, row: FollowUpPromise, choice: Choice, fresh: AppointmentId
    ) -> set[Held]:
        if row.status is PromiseStatus.MISSED:
            row.status = after(row.status, PromiseMove.RENEW)
        row.status = after(row.status, PromiseMove.BOOK)
        own, now = await store.hold_of(tx, row.id), self._now()
        await refuse_taken(tx, row, choice, now, [own] if own else [])
        around = await self._bench(tx, who, row, choice)
        units = asking.held(checked(around, choice), choice.starts_at, around.ask.modality)
        freed = await make_way(tx, who, units, now, own)
        booked = self._row(who, row, choice, around, AppointmentStatus.BOOKED, fresh)
        tx.add(booked)
        await tx.flush()
        await store.take(tx, booked.id, units)
        await self._audit(tx, who, Action.APPOINTMENT_BOOKED, booked)
        return units | freed

    def _row(
        self,
        who: Identity | None,
        row: FollowUpPromise,
        choice: Choice,
        around: Bench,
        status: AppointmentStatus,
        fresh: AppointmentId | None = None,
    ) -> Appointment:
        """Return a new appointment at a moment; a hold is one too."""
        made = Appointment(
            id=fresh or AppointmentId(new_id()),
            patient_id=row.patient_id,
            promise_id=row.id,
            site_id=row.site_id,
            status=status,
            modality=row.modality,
            booked_at=self._now(),
            booked_by=who.account_id if who else None,
        )
        self._put(made, choice, around)
        return made

    def _put(self, booked: Appointment, choice: Choice, around: Bench) -> None:
        """Write a moment into an appointment: the instant, and the wall time that was promised."""
        zone = around.site.zone
        booked.practitioner_id, booked.cabin_id = choice.practitioner_id, choice.cabin_id
        booked.health_worker_id, booked.instrument_id = choice.health_worker_id, choice.instrument_id
        booked.starts_at, booked.ends_at = choice.starts_at, choice.starts_at + LASTS_FOR
        booked.wall_time, booked.zone = wall_time(choice.starts_at, zone), zone
        booked.zone_version = self._zones_release
        booked.late_min = booked.override_reason = None


def checked(around: Bench, choice: Choice) -> Sides:
    """Return who was chosen, if all of them may serve then as far as checks, hours and the window go."""
    if choice.cabin_id in around.closed:
        raise CabinDown
    sides = around.chosen(choice)
    unit = unit_of(choice.starts_at)
    if sides is None or unit != unit_from(choice.starts_at) or not is_open(around.ask, sides, unit):
        raise Conflict(store.TAKEN, code=SlotTaken.code)
    return sides


async def refuse_taken(
    tx: AsyncSession, row: FollowUpPromise, choice: Choice, now: datetime, but: Collection[AppointmentId] = ()
) -> None:
    """Refuse what anybody but `but` visibly takes, before the work of loading who could serve. The rows decide.

    Breaks decide here: they are no rows.
    """
    first = unit_of(choice.starts_at)
    units = range(first, first + NEEDS[ResourceKind.PATIENT])
    taken = await store.is_taken(tx, [row.patient_id, *choice.serving], units, now, but)
    if taken or await store.is_crowded(tx, _needs(choice, row.modality), first, now, but):
        raise Conflict(store.TAKEN, code=SlotTaken.code)


def _needs(choice: Choice, modality: Modality) -> dict[UUID, range]:
    wanted = {
        ResourceKind.PRACTITIONER: choice.practitioner_id,
        ResourceKind.CABIN: choice.cabin_id,
        ResourceKind.HEALTH_WORKER: choice.health_worker_id,
        ResourceKind.INSTRUMENT: choice.instrument_id,
    }
    return {one: held_for(kind, modality) for kind, one in wanted.items() if one is not None}


def _spelt(choice: Choice) -> str:
    who = (choice.practitioner_id, choice.cabin_id, choice.health_worker_id, choice.instrument_id)
    return "|".join(map(str, (choice.starts_at.timestamp(), *who)))
