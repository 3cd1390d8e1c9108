"""Lists of follow-ups: what is due, who comes today, and the little that a cabin may know. All readings are logged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.store import seated
from server.kernel.access import Identity, Role
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import CabinId, HealthWorkerId, InstrumentId, PatientId, PractitionerId, PromiseId, SiteId
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people import store as people_store
from server.people.founding import store as founding_store
from server.people.founding.rules import Instrument
from server.people.rules import Cabin, HealthWorker, Practitioner, Site, display_name
from server.people.service import People
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.promises import store as promise_store
from server.scheduler.promises.rules import Reader
from server.scheduler.rules.promise import OPEN, PromiseStatus
from server.scheduler.rules.units import day_units, instant_of, local_day
from server.scheduler.series import store as series_store
from server.scheduler.service.asking import stop_of
from server.scheduler.service.views import AppointmentLine, Expected, PromiseLine
from server.scheduler.service.whereabouts import found_at, in_the_village, sitting_of
from server.scheduler.tables import Appointment, FollowUpPromise
from server.scheduler.waiting import store as waiting_store

UPCOMING_DAYS = 14
TO_DO = (*OPEN, PromiseStatus.MISSED)


@dataclass(frozen=True, slots=True)
class _Names:
    """The people and places that a list speaks of."""

    patients: dict[PatientId, str]
    practitioners: dict[PractitionerId, Practitioner]
    cabins: dict[CabinId, Cabin]
    health_workers: dict[HealthWorkerId, HealthWorker]
    instruments: dict[InstrumentId, Instrument]
    sites: dict[SiteId, Site]


class Worklists:
    """Reads follow-ups for the people who work with them. The caller has checked the act."""

    def __init__(self, database: Database, people: People, vault: Vault, now: Clock) -> None:
        self._database = database
        self._people = people
        self._vault = vault
        self._now = now

    async def due(self, who: Identity, *, opening: bool = False) -> list[PromiseLine]:
        """Return the promises that still need a moment, the most urgent first; `opening` notes that they are read."""
        async with self._database.transaction() as tx:
            if who.role is Role.HEALTH_WORKER:
                rows = await store.promises(tx, TO_DO, site_id=_site_of(who))
            else:
                rows = await store.promises(tx, TO_DO, practitioner_id=_practitioner_of(who))
            lines = await self.promise_lines(tx, who, rows)
            if opening:
                await self.opened(tx, who, lines)
        return lines

    async def opened(self, tx: AsyncSession, who: Identity, lines: list[PromiseLine]) -> None:
        """Note that the caller, of the site or the doctor who asked, has these lines before them."""
        if who.role is Role.HEALTH_WORKER:
            fresh, reader = [one.id for one in lines if one.unread_at_site is not None], Reader.SITE
        else:
            fresh, reader = [one.id for one in lines if one.unread_by_doctor is not None], Reader.DOCTOR
        await promise_store.note_read(tx, reader, fresh, self._now())

    async def of_visit(self, who: Identity) -> PromiseLine | None:
        """Return the promise of the visit that sits in this cabin."""
        async with self._database.transaction() as tx:
            visit = await seated(tx, who.cabin_id) if who.cabin_id else None
            row = await store.promise_of_visit(tx, visit.id) if visit else None
            lines = await self.promise_lines(tx, who, [row] if row else [])
        return lines[0] if lines else None

    async def day_sheet(self, who: Identity, on: date) -> list[AppointmentLine]:
        """Return the appointments of the caller's site on a local day, cancelled ones too."""
        async with self._database.transaction() as tx:
            place = await people_store.site(tx, _site_of(who))
            day = day_units(on, place.zone)
            begin, end = instant_of(day.start), instant_of(day.stop)
            rows = await store.appointments(tx, begin, end, site_id=place.id)
            return await self.appointment_lines(tx, who, rows)

    async def upcoming(self, who: Identity) -> list[AppointmentLine]:
        """Return who is expected by this practitioner, from half a day ago until two weeks from now."""
        now = self._now()
        begin, end = now - timedelta(hours=12), now + timedelta(days=UPCOMING_DAYS)
        async with self._database.transaction() as tx:
            rows = await store.appointments(tx, begin, end, practitioner_id=_practitioner_of(who), expected_only=True)
            return await self.appointment_lines(tx, who, rows)

    async def for_cabin(self, who: Identity, patient_id: PatientId | None) -> Expected | None:
        """Return when and with whom a person is expected today at the cabin's site, and nothing else.

        Without `patient_id` it is the person whose visit sits in the cabin.
        """
        if who.cabin_id is None:
            return None
        async with self._database.transaction() as tx:
            if patient_id is None:
                visit = await seated(tx, who.cabin_id)
                patient_id = visit.patient_id if visit else None
            if patient_id is None:
                return None
            place = await people_store.site(tx, (await people_store.cabin(tx, who.cabin_id)).site_id)
            here = await self.expected_today(tx, patient_id, place)
            rows = [row for row in here if row.modality is not Modality.HOME]
            await self._note(tx, who, Action.DAY_SHEET_READ, patient_id)
            if not rows:
                return None
            doctor = await people_store.practitioner(tx, rows[0].practitioner_id)
            return Expected(rows[0].id, rows[0].starts_at, rows[0].wall_time, doctor)

    async def expected_today(self, tx: AsyncSession, patient_id: PatientId, place: Site) -> list[Appointment]:
        """Return the appointments at a site for which the patient is expected today."""
        day = day_units(local_day(self._now(), place.zone), place.zone)
        begin, end = instant_of(day.start), instant_of(day.stop)
        return await store.appointments(tx, begin, end, site_id=place.id, patient_id=patient_id, expected_only=True)

    async def promise_lines(self, tx: AsyncSession, who: Identity, rows: list[FollowUpPromise]) -> list[PromiseLine]:
        """Return what a worklist shows of these promises. The caller has authorised; each reading is logged."""
        names = await self._names(tx, {row.patient_id for row in rows})
        zones = {site.id: site.zone for site in await people_store.sites(tx)}
        times = await series_store.times(tx, {row.series_id for row in rows if row.series_id})
        waits = await waiting_store.who_waits(tx, [row.id for row in rows])
        read, now = await promise_store.readings(tx, [row for row in rows if row.status in TO_DO]), self._now()
        lines = []
        for row in rows:
            await self._note(tx, who, Action.PROMISE_READ, row.patient_id, f"follow_up_promise:{row.id}")
            today, known = local_day(now, zones[row.site_id]), read.get(row.id)
            lines.append(
                PromiseLine(
                    id=row.id,
                    status=row.status,
                    encounter_id=row.encounter_id,
                    patient_id=row.patient_id,
                    patient_name=names.patients[row.patient_id],
                    modality=row.modality,
                    with_health_worker=row.with_health_worker,
                    due_on=row.due_on,
                    earliest_on=row.earliest_on,
                    latest_on=row.latest_on,
                    is_late=row.status in TO_DO and today > row.latest_on,
                    practitioner=names.practitioners[row.practitioner_id],
                    reason=await self._reason(tx, row),
                    waits=row.id in waits,
                    series_id=row.series_id,
                    series_no=row.series_no,
                    series_times=times.get(row.series_id, 1) if row.series_id else 1,
                    instrument=row.instrument,
                    unread_at_site=known.at_site(now) if known else None,
                    unread_by_doctor=known.at_doctor(now) if known else None,
                    news=known.news if known else None,
                )
            )
        return lines

    async def appointment_lines(
        self, tx: AsyncSession, who: Identity, rows: list[Appointment]
    ) -> list[AppointmentLine]:
        """Return what a day sheet shows of these appointments. The caller has authorised; each reading is logged."""
        names = await self._names(tx, {row.patient_id for row in rows})
        promised = await store.promises_by_id(tx, [row.promise_id for row in rows if row.promise_id])
        here = await in_the_village(tx, rows)
        lines = []
        for row in rows:
            doctor = names.practitioners[row.practitioner_id]
            await self._note(tx, who, Action.DAY_SHEET_READ, row.patient_id, f"appointment:{row.id}")
            reason = await self._reason(tx, promised[row.promise_id]) if row.promise_id else ""
            lines.append(
                AppointmentLine(
                    id=row.id,
                    version=row.version,
                    status=row.status,
                    starts_at=row.starts_at,
                    ends_at=row.ends_at,
                    wall_time=row.wall_time,
                    zone=row.zone,
                    modality=row.modality,
                    patient_id=row.patient_id,
                    patient_name=names.patients[row.patient_id],
                    practitioner=found_at(doctor, names.sites[row.site_id]) if sitting_of(row) in here else doctor,
                    cabin=names.cabins[row.cabin_id] if row.cabin_id else None,
                    health_worker=names.health_workers[row.health_worker_id] if row.health_worker_id else None,
                    promise_id=row.promise_id,
                    reason=reason,
                    instrument=names.instruments[row.instrument_id] if row.instrument_id else None,
                    late_min=row.late_min,
                    overbooked=row.override_reason,
                    stop=stop_of(names.sites[row.site_id], names.cabins[row.cabin_id]) if row.cabin_id else "",
                    of_elsewhere=who.site_id not in (None, row.site_id),
                )
            )
        return lines

    async def _names(self, tx: AsyncSession, patients: Iterable[PatientId]) -> _Names:
        roots = await people_store.roots(tx, patients)
        rows = await people_store.patients(tx, set(roots.values()))
        opened = {row.id: await self._people.opened(tx, row) for row in rows}
        return _Names(
            {one: display_name(opened[root].traits) for one, root in roots.items()},
            {one.id: one for one in await people_store.practitioners(tx)},
            {one.id: one for one in await people_store.cabins(tx)},
            {one.id: one for one in await people_store.health_workers(tx)},
            {one.id: one for one in await founding_store.instruments(tx)},
            {one.id: one for one in await people_store.sites(tx)},
        )

    async def _reason(self, tx: AsyncSession, row: FollowUpPromise) -> str:
        return (await self._vault.open(tx, reason_place(row.id, row.patient_id), row.sealed_reason)).decode()

    async def _note(
        self, tx: AsyncSession, who: Identity, action: Action, patient_id: PatientId, about: str | None = None
    ) -> None:
        await record(tx, who, action, at=self._now(), patient_id=patient_id, record=about)


def reason_place(promise_id: PromiseId, patient_id: PatientId) -> Place:
    """Return the place of a promise's reason: sealed once, as version 1, whatever the promise goes through."""
    return Place("follow_up_promise", "sealed_reason", promise_id, patient_id, 1)


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id


def _practitioner_of(who: Identity) -> PractitionerId:
    if who.practitioner_id is None:
        raise NotFound(N_("Votre compte n’est pas celui d’un médecin."))
    return who.practitioner_id
