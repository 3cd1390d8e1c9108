"""What a cabin may know of the follow-up of the person who sits in it: what was asked for, and when it is booked."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.store import seated
from server.encounters.tables import EncounterRow
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.ids import PromiseId
from server.people import store as people_store
from server.people.rules import HealthWorker, Practitioner
from server.records.rules.note import FOLLOW_UP_MAX_DAYS, Modality
from server.scheduler import store
from server.scheduler.rules.promise import OPEN, PromiseStatus
from server.scheduler.service.asking import stop_of
from server.scheduler.service.whereabouts import found_at, in_the_village
from server.scheduler.tables import Appointment, FollowUpPromise

OFFERED_HERE = (*OPEN, PromiseStatus.BOOKED)
LOOK_AHEAD = timedelta(days=FOLLOW_UP_MAX_DAYS + 60)


@dataclass(frozen=True, slots=True)
class Moment:
    """When and with whom a follow-up is booked."""

    starts_at: datetime
    modality: Modality
    practitioner: Practitioner
    health_worker: HealthWorker | None
    stop: str = ""
    """Where the medicobus stops for it; empty in a cabin that stays."""


@dataclass(frozen=True, slots=True)
class CabinFollowUp:
    """A follow-up, without its reason: that stays between doctor and health worker."""

    promise_id: PromiseId
    status: PromiseStatus
    due_on: date
    modality: Modality
    practitioner: Practitioner
    moment: Moment | None

    @property
    def is_open(self) -> bool:
        """Whether a moment is still to be chosen."""
        return self.status in OPEN


class CabinView:
    """Reads follow-ups for the screen of a cabin. Only ever of the person whose visit sits there."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def follow_up(self, who: Identity) -> CabinFollowUp | None:
        """Return the follow-up of the visit in this cabin, or else the person's most urgent one, an open one first."""
        require(who, Act.FOLLOW_UP_SEE)
        async with self._database.transaction() as tx:
            visit = await seated(tx, who.cabin_id) if who.cabin_id else None
            if visit is None:
                return None
            row = await store.promise_of_visit(tx, visit.id) or await self._most_urgent(tx, visit)
            if row is None or row.status not in OFFERED_HERE:
                return None
            about = f"follow_up_promise:{row.id}"
            await record(tx, who, Action.PROMISE_READ, at=self._now(), patient_id=row.patient_id, record=about)
            doctor = await people_store.practitioner(tx, row.practitioner_id)
            moment = await self._moment(tx, row)
        return CabinFollowUp(row.id, row.status, row.due_on, row.modality, doctor, moment)

    async def _most_urgent(self, tx: AsyncSession, visit: EncounterRow) -> FollowUpPromise | None:
        rows = await store.promises(tx, OFFERED_HERE, site_id=visit.site_id)
        records = await people_store.same_ids(tx, visit.patient_id)
        own = [row for row in rows if row.patient_id in records]
        return next((row for row in own if row.status in OPEN), own[0] if own else None)

    async def _moment(self, tx: AsyncSession, row: FollowUpPromise) -> Moment | None:
        now = self._now()
        coming = await store.appointments(tx, now, now + LOOK_AHEAD, patient_id=row.patient_id, expected_only=True)
        booked: Appointment | None = next((one for one in coming if one.promise_id == row.id), None)
        if booked is None:
            return None
        doctor = await people_store.practitioner(tx, booked.practitioner_id)
        workers = {one.id: one for one in await people_store.health_workers(tx)}
        beside = workers.get(booked.health_worker_id) if booked.health_worker_id else None
        site = await people_store.site(tx, booked.site_id)
        stop = stop_of(site, await people_store.cabin(tx, booked.cabin_id)) if booked.cabin_id is not None else ""
        if await in_the_village(tx, [booked]):
            doctor = found_at(doctor, site)
        return Moment(booked.starts_at, booked.modality, doctor, beside, stop)
