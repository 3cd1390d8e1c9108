"""Follow-ups: promised by the doctor who signs, chosen by the patient or at the desk of the site, booked once.

promise ──► due ──proposals──► three moments ──book──► appointment + units of all, in one transaction
             ▲                                  └─ somebody was faster: Conflict with fresh moments
             └────── cancel (booking the same choice again undoes it, while it is free)
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.rules import Encounter
from server.encounters.service.ground import Nudger
from server.encounters.store import seated
from server.kernel.access import Act, Identity, Role, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AppointmentId, PatientId, PromiseId, ResourceId, new_id
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.service import People
from server.people.store import same_ids, site
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.promise import PromiseMove, PromiseStatus, after, window
from server.scheduler.rules.search import NEEDS, PartOfDay, Sides, is_open
from server.scheduler.rules.units import local_day, unit_from, unit_of, wall_time
from server.scheduler.service import asking
from server.scheduler.service.asking import LASTS_FOR, Bench
from server.scheduler.service.intents import Intents
from server.scheduler.service.views import (
    AppointmentLine,
    CabinDown,
    Cancelled,
    CancelReason,
    Choice,
    Expected,
    PromiseLine,
    Proposals,
    SlotTaken,
)
from server.scheduler.service.worklists import Worklists, reason_place
from server.scheduler.tables import Appointment, FollowUpPromise, Resource
from server.scheduler.zones import zones_release

NOT_YOURS = N_("Ce suivi n’existe pas, ou il n’est pas à vous.")


class FollowUps:
    """Promises and their appointments."""

    def __init__(self, database: Database, people: People, vault: Vault, now: Clock, nudger: Nudger) -> None:
        self._database = database
        self._vault = vault
        self._now = now
        self._nudger = nudger
        self._zones_release = zones_release()
        self._intents = Intents(now)
        self._worklists = Worklists(database, people, vault, now)

    async def promise(self, tx: AsyncSession, who: Identity, visit: Encounter, wish: FollowUpWish) -> PromiseId:
        """Keep what the doctor ordered at the end of a visit, in the caller's transaction: a window, and why."""
        require(who, Act.FOLLOW_UP_ASK)
        if visit.practitioner_id is None or visit.practitioner_id != who.practitioner_id:
            raise NotFound(NOT_YOURS)
        place = await site(tx, visit.site_id)
        now, promise_id = self._now(), PromiseId(new_id())
        asked = window(local_day(now, place.zone), wish.in_days)
        sealed = await self._vault.seal(tx, reason_place(promise_id, visit.patient_id), wish.why.encode())
        tx.add(
            FollowUpPromise(
                id=promise_id,
                patient_id=visit.patient_id,
                encounter_id=visit.id,
                site_id=visit.site_id,
                practitioner_id=visit.practitioner_id,
                health_worker_id=None,
                with_health_worker=wish.with_health_worker and wish.modality is Modality.REMOTE,
                status=PromiseStatus.DUE,
                modality=wish.modality,
                due_on=asked.due_on,
                earliest_on=asked.earliest_on,
                latest_on=asked.latest_on,
                sealed_reason=sealed,
                row_ver=1,
                created_at=now,
                created_by=who.account_id,
            )
        )
        await self._make_patient_resource(tx, visit.patient_id, place.zone)
        about, digest = f"follow_up_promise:{promise_id}", hashlib.sha256(sealed).digest()
        made, patient_id = Action.PROMISE_MADE, visit.patient_id
        await record(tx, who, made, at=now, patient_id=patient_id, record=about, row_ver=1, ct_sha256=digest)
        return promise_id

    async def proposals(
        self,
        who: Identity,
        promise_id: PromiseId,
        part_of_day: PartOfDay | None = None,
        after: str | None = None,
        *,
        wide: bool = False,
    ) -> Proposals:
        """Return up to three moments, or none and why. `after` is `more` of the answer before (“other days”).

        `wide` is for the health worker's patient who comes late: twice the tolerance, and beyond today.
        """
        require(who, Act.FOLLOW_UP_SEE)
        seen = asking.days_seen(after)
        async with self._database.reading() as tx:
            row = await self._allowed(tx, who, promise_id)
            around = await self._bench(tx, who, row, wide=wide, part=part_of_day, seen=seen)
        return asking.proposals(row, around)

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
            await self._book(tx, who, row, choice, fresh)
        await self._nudge(row, choice)
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
                around = await self._bench(tx, who, promise)
                sides = _checked(around, choice)
                before, then = await store.held_by(tx, booked.id), asking.held(sides, choice.starts_at)
                await store.take(tx, booked.id, then - before)
                await store.let_go(tx, booked.id, before - then)
                self._put(booked, choice, around)
                await self._audit(tx, who, Action.APPOINTMENT_MOVED, booked)
        except Conflict as refused:
            raise await self._with_fresh(who, promise_id, refused) from None
        await self._nudge(promise, choice)
        return booked.version

    async def cancel(
        self, who: Identity, appointment_id: AppointmentId, version: int, reason: CancelReason
    ) -> Cancelled:
        """Cancel an appointment: its units are free at once and the promise is due again."""
        require(who, Act.FOLLOW_UP_BOOK)
        promise_id = await self._promise_of(appointment_id)
        async with self._database.transaction() as tx:
            promise, booked = await self._booked(tx, who, promise_id, appointment_id, version)
            choice = Choice(booked.starts_at, booked.practitioner_id, booked.cabin_id, booked.health_worker_id)
            booked.status = check_move(booked.status, AppointmentStatus.CANCELLED)
            booked.cancelled_at, booked.cancel_reason = self._now(), reason.value
            promise.status = after(promise.status, PromiseMove.FREE)
            await tx.flush()
            await store.let_go(tx, booked.id)
            await self._audit(tx, who, Action.APPOINTMENT_CANCELLED, booked, reason.value)
        await self._nudge(promise, choice)
        return Cancelled(promise.id, choice)

    async def miss(self, who: Identity, appointment_id: AppointmentId, version: int) -> None:
        """Note that the patient did not come: the promise is missed, and stands on the worklist again."""
        require(who, Act.FOLLOW_UP_BOOK)
        promise_id = await self._promise_of(appointment_id)
        async with self._database.transaction() as tx:
            promise, booked = await self._booked(tx, who, promise_id, appointment_id, version)
            if booked.starts_at > self._now():
                raise Conflict(N_("Ce rendez-vous n’a pas encore eu lieu. Rien n’a été modifié."), code="too-early")
            booked.status = check_move(booked.status, AppointmentStatus.NOSHOW)
            promise.status = after(promise.status, PromiseMove.MISS)
            await self._audit(tx, who, Action.APPOINTMENT_MISSED, booked)

    async def call_me_back(self, who: Identity, promise_id: PromiseId) -> None:
        """Note that moments were shown and none was chosen: somebody calls the person back."""
        require(who, Act.FOLLOW_UP_BOOK)
        async with self._database.transaction() as tx:
            row = await self._allowed(tx, who, promise_id, lock=True)
            row.status = after(row.status, PromiseMove.OFFER)
            about = f"follow_up_promise:{row.id}"
            await record(tx, who, Action.PROMISE_MOVED, at=self._now(), patient_id=row.patient_id, record=about)
        await self._nudger.nudge(f"site:{row.site_id}")

    async def keep(self, tx: AsyncSession, who: Identity, visit: Encounter) -> list[AppointmentId]:
        """Note, in the transaction that closes a visit, that today's appointments of its patient were kept."""
        place = await site(tx, visit.site_id)
        today = await self._worklists.expected_today(tx, visit.patient_id, place)
        expected = [(row.promise_id, row.id) for row in today if row.modality is Modality.REMOTE and row.promise_id]
        for promise_id, appointment_id in expected:
            promise, booked = await self._locked(tx, promise_id, appointment_id)
            booked.status = check_move(booked.status, AppointmentStatus.FULFILLED)
            promise.status = after(promise.status, PromiseMove.KEEP)
            await self._audit(tx, who, Action.APPOINTMENT_KEPT, booked)
        return [appointment_id for _, appointment_id in expected]

    async def of_visit(self, who: Identity) -> PromiseLine | None:
        """Return the follow-up that the doctor asked for in the visit that sits in this cabin."""
        require(who, Act.FOLLOW_UP_SEE)
        return await self._worklists.of_visit(who)

    async def due(self, who: Identity) -> list[PromiseLine]:
        """Return the follow-ups without a moment: of the health worker's site, or that this doctor asked for."""
        require(who, Act.FOLLOW_UP_SEE)
        return await self._worklists.due(who)

    async def day_sheet(self, who: Identity, on: date) -> list[AppointmentLine]:
        """Return the appointments of the health worker's site on a day, in order."""
        require(who, Act.DAY_SHEET)
        return await self._worklists.day_sheet(who, on)

    async def upcoming(self, who: Identity) -> list[AppointmentLine]:
        """Return the practitioner's appointments from this morning on, for two weeks."""
        require(who, Act.FOLLOW_UP_ASK)
        return await self._worklists.upcoming(who)

    async def for_cabin(self, who: Identity, patient_id: PatientId | None = None) -> Expected | None:
        """Return today's appointment here of a person whom this cabin has recognised, or who sits in it."""
        require(who, Act.VISIT_INTAKE)
        return await self._worklists.for_cabin(who, patient_id)

    async def _book(
        self, tx: AsyncSession, who: Identity, row: FollowUpPromise, choice: Choice, fresh: AppointmentId
    ) -> None:
        if row.status is PromiseStatus.MISSED:
            row.status = after(row.status, PromiseMove.RENEW)
        row.status = after(row.status, PromiseMove.BOOK)
        await _refuse_taken(tx, row, choice)
        around = await self._bench(tx, who, row)
        sides = _checked(around, choice)
        booked = Appointment(
            id=fresh,
            patient_id=row.patient_id,
            promise_id=row.id,
            site_id=row.site_id,
            status=AppointmentStatus.BOOKED,
            modality=row.modality,
            booked_at=self._now(),
            booked_by=who.account_id,
        )
        self._put(booked, choice, around)
        tx.add(booked)
        await tx.flush()
        await store.take(tx, fresh, asking.held(sides, choice.starts_at))
        await self._audit(tx, who, Action.APPOINTMENT_BOOKED, booked)

    def _put(self, booked: Appointment, choice: Choice, around: Bench) -> None:
        """Write a moment into an appointment: the instant, and the wall time that was promised."""
        zone = around.site.zone
        booked.practitioner_id, booked.cabin_id = choice.practitioner_id, choice.cabin_id
        booked.health_worker_id = choice.health_worker_id
        booked.starts_at, booked.ends_at = choice.starts_at, choice.starts_at + LASTS_FOR
        booked.wall_time, booked.zone = wall_time(choice.starts_at, zone), zone
        booked.zone_version = self._zones_release

    async def _bench(
        self,
        tx: AsyncSession,
        who: Identity,
        row: FollowUpPromise,
        *,
        wide: bool | None = None,
        part: PartOfDay | None = None,
        seen: Sequence[date] | frozenset[date] = (),
    ) -> Bench:
        """Load who could serve. Beyond the clinical window only a health worker may book."""
        may_widen = who.role is Role.HEALTH_WORKER
        return await asking.bench(tx, row, self._now(), wide=may_widen and wide is not False, part=part, seen=seen)

    async def _allowed(
        self, tx: AsyncSession, who: Identity, promise_id: PromiseId, *, lock: bool = False
    ) -> FollowUpPromise:
        """Return a promise that is the caller’s: of who sits in this cabin, of this site, or asked by this doctor."""
        row = await store.promise(tx, promise_id, lock=lock)
        if who.role is Role.CABIN and who.cabin_id is not None:
            visit = await seated(tx, who.cabin_id)
            own = visit is not None and row.patient_id in await same_ids(tx, visit.patient_id)
        elif who.role is Role.HEALTH_WORKER:
            own = who.site_id == row.site_id
        else:
            own = who.practitioner_id is not None and who.practitioner_id == row.practitioner_id
        if not own:
            raise NotFound(NOT_YOURS)
        return row

    async def _promise_of(self, appointment_id: AppointmentId) -> PromiseId:
        async with self._database.reading() as tx:
            row = await store.appointment(tx, appointment_id)
        if row.promise_id is None:
            raise NotFound(NOT_YOURS)
        return row.promise_id

    async def _booked(
        self, tx: AsyncSession, who: Identity, promise_id: PromiseId, appointment_id: AppointmentId, version: int
    ) -> tuple[FollowUpPromise, Appointment]:
        """Return a booked appointment at this version with its promise, both locked in this order."""
        await self._allowed(tx, who, promise_id)
        promise, booked = await self._locked(tx, promise_id, appointment_id)
        if booked.version != version or booked.status is not AppointmentStatus.BOOKED:
            raise Conflict(
                N_("Ce rendez-vous a changé entre-temps. Rien n’a été modifié. Rechargez la page."),
                code="appointment-moved",
            )
        return promise, booked

    @staticmethod
    async def _locked(
        tx: AsyncSession, promise_id: PromiseId, appointment_id: AppointmentId
    ) -> tuple[FollowUpPromise, Appointment]:
        promise = await store.promise(tx, promise_id, lock=True)
        return promise, await store.appointment(tx, appointment_id, lock=True)

    async def _with_fresh(self, who: Identity, promise_id: PromiseId, refused: Conflict) -> Conflict:
        """Return the refusal; one of a taken moment brings fresh proposals with it."""
        if refused.code != SlotTaken.code:
            return refused
        return SlotTaken(await self.proposals(who, promise_id))

    async def _make_patient_resource(self, tx: AsyncSession, patient_id: PatientId, zone: str) -> None:
        row = Resource(
            id=ResourceId(new_id()), kind=ResourceKind.PATIENT, subject_id=patient_id, zone=zone, active=True
        )
        await store.add_resource(tx, row)

    async def _audit(
        self, tx: AsyncSession, who: Identity, action: Action, row: Appointment, reason: str | None = None
    ) -> None:
        about = f"appointment:{row.id}"
        await record(tx, who, action, at=self._now(), patient_id=row.patient_id, record=about, reason=reason)

    async def _nudge(self, row: FollowUpPromise, choice: Choice) -> None:
        lines = [f"site:{row.site_id}"]
        if choice.cabin_id is not None:
            lines.append(f"cabin:{choice.cabin_id}")
        await self._nudger.nudge(*lines)


def _checked(around: Bench, choice: Choice) -> Sides:
    """Return who was chosen, if all of them may serve then as far as checks, hours and the window go."""
    if choice.cabin_id in around.closed:
        raise CabinDown
    sides = around.chosen(choice)
    unit = unit_of(choice.starts_at)
    if sides is None or unit != unit_from(choice.starts_at) or not is_open(around.ask, sides, unit):
        raise Conflict(store.TAKEN, code=SlotTaken.code)
    return sides


async def _refuse_taken(tx: AsyncSession, row: FollowUpPromise, choice: Choice) -> None:
    """Refuse what is visibly taken, before the work of loading who could serve. The unit rows decide the rest."""
    wanted = (row.patient_id, choice.practitioner_id, choice.cabin_id, choice.health_worker_id)
    first = unit_of(choice.starts_at)
    units = range(first, first + NEEDS[ResourceKind.PATIENT])
    if await store.is_taken(tx, [one for one in wanted if one is not None], units):
        raise Conflict(store.TAKEN, code=SlotTaken.code)


def _spelt(choice: Choice) -> str:
    return f"{choice.starts_at.timestamp()}|{choice.practitioner_id}|{choice.cabin_id}|{choice.health_worker_id}"
