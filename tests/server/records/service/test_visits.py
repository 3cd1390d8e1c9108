"""An autosave and a claim that changes hands at the same instant, with the real visits, on both databases."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from sqlalchemy import update

from server.database.engine import Database
from server.encounters.facts import EncounterFacts
from server.encounters.rules import EncounterStatus
from server.encounters.service.ground import Ground
from server.encounters.tables import EncounterRow
from server.kernel.errors import ClinicError, Conflict, NotFound
from server.kernel.ids import EncounterId, PatientId
from server.people.service import People
from server.records.rules.note import NoteBody
from server.records.seal.vault import PatientVault
from server.records.service import Notes
from tests.clock import FakeClock
from tests.server.records.village import Village, add_visit

BODY = NoteBody(conclusion="Angine.")


class Quiet:
    async def nudge(self, *lines: str) -> None:
        """Nobody listens."""


@pytest.fixture
def real_notes(database: Database, vault: PatientVault, people: People, clock: FakeClock) -> Notes:
    """Notes over the real visits."""
    visits = EncounterFacts(Ground(database, people, vault, clock, Quiet()))
    return Notes(database, vault, visits, people, clock)


@pytest_asyncio.fixture(loop_scope="session")
async def real_visit(
    database: Database, vault: PatientVault, village: Village, patient: PatientId, clock: FakeClock
) -> EncounterId:
    """A visit that Dr Nedjar has claimed."""
    async with database.transaction() as tx:
        return await add_visit(tx, vault, village, patient, clock())


def release(visit: EncounterId):  # type: ignore[no-untyped-def]
    values = {"practitioner_id": None, "status": EncounterStatus.TRIAGED}
    return update(EncounterRow).where(EncounterRow.id == visit).values(**values)


async def test_a_released_visit_takes_no_more_saves(
    database: Database, real_notes: Notes, village: Village, real_visit: EncounterId
) -> None:
    doctor = village.doctor()
    assert await real_notes.save(doctor, real_visit, BODY, 0) == 1
    assert await real_notes.save(doctor, real_visit, BODY, 1) == 2
    async with database.transaction() as tx:
        await tx.execute(release(real_visit))
    for row_ver in (0, 2):
        with pytest.raises(NotFound):
            await real_notes.save(doctor, real_visit, BODY, row_ver)


async def test_a_save_waits_for_a_release_that_came_first_and_is_refused(
    database: Database, real_notes: Notes, village: Village, real_visit: EncounterId
) -> None:
    doctor = village.doctor()
    await real_notes.save(doctor, real_visit, BODY, 0)
    async with database.transaction() as tx:
        await tx.execute(release(real_visit))
        late = asyncio.create_task(real_notes.save(doctor, real_visit, BODY, 1))
        done, _ = await asyncio.wait([late], timeout=0.2)
        assert not done  # it waits: the claim is being given back
    with pytest.raises(NotFound):
        await late


async def test_another_doctor_and_a_stale_tab_are_told_apart(
    real_notes: Notes, village: Village, real_visit: EncounterId
) -> None:
    await real_notes.save(village.doctor(), real_visit, BODY, 0)
    refusals: dict[str, type[ClinicError]] = {}
    for name, who, row_ver in (
        ("another", village.doctor(village.other_gp), 1),
        ("stale", village.doctor(), 7),
    ):
        with pytest.raises(ClinicError) as refused:
            await real_notes.save(who, real_visit, BODY, row_ver)
        refusals[name] = type(refused.value)
    assert refusals == {"another": NotFound, "stale": Conflict}
