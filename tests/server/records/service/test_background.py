"""The background sheet through the service, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server.database.engine import Database
from server.kernel.errors import CannotOpen, Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import PatientId
from server.records.rules.background import BackgroundBody, Change
from server.records.service import Background
from tests.clock import FakeClock
from tests.server.records.village import Village, audited

SHEET = BackgroundBody(allergies=("pénicilline",), conditions=())


async def test_what_the_worker_wrote_the_doctor_reads(
    database: Database, background: Background, village: Village, patient: PatientId
) -> None:
    assert (await background.read(village.doctor(), patient)).body == BackgroundBody()
    assert await background.save(village.worker(), patient, SHEET, 0) == 1
    assert await background.save(village.doctor(), patient, BackgroundBody(("pénicilline", "iode")), 1) == 2
    found = await background.read(village.worker(), patient)
    assert (found.row_ver, found.body.allergies) == (2, ("pénicilline", "iode"))
    assert [entry.action for entry in await audited(database, patient)][-4:] == [
        "background:read",
        "background:saved",
        "background:saved",
        "background:read",
    ]


async def test_only_a_doctor_decides_for_a_low_oxygen(
    background: Background, village: Village, patient: PatientId
) -> None:
    decided = BackgroundBody(low_oxygen_target=True, pregnant=False)
    await background.save(village.worker(), patient, decided, 0)
    assert not (await background.read(village.doctor(), patient)).body.low_oxygen_target
    await background.save(village.doctor(), patient, decided, 1)
    await background.save(village.worker(), patient, SHEET, 2)
    kept = (await background.read(village.worker(), patient)).body
    assert (kept.low_oxygen_target, kept.allergies) == (True, ("pénicilline",))


@pytest.mark.parametrize("stale", [0, 2])
async def test_a_stale_save_overwrites_nothing(
    background: Background, village: Village, patient: PatientId, stale: int
) -> None:
    await background.save(village.worker(), patient, SHEET, 0)
    with pytest.raises(Conflict) as refused:
        await background.save(village.worker(), patient, BackgroundBody(), stale)
    assert refused.value.code == "edited-elsewhere"
    assert (await background.read(village.worker(), patient)).body == SHEET


async def test_an_endless_list_is_refused_by_name(background: Background, village: Village, patient: PatientId) -> None:
    with pytest.raises(Invalid) as refused:
        await background.save(village.worker(), patient, BackgroundBody(medications=("a",) * 101), 0)
    assert set(refused.value.fields) == {"medications"}


async def test_only_those_with_a_relation_reach_the_sheet(
    background: Background, village: Village, patient: PatientId
) -> None:
    with pytest.raises(NotFound):
        await background.read(village.doctor(village.other_gp), patient)
    for who in (village.cabin(), village.coordinator()):
        with pytest.raises(NotAllowed):
            await background.read(who, patient)
        with pytest.raises(NotAllowed):
            await background.save(who, patient, SHEET, 0)


async def test_each_save_stays_with_who_changed_what_and_can_be_taken_back(
    database: Database, background: Background, village: Village, patient: PatientId, clock: FakeClock
) -> None:
    worker, doctor = village.worker(), village.doctor()
    await background.save(worker, patient, SHEET, 0)
    clock.advance(minutes=5)
    await background.save(doctor, patient, BackgroundBody(("iode",), (), ("Ramipril",), low_oxygen_target=True), 1)
    newest, first = await background.versions(doctor, patient)
    assert (newest.row_ver, newest.saved_at) == (2, clock())
    assert newest.changes == (
        Change("allergies", ("iode",), ("pénicilline",)),
        Change("medications", ("Ramipril",)),
        Change("low_oxygen_target", answer="yes"),
    )
    assert first.changes == (Change("allergies", ("pénicilline",)), Change("conditions", answer="none"))
    assert await background.take_back(doctor, patient, (patient, 1), 2) == 3
    assert (await background.read(doctor, patient)).body == SHEET
    assert [one.row_ver for one in await background.versions(worker, patient)] == [3, 2, 1]
    with pytest.raises(Conflict) as refused:
        await background.take_back(doctor, patient, (patient, 2), 2)
    assert refused.value.code == "edited-elsewhere"
    seen = [(one.action, one.record) for one in await audited(database, patient)]
    assert seen.count(("background:read", f"patient_background:{patient}")) == 2
    assert [one for one, _ in seen].count("background:saved") == 3


async def test_versions_open_for_those_of_the_sheet_alone_and_each_in_its_own_place(
    database: Database, background: Background, village: Village, patient: PatientId
) -> None:
    for row_ver in range(2):
        await background.save(village.worker(), patient, BackgroundBody(allergies=(str(row_ver),)), row_ver)
    stranger = village.doctor(village.other_gp)
    with pytest.raises(NotFound):
        await background.versions(stranger, patient)
    with pytest.raises(NotFound):
        await background.take_back(stranger, patient, (patient, 1), 2)
    with pytest.raises(NotFound):
        await background.take_back(village.doctor(), patient, (PatientId(village.site), 1), 2)
    for who in (village.cabin(), village.coordinator()):
        with pytest.raises(NotAllowed):
            await background.versions(who, patient)
    async with database.transaction() as tx:
        older = "(SELECT sealed_body FROM patient_background_version WHERE row_ver = 1)"
        await tx.execute(text(f"UPDATE patient_background_version SET sealed_body = {older} WHERE row_ver = 2"))
    with pytest.raises(CannotOpen):
        await background.versions(village.doctor(), patient)
