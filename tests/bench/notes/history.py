"""A long history: 200 signed notes of one patient, half of them in a second record that was joined to the first.

Read through the service as the desk reads them (relation, audit entry, every note opened), on SQLite and PostgreSQL.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from server.database.engine import Database
from server.kernel.clock import utc_now
from server.kernel.ids import EncounterId, PatientId, new_id
from server.people.merging import Merging
from server.people.service import People
from server.records.rules.measures import MeasureName, Reading
from server.records.rules.note import NoteBody, Part, Participant, VisitFacts
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.service import Measures, Notes
from tests import components
from tests.bench import Figure, at_most, quantile
from tests.databases import create_all_tables
from tests.server.records.village import Diary, Village, add_patient, settle

NOTES = 200
TURNS = 40
GOAL = 50  # ms: a doctor opens the tab and reads
WORDS = NoteBody(
    examination="Gorge rouge, pas de fièvre, auscultation faite avec l’infirmière. " * 12,
    conclusion="Angine virale probable. " * 12,
    acts="Paracétamol 1 g trois fois par jour, cinq jours. " * 6,
    advice="Buvez, reposez-vous, revenez si la fièvre monte. " * 6,
    no_incident=True,
)


async def figures() -> list[Figure]:
    """Measure on SQLite and on PostgreSQL."""
    with components.service_folder() as folder:
        with components.postgres(folder, durable=True) as cluster:
            on_postgres = await _measured(folder, cluster.url(await cluster.create()), "PostgreSQL")
        return [await _measured(folder, f"sqlite:///{folder}/history.db", "SQLite"), on_postgres]


async def _measured(folder: Path, url: str, kind: str) -> Figure:
    database = Database(url)
    try:
        await create_all_tables(database)
        vault = await unlock(database, init_key(folder / f"{kind}.json").path, utc_now)
        village, people, diary = await settle(database), People(database, vault, utc_now), Diary({})
        notes = Notes(database, vault, diary, people, utc_now)
        async with database.transaction() as tx:
            first, second = [await add_patient(tx, vault, village, utc_now) for _ in range(2)]
        for turn in range(NOTES):
            await _sign(database, notes, village, diary, (first, second)[turn % 2])
        await Merging(database, people, _nobody_waits, utc_now).merge(village.worker(), (first, 1), (second, 1))
        both = await _read(notes, village, first)
        measures = Measures(database, vault, diary, people, utc_now)
        for _ in range(NOTES // 2):
            await measures.take(village.worker(), first, (Reading(MeasureName.WEIGHT, 61),))
        return _figure(kind, both, await _read(notes, village, first))
    finally:
        await database.close()


async def _nobody_waits(_tx: object, _patient_id: PatientId) -> bool:
    return False


async def _sign(database: Database, notes: Notes, village: Village, diary: Diary, patient: PatientId) -> None:
    visit, now = EncounterId(new_id()), utc_now()
    doctor = (Participant(Part.PRACTITIONER, "Dr Nedjar", "10999900011"),)
    facts = VisitFacts(visit, patient, village.gp, 1, True, now - timedelta(minutes=9), now, doctor)
    diary.visits[visit] = facts
    await notes.save(village.doctor(), visit, WORDS, 0)
    async with database.transaction() as tx:
        await notes.sign_in(tx, village.doctor(), facts, 1)


@dataclass(frozen=True)
class Took:
    """Milliseconds of each reading: on the clock, and of this process's processor."""

    clock: list[float]
    processor: list[float]


async def _read(notes: Notes, village: Village, patient: PatientId) -> Took:
    took = Took([], [])
    for _ in range(TURNS):
        start, worked = time.perf_counter(), time.process_time()
        past = await notes.history(village.doctor(), patient)
        took.clock.append(1000 * (time.perf_counter() - start))
        took.processor.append(1000 * (time.process_time() - worked))
        assert len(past) == NOTES, len(past)
    return took


def _figure(kind: str, alone: Took, measured: Took) -> Figure:
    name = f"read and open a history of 200 notes in two joined records, {kind}"
    beside = {
        "p95": quantile(alone.clock, 0.95),
        "processor": quantile(alone.processor, 0.5),
        "with 100 measures": quantile(measured.clock, 0.5),
        "notes": float(NOTES),
    }
    return at_most(name, quantile(alone.clock, 0.5), "ms", GOAL, beside)
