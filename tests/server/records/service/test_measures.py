"""Measures through the service, on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from server.database.engine import Database
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import EncounterId, PatientId, SiteId, new_id
from server.people.rules import Sex, Traits
from server.records.rules.measures import Level, MeasureName, Reading
from server.records.seal.vault import PatientVault
from server.records.service import Measures
from server.records.tables import ObservationRow
from tests.clock import FakeClock
from tests.server.records.village import Diary, Village, add_patient, audited

M = MeasureName
PRESSURE = (Reading(M.SYSTOLIC, 152), Reading(M.DIASTOLIC, 84))


async def test_what_the_worker_took_the_doctor_reads_in_the_same_unit(
    database: Database, measures: Measures, village: Village, patient: PatientId, visit: EncounterId, clock: FakeClock
) -> None:
    readings = (*PRESSURE, Reading(M.GLUCOSE, 1.05))
    taken = await measures.take(village.worker(), patient, readings, encounter_id=visit, device="Tensio-7")
    found = await measures.read(village.doctor(), patient, visit)
    assert {one.id: one for one in found} == {one.id: one for one in taken}
    seen = {one.measure: one for one in found}
    assert (seen[M.SYSTOLIC].value, seen[M.SYSTOLIC].level, seen[M.SYSTOLIC].device) == (152, Level.HIGH, "Tensio-7")
    assert (seen[M.GLUCOSE].value, seen[M.GLUCOSE].unit) == (105, "mg/dL")
    assert (seen[M.GLUCOSE].shown, seen[M.GLUCOSE].shown_unit) == (1.05, "g/L")
    assert {one.taken_at for one in found} == {clock()}


async def test_which_measure_it_is_stays_sealed_and_each_has_its_leaf(
    database: Database, measures: Measures, village: Village, patient: PatientId
) -> None:
    await measures.take(village.worker(), patient, PRESSURE)
    async with database.reading() as tx:
        rows = list(await tx.scalars(select(ObservationRow)))
    assert not any(b"systolic" in row.sealed_body or b"mm[Hg]" in row.sealed_body for row in rows)
    leaves = [entry for entry in await audited(database, patient) if entry.action == "measure:taken"]
    assert {leaf.record for leaf in leaves} == {f"observation:{row.id}" for row in rows}
    assert {leaf.ct_sha256 for leaf in leaves} == {hashlib.sha256(row.sealed_body).digest() for row in rows}


async def test_a_taking_and_its_taking_back_nudge_the_pages_of_the_visit(
    measures: Measures, village: Village, patient: PatientId, visit: EncounterId, diary: Diary
) -> None:
    (taken,) = await measures.take(village.worker(), patient, (Reading(M.HEART_RATE, 72),))
    assert diary.nudged == [f"desk:{visit}"]
    await measures.strike(village.worker(), taken.id)
    assert diary.nudged == [f"desk:{visit}"] * 2
    with pytest.raises(Invalid):
        await measures.take(village.worker(), patient, (Reading(M.HEART_RATE, 900),))
    diary.change(visit, in_progress=False)
    await measures.take(village.worker(), patient, (Reading(M.HEART_RATE, 72),))
    assert len(diary.nudged) == 2


async def test_one_wrong_measure_keeps_none_and_is_named(
    measures: Measures, village: Village, patient: PatientId
) -> None:
    with pytest.raises(Invalid) as refused:
        await measures.take(village.worker(), patient, (Reading(M.HEART_RATE, 300), Reading(M.PAIN, 2)))
    assert set(refused.value.fields) == {"heart-rate"}
    assert await measures.read(village.worker(), patient) == []


async def test_an_unusual_measure_is_kept_with_its_confirmation(
    measures: Measures, village: Village, patient: PatientId
) -> None:
    await measures.take(village.worker(), patient, (Reading(M.HEART_RATE, 255, confirmed=True),))
    (found,) = await measures.read(village.doctor(), patient)
    assert (found.level, found.confirmed) == (Level.IMPLAUSIBLE, True)


async def test_newest_measures_come_first(
    measures: Measures, village: Village, patient: PatientId, clock: FakeClock
) -> None:
    for weight in (70, 71, 72):
        await measures.take(village.worker(), patient, (Reading(M.WEIGHT, weight),))
        clock.advance(days=1)
    assert [one.value for one in await measures.read(village.doctor(), patient)] == [72, 71, 70]


async def test_a_child_is_not_judged_as_an_adult(
    database: Database, measures: Measures, vault: PatientVault, village: Village, clock: FakeClock
) -> None:
    child = Traits("Lavergne", ("Zoé",), date(2023, 3, 3), Sex.FEMALE)
    async with database.transaction() as tx:
        patient = await add_patient(tx, vault, village, clock, child)
    (taken,) = await measures.take(village.worker(), patient, (Reading(M.HEART_RATE, 120),))
    assert taken.level is Level.NOT_JUDGED


async def test_measures_of_another_patients_visit_are_refused(
    database: Database, measures: Measures, vault: PatientVault, village: Village, visit: EncounterId, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        marcel = await add_patient(tx, vault, village, clock)
    with pytest.raises(NotFound):
        await measures.take(village.worker(), marcel, PRESSURE, encounter_id=visit)


async def test_only_those_with_a_relation_reach_the_measures(
    measures: Measures, village: Village, patient: PatientId
) -> None:
    (taken,) = await measures.take(village.worker(), patient, (Reading(M.PAIN, 4),))
    elsewhere = village.worker(SiteId(new_id()))
    for attempt in (
        measures.take(elsewhere, patient, PRESSURE),
        measures.read(elsewhere, patient),
        measures.strike(elsewhere, taken.id),
        measures.read(village.doctor(village.other_gp), patient),
    ):
        with pytest.raises(NotFound):
            await attempt
    for attempt in (
        measures.take(village.doctor(), patient, PRESSURE),
        measures.read(village.cabin(), patient),
        measures.read(village.coordinator(), patient),
    ):
        with pytest.raises(NotAllowed):
            await attempt


async def test_a_measure_entered_in_error_is_no_longer_shown_and_not_lost(
    database: Database, measures: Measures, village: Village, patient: PatientId
) -> None:
    (taken,) = await measures.take(village.worker(), patient, (Reading(M.WEIGHT, 7),))
    await measures.strike(village.worker(), taken.id)
    assert await measures.read(village.doctor(), patient) == []
    with pytest.raises(Conflict):
        await measures.strike(village.worker(), taken.id)
    async with database.reading() as tx:
        assert len(list(await tx.scalars(select(ObservationRow)))) == 1


async def test_measures_are_not_taken_in_the_future(
    measures: Measures, village: Village, patient: PatientId, clock: FakeClock
) -> None:
    soon, later = clock() + timedelta(minutes=5), clock() + timedelta(minutes=6)
    await measures.take(village.worker(), patient, PRESSURE, taken_at=soon)
    for wrong in (later, clock().replace(tzinfo=None)):
        with pytest.raises(Invalid) as refused:
            await measures.take(village.worker(), patient, PRESSURE, taken_at=wrong)
        assert set(refused.value.fields) == {"taken_at"}
