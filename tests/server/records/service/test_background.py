"""The background sheet through the service, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from server.database.engine import Database
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import PatientId
from server.records.rules.background import BackgroundBody
from server.records.service import Background
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
