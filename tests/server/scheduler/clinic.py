"""A village whose doctors, cabins and nurse have opening hours, with the services of follow-ups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from server.database.engine import Database
from server.database.rows import Row
from server.encounters import store as encounters
from server.encounters.rules import Accompanied, CallStatus, EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.access import Identity
from server.kernel.ids import EncounterId, HealthWorkerId, InstrumentId, PatientId, PromiseId, ResourceId, new_id
from server.kernel.sealing import Vault
from server.people.founding.rules import InstrumentKind
from server.people.founding.tables import InstrumentRow
from server.people.tables import HealthWorkerRow
from server.records.prescriptions.listed import read_rules
from server.records.prescriptions.service import Prescriptions
from server.records.rules.note import FollowUpWish, Modality, NoteBody
from server.records.seal.start import unlock
from server.records.service.background import Background
from server.records.service.notes import Notes
from server.scheduler import store
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from server.scheduler.service.agenda import Agenda
from server.scheduler.service.closing import Closing
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import Choice
from server.scheduler.tables import FollowUpPromise
from tests.clock import FakeClock
from tests.server.encounters.village import Village, settle

PARIS = "Europe/Paris"
WEEK = tuple(WeeklyRule(day, 9 * 60, 17 * 60) for day in range(5))
SURGERY = WeeklyRule(1, 9 * 60, 12 * 60, Modality.IN_PERSON)
IN_A_WEEK = FollowUpWish(7, Modality.REMOTE, with_health_worker=True, why="Contrôle de la tension")
NEXT_MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
"""Nine o'clock in Paris, a week after the tests' clock: the due date of IN_A_WEEK."""


@dataclass
class Clinic:
    """Services, people and hours of one test."""

    village: Village
    vault: Vault
    agenda: Agenda
    follow_ups: FollowUps
    notes: Notes
    closing: Closing
    nurse: Identity
    resources: dict[UUID, ResourceId]

    @property
    def database(self) -> Database:
        return self.village.database

    @property
    def clock(self) -> FakeClock:
        return self.village.clock

    async def promised(self, wish: FollowUpWish = IN_A_WEEK, patient: PatientId | None = None) -> PromiseId:
        """Dr Aubin has closed a visit with this follow-up; the patient has left the cabin."""
        row = self._closed_visit(patient or await self.village.patient())
        async with self.database.transaction() as tx:
            tx.add(row)
            await tx.flush()
            return await self.follow_ups.promise(tx, self.village.gp, encounters.encounter(row), wish)

    def _closed_visit(self, patient: PatientId) -> EncounterRow:
        now, cabin = self.clock(), self.village.cabin.cabin_id
        assert cabin is not None
        return EncounterRow(
            id=EncounterId(new_id()),
            patient_id=patient,
            cabin_id=cabin,
            site_id=self.village.site,
            status=EncounterStatus.FINISHED,
            call=CallStatus.ENDED,
            practitioner_id=self.village.gp.practitioner_id,
            fence=1,
            accompanied=Accompanied.ALONE,
            locale="fr",
            priority=False,
            sealed_intake=b"",
            row_ver=1,
            arrived_at=now,
            left_at=now,
            version=1,
        )

    async def written(self, wish: FollowUpWish | None = IN_A_WEEK) -> tuple[EncounterId, int]:
        """The call is over, and the note is complete but not signed."""
        encounter_id = await self.village.ended()
        body = NoteBody(conclusion="HTA", acts="Ramipril", no_incident=True, advice="Reposez-vous.", follow_up=wish)
        return encounter_id, await self.notes.save(self.village.gp, encounter_id, body, 0)

    def choice(self, starts_at: datetime = NEXT_MONDAY, **changes: object) -> Choice:
        """A moment with Dr Aubin in the cabin, the nurse beside."""
        practitioner, cabin = self.village.gp.practitioner_id, self.village.cabin.cabin_id
        assert practitioner is not None
        words = {"practitioner_id": practitioner, "cabin_id": cabin, "health_worker_id": self.nurse.health_worker_id}
        return Choice(starts_at, **{**words, **changes})  # type: ignore[arg-type]

    async def stored(self, promise_id: PromiseId) -> FollowUpPromise:
        """The promise as it is in the database."""
        async with self.database.reading() as tx:
            return await store.promise(tx, promise_id)

    async def count(self, table: type[Row]) -> int:
        """How many rows a table has."""
        async with self.database.reading() as tx:
            return int(await tx.scalar(select(func.count()).select_from(table)) or 0)


def in_minutes(minutes: int, since: datetime = NEXT_MONDAY) -> datetime:
    """An instant some minutes after nine on that Monday."""
    return since + timedelta(minutes=minutes)


async def an_ecg(clinic: Clinic, *, in_service: bool = True) -> InstrumentId:
    """The village has an electrocardiograph."""
    ecg = InstrumentId(new_id())
    site, what = clinic.village.site, InstrumentKind.ECG
    async with clinic.database.transaction() as tx:
        tx.add(InstrumentRow(id=ecg, site_id=site, name="ECG de la mairie", what=what, in_service=in_service))
        await tx.flush()
        await clinic.agenda.open_weekly(tx, None, ResourceKind.INSTRUMENT, ecg, PARIS, WEEK)
    return ecg


async def open_clinic(database: Database, clock: FakeClock, folder: Path) -> Clinic:
    """Settle the village and give everybody hours."""
    village = await settle(database, clock, folder)
    vault = await unlock(database, folder / "keys.json", clock)
    worker = HealthWorkerId(new_id())
    async with database.transaction() as tx:
        tx.add(
            HealthWorkerRow(id=worker, site_id=village.site, name="Louise Perrin", profession="Infirmière", phone="-")
        )
    nurse = replace(village.nurse, health_worker_id=worker)
    follow_ups = FollowUps(database, village.people, vault, clock, village.exchange)
    notes = Notes(database, vault, village.facts, village.people, clock)
    background = Background(database, vault, village.people, clock)
    prescriptions = Prescriptions(database, vault, village.facts, village.people, background, read_rules(None), clock)
    closing = Closing(database, village.facts, notes, prescriptions, village.endings, follow_ups)
    clinic = Clinic(village, vault, Agenda(clock), follow_ups, notes, closing, nurse, {})
    kinds = {
        village.gp.practitioner_id: (ResourceKind.PRACTITIONER, (*WEEK, SURGERY)),
        village.other_gp.practitioner_id: (ResourceKind.PRACTITIONER, WEEK),
        village.cabin.cabin_id: (ResourceKind.CABIN, WEEK),
        village.other_cabin.cabin_id: (ResourceKind.CABIN, WEEK),
        worker: (ResourceKind.HEALTH_WORKER, WEEK),
    }
    async with database.transaction() as tx:
        for subject, (kind, rules) in kinds.items():
            assert subject is not None
            clinic.resources[subject] = await clinic.agenda.open_weekly(tx, None, kind, subject, PARIS, rules)
    return clinic
