"""Promises: made at the end of a visit, kept by the next one, and set aside to be called back."""

import hashlib
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.encounters.rules import Encounter
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AppointmentId, PatientId, PromiseId, ResourceId, SeriesId, new_id
from server.kernel.words import N_
from server.people.rules import Site
from server.people.store import site
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.promise import OPEN, PromiseMove, PromiseStatus, Window, after, window
from server.scheduler.rules.units import local_day
from server.scheduler.series.making import another, draw, series_windows
from server.scheduler.series.rules import Cadence, check
from server.scheduler.service.follow_ups.steps import NOT_YOURS, Steps
from server.scheduler.service.worklists import reason_place
from server.scheduler.tables import FollowUpPromise, Resource

REPEATABLE = (*OPEN, PromiseStatus.BOOKED)


class Promising(Steps):
    """Makes and keeps promises."""

    async def promise(self, tx: AsyncSession, who: Identity, visit: Encounter, wish: FollowUpWish) -> PromiseId:
        """Keep what the doctor ordered at the end of a visit, in the caller's transaction: a window, and why."""
        require(who, Act.FOLLOW_UP_ASK)
        if visit.practitioner_id is None or visit.practitioner_id != who.practitioner_id:
            raise NotFound(NOT_YOURS)
        place = await site(tx, visit.site_id)
        first = FollowUpPromise(
            id=PromiseId(new_id()),
            patient_id=visit.patient_id,
            encounter_id=visit.id,
            site_id=visit.site_id,
            practitioner_id=visit.practitioner_id,
            health_worker_id=None,
            with_health_worker=wish.modality is not Modality.IN_PERSON
            and (wish.with_health_worker or wish.modality is Modality.HOME),
            instrument=wish.instrument if wish.modality is not Modality.IN_PERSON else None,
            modality=wish.modality,
        )
        series = await self._windows(tx, first, wish, place)
        why = wish.why.encode()
        if len(series) > 1:
            await draw(tx, who, first, wish.every_days, wish.times, self._now())
        await self._write(tx, who, first, series[0], why)
        for number, each in enumerate(series[1:], start=2):
            await self._write(tx, who, another(first, number), each, why)
        await self._make_patient_resource(tx, visit.patient_id, place.zone)
        return first.id

    async def repeat(self, who: Identity, promise_id: PromiseId, step_days: int, times: int) -> SeriesId:
        """Make a series of a promise that still has no end: it is the first of so many times.

        Raises Invalid for a series that is not possible, Conflict when it is one already.
        """
        require(who, Act.SERIES_ORDER)
        cadence, now = Cadence(step_days, times), self._now()
        async with self._database.transaction() as tx:
            first = await self._allowed(tx, who, promise_id, lock=True)
            if first.series_id is not None or first.status not in REPEATABLE:
                raise Conflict(N_("Ce suivi ne peut plus devenir une série. Rien n’a été changé."), code="series-there")
            place = await site(tx, first.site_id)
            check(cadence, max((first.due_on - local_day(now, place.zone)).days, 1))
            why = await self._vault.open(tx, reason_place(first.id, first.patient_id), first.sealed_reason)
            series_id = await draw(tx, who, first, step_days, times, now)
            found = await series_windows(tx, first, place, first.due_on, cadence, now)
            first.latest_on = max(first.due_on, min(first.latest_on, found[1].earliest_on - timedelta(days=1)))
            for number, each in enumerate(found[1:], start=2):
                await self._write(tx, who, another(first, number), each, why)
            about = f"follow_up_promise:{first.id}"
            moved, patient_id = Action.PROMISE_MOVED, first.patient_id
            await record(tx, who, moved, at=now, patient_id=patient_id, record=about, reason="series")
        await self._nudger.nudge(f"site:{first.site_id}")
        return series_id

    async def _windows(self, tx: AsyncSession, first: FollowUpPromise, wish: FollowUpWish, place: Site) -> list[Window]:
        """Return the window of each time that a wish asks for."""
        today = local_day(self._now(), place.zone)
        if not wish.is_series:
            return [window(today, wish.in_days)]
        cadence = Cadence(wish.every_days, wish.times)
        check(cadence, wish.in_days)
        return await series_windows(tx, first, place, today + timedelta(days=wish.in_days), cadence, self._now())

    async def _write(self, tx: AsyncSession, who: Identity, row: FollowUpPromise, asked: Window, why: bytes) -> None:
        now = self._now()
        row.due_on, row.earliest_on, row.latest_on = asked.due_on, asked.earliest_on, asked.latest_on
        row.status, row.row_ver, row.created_at, row.created_by = PromiseStatus.DUE, 1, now, who.account_id
        row.sealed_reason = await self._vault.seal(tx, reason_place(row.id, row.patient_id), why)
        tx.add(row)
        about, digest = f"follow_up_promise:{row.id}", hashlib.sha256(row.sealed_reason).digest()
        made, patient_id = Action.PROMISE_MADE, row.patient_id
        await record(tx, who, made, at=now, patient_id=patient_id, record=about, row_ver=1, ct_sha256=digest)

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

    async def _make_patient_resource(self, tx: AsyncSession, patient_id: PatientId, zone: str) -> None:
        row = Resource(
            id=ResourceId(new_id()), kind=ResourceKind.PATIENT, subject_id=patient_id, zone=zone, active=True
        )
        await store.add_resource(tx, row)
