"""Promises: made at the end of a visit, kept by the next one, and set aside to be called back."""

import hashlib

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.encounters.rules import Encounter
from server.kernel.access import Act, Identity, require
from server.kernel.errors import NotFound
from server.kernel.ids import AppointmentId, PatientId, PromiseId, ResourceId, new_id
from server.people.store import site
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.promise import PromiseMove, PromiseStatus, after, window
from server.scheduler.rules.units import local_day
from server.scheduler.service.follow_ups.steps import NOT_YOURS, Steps
from server.scheduler.service.worklists import reason_place
from server.scheduler.tables import FollowUpPromise, Resource


class Promising(Steps):
    """Makes and keeps promises."""

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
