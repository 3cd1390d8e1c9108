"""A key file, a vault and the village that the records tests write about."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from server.database.engine import Database
from server.kernel.ids import EncounterId, PatientId, new_id
from server.people.service import People
from server.records.prescriptions.listed import read_rules
from server.records.prescriptions.service import Prescriptions
from server.records.rules.note import Part, Participant, VisitFacts
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from server.records.service import Background, Measures, Notes
from tests.clock import FakeClock
from tests.server.records.village import Diary, Village, add_patient, settle


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A fresh key file."""
    return init_key(tmp_path / "keys.json").path


@pytest_asyncio.fixture(loop_scope="session")
async def vault(database: Database, key_file: Path, clock: FakeClock) -> PatientVault:
    """The vault of the test's database."""
    return await unlock(database, key_file, clock)


@pytest_asyncio.fixture(loop_scope="session")
async def village(database: Database) -> Village:
    """A site, two doctors and a nurse."""
    return await settle(database)


@pytest_asyncio.fixture(loop_scope="session")
async def patient(database: Database, vault: PatientVault, village: Village, clock: FakeClock) -> PatientId:
    """Odette, registered."""
    async with database.transaction() as tx:
        return await add_patient(tx, vault, village, clock)


@pytest.fixture
def diary() -> Diary:
    """An empty diary."""
    return Diary({})


@pytest.fixture
def visit(diary: Diary, patient: PatientId, village: Village, clock: FakeClock) -> EncounterId:
    """A visit of Odette, claimed by Dr Nedjar, its call ended."""
    encounter_id = EncounterId(new_id())
    diary.visits[encounter_id] = VisitFacts(
        encounter_id=encounter_id,
        patient_id=patient,
        practitioner_id=village.gp,
        fence=1,
        in_progress=True,
        started_at=clock() - timedelta(minutes=12),
        ended_at=clock(),
        participants=(
            Participant(Part.PRACTITIONER, "Dr Nedjar", "10000000000"),
            Participant(Part.HEALTH_WORKER, "Louise Perrin"),
        ),
        seated_in=village.booth,
    )
    return encounter_id


@pytest.fixture
def people(database: Database, vault: PatientVault, clock: FakeClock) -> People:
    """The people subject, real."""
    return People(database, vault, clock)


@pytest.fixture
def notes(database: Database, vault: PatientVault, diary: Diary, people: People, clock: FakeClock) -> Notes:
    """The notes service."""
    return Notes(database, vault, diary, people, clock)


@pytest.fixture
def measures(database: Database, vault: PatientVault, diary: Diary, people: People, clock: FakeClock) -> Measures:
    """The measures service."""
    return Measures(database, vault, diary, people, clock)


@pytest.fixture
def background(database: Database, vault: PatientVault, people: People, clock: FakeClock) -> Background:
    """The background service."""
    return Background(database, vault, people, clock)


@pytest.fixture
def prescriptions(
    database: Database, vault: PatientVault, diary: Diary, people: People, background: Background, clock: FakeClock
) -> Prescriptions:
    """The prescriptions service, with the list of drugs that we ship."""
    return Prescriptions(database, vault, diary, people, background, read_rules(None), clock)
