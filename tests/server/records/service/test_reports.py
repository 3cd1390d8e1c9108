"""Reports for paper through the service, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.errors import NotAllowed, NotFound
from server.kernel.ids import EncounterId, PatientId
from server.people.service import People
from server.records.rules.measures import MeasureName, Reading
from server.records.rules.note import NoteBody
from server.records.seal.vault import PatientVault
from server.records.service import Measures, Notes
from server.records.service.reports import Reports
from tests.clock import FakeClock
from tests.server.records.village import Diary, Village, audited

BODY = NoteBody(conclusion="HTA équilibrée.", none_prescribed=True, no_incident=True)


@pytest.fixture
def reports(database: Database, vault: PatientVault, people: People, clock: FakeClock) -> Reports:
    now: Clock = clock
    return Reports(database, vault, people, now)


async def test_a_signed_visit_becomes_a_report_with_its_measures_and_additions(
    database: Database,
    reports: Reports,
    notes: Notes,
    measures: Measures,
    village: Village,
    visit: EncounterId,
    patient: PatientId,
    diary: Diary,
) -> None:
    await measures.take(village.worker(), patient, (Reading(MeasureName.HEART_RATE, 72.0),), encounter_id=visit)
    row_ver = await notes.save(village.doctor(), visit, BODY, 0)
    with pytest.raises(NotFound):
        await reports.printed(village.doctor(), visit)
    async with database.transaction() as tx:
        await notes.sign_in(tx, village.doctor(), diary.visits[visit], row_ver)
    await notes.amend(village.doctor(), visit, "Bilan reçu.")
    report = await reports.printed(village.doctor(), visit)
    assert (report.content.body, report.patient.id) == (BODY, patient)
    assert [words for _at, words in report.additions] == ["Bilan reçu."]
    assert [one.shown for one in report.observations] == [72.0]
    assert (await audited(database, patient))[-1].action == "report:printed"
    with pytest.raises(NotFound):
        await reports.printed(village.doctor(village.other_gp), visit)
    for who in (village.worker(), village.cabin(), village.coordinator()):
        with pytest.raises(NotAllowed):
            await reports.printed(who, visit)
