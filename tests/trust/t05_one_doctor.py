"""T5: of many doctors who take the same patient at the same instant, one gets them, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, update

from server.database.engine import Database
from server.encounters import store
from server.encounters.rules import Accompanied, CallStatus, EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.access import Identity
from server.kernel.errors import Conflict
from server.kernel.ids import EncounterId, PatientId, new_id
from tests.clock import FakeClock
from tests.components import service_folder
from tests.databases import create_all_tables
from tests.server.encounters.village import Village, settle
from tests.trust.claims import empty_postgres, times

ID = "T5"
CLAIM = "Of fifty doctors who claim one patient at once, exactly one wins, and the others learn who"

VISITS, DOCTORS = 100, 50
FEW = 5  # visits are enough to see a careless claim fail
Claims = Callable[[Identity, EncounterId], Awaitable[bool]]


@dataclass(frozen=True)
class Stage:
    """A village with one patient, whose visit to claim is new each time."""

    village: Village
    doctors: list[Identity]
    patient: PatientId

    async def visit(self) -> EncounterId:
        """The patient sits in the cabin and waits."""
        encounter_id, now = EncounterId(new_id()), self.village.clock()
        values = {
            "id": encounter_id,
            "patient_id": self.patient,
            "cabin_id": self.village.cabin.cabin_id,
            "site_id": self.village.site,
            "status": EncounterStatus.TRIAGED,
            "call": CallStatus.NONE,
            "fence": 0,
            "accompanied": Accompanied.ALONE,
            "locale": "fr",
            "priority": False,
            "sealed_intake": b"",
            "row_ver": 1,
            "arrived_at": now,
            "triaged_at": now,
            "seated_at": now,
            "version": 1,
        }
        async with self.village.database.transaction() as tx:
            await tx.execute(insert(EncounterRow).values(**values))
        return encounter_id

    async def close(self, encounter_id: EncounterId) -> None:
        """The visit is over, so that its doctor and the cabin are free for the next."""
        over = update(EncounterRow).where(EncounterRow.id == encounter_id)
        values = {"status": EncounterStatus.FINISHED, "call": CallStatus.ENDED, "left_at": self.village.clock()}
        async with self.village.database.transaction() as tx:
            await tx.execute(over.values(**values))

    async def careful(self, who: Identity, encounter_id: EncounterId) -> bool:
        """Claim as the house does."""
        try:
            await self.village.queue.claim(who, encounter_id)
        except Conflict as lost:
            if lost.code != "already-taken" or not lost.params.get("doctor"):
                raise
            return False
        return True

    async def careless(self, who: Identity, encounter_id: EncounterId) -> bool:
        """Claim as many do: look whether the patient waits, then write that one has them."""
        async with self.village.database.reading() as tx:
            waits = (await store.look(tx, encounter_id)).status is EncounterStatus.TRIAGED
        if not waits:
            return False
        taken = update(EncounterRow).where(EncounterRow.id == encounter_id)
        values = {
            "status": EncounterStatus.IN_PROGRESS,
            "practitioner_id": who.practitioner_id,
            "fence": EncounterRow.fence + 1,
        }
        async with self.village.database.transaction() as tx:
            await tx.execute(taken.values(**values))
        return True


async def _one_visit(stage: Stage, claim: Claims) -> bool:
    """Whether one doctor, and the same one for everybody, got the patient."""
    encounter_id = await stage.visit()
    won = await asyncio.gather(*(claim(doctor, encounter_id) for doctor in stage.doctors))
    winners = [doctor.practitioner_id for doctor, is_mine in zip(stage.doctors, won, strict=True) if is_mine]
    kept = await stage.village.look(encounter_id)
    await stage.close(encounter_id)
    return winners == [kept.practitioner_id] and kept.fence == 1


async def _on(database: Database, folder: Path, defence: bool) -> list[bool]:
    try:
        await create_all_tables(database)
        village = await settle(database, FakeClock(), folder)
        doctors = [await village.add_doctor(f"Dr {number}") for number in range(times(DOCTORS, 10))]
        stage = Stage(village, doctors, await village.patient())
        claim = stage.careful if defence else stage.careless
        return [await _one_visit(stage, claim) for _ in range(times(VISITS, FEW) if defence else FEW)]
    finally:
        await database.close()


async def attempt(defence: bool) -> tuple[int, int]:
    """Let fifty doctors claim each of a hundred visits at once, on SQLite and on PostgreSQL."""
    with service_folder() as folder:
        held = await _on(Database(f"sqlite:///{folder}/claims.sqlite"), folder, defence)
    with service_folder() as folder:
        async with empty_postgres(folder) as url:
            held += await _on(Database(url), folder, defence)
    return len(held), sum(held)
