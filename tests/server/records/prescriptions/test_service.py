"""Prescriptions through the service, on SQLite and PostgreSQL: written, signed, cancelled, replaced, read."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from server.database.engine import Database
from server.kernel.errors import CannotOpen, Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import EncounterId, PatientId
from server.records.prescriptions.rules import CancelReason, PrescriptionBody, PrescriptionStatus
from server.records.prescriptions.service import Prescription, Prescriptions
from server.records.prescriptions.tables import PrescriptionRow
from server.records.rules.background import BackgroundBody
from server.records.service import Background
from tests.server.records.prescriptions.test_rules import RAMIPRIL, changed
from tests.server.records.village import Diary, Village, audited

BODY = PrescriptionBody((RAMIPRIL,), remark="Reprendre après la prise de sang.")


async def signed_one(prescriptions: Prescriptions, village: Village, visit: EncounterId) -> Prescription:
    drawn = await prescriptions.save(village.doctor(), visit, BODY, 0)
    return await prescriptions.sign(village.doctor(), visit, drawn.row_ver)


async def test_a_draft_is_saved_version_by_version_and_a_stale_save_overwrites_nothing(
    prescriptions: Prescriptions, village: Village, visit: EncounterId
) -> None:
    assert (await prescriptions.draft(village.doctor(), visit)).row_ver == 0
    assert (await prescriptions.save(village.doctor(), visit, BODY, 0)).row_ver == 1
    assert (await prescriptions.save(village.doctor(), visit, changed(days=30), 1)).row_ver == 2
    for stale in (0, 1, 3):
        with pytest.raises(Conflict) as refused:
            await prescriptions.save(village.doctor(), visit, BODY, stale)
        assert refused.value.code == "edited-elsewhere"
    assert (await prescriptions.draft(village.doctor(), visit)).body == changed(days=30)
    with pytest.raises(Invalid):
        await prescriptions.save(village.doctor(), visit, changed(days=0), 2)


async def test_nothing_is_read_of_a_draft_but_by_its_doctor(
    prescriptions: Prescriptions, village: Village, visit: EncounterId, patient: PatientId
) -> None:
    await prescriptions.save(village.doctor(), visit, BODY, 0)
    assert await prescriptions.of_visit(village.cabin(), visit) == []
    assert await prescriptions.of_patient(village.worker(), patient) == []
    for stranger in (village.doctor(village.other_gp),):
        with pytest.raises(NotFound):
            await prescriptions.draft(stranger, visit)
        with pytest.raises(NotFound):
            await prescriptions.save(stranger, visit, BODY, 1)
    for who in (village.worker(), village.cabin(), village.coordinator()):
        with pytest.raises(NotAllowed):
            await prescriptions.draft(who, visit)
        with pytest.raises(NotAllowed):
            await prescriptions.sign(who, visit, 1)


async def test_what_is_signed_is_read_by_the_cabin_the_worker_and_the_doctor_and_nobody_else(
    database: Database, prescriptions: Prescriptions, village: Village, visit: EncounterId, patient: PatientId
) -> None:
    signed = await signed_one(prescriptions, village, visit)
    assert (signed.status, signed.content.body) == (PrescriptionStatus.ACTIVE, BODY)
    assert (signed.content.treated.birth_name, signed.content.prescriber.name) == ("Lavergne", "Dr")
    assert await prescriptions.of_visit(village.cabin(), visit, printing=True) == [signed]
    assert await prescriptions.of_patient(village.worker(), patient) == [signed]
    assert await prescriptions.printed(village.worker(), signed.id) == signed
    with pytest.raises(NotFound):
        await prescriptions.printed(village.doctor(village.other_gp), signed.id)
    with pytest.raises(NotFound):
        await prescriptions.of_visit(village.worker(), visit)
    with pytest.raises(NotAllowed):
        await prescriptions.of_patient(village.coordinator(), patient)
    acts = [entry.action for entry in await audited(database, patient) if entry.action.startswith("prescription")]
    assert acts == [f"prescription:{one}" for one in ("saved", "signed", "printed", "read", "printed")]


async def test_the_cabin_reads_nothing_once_the_patient_left(
    prescriptions: Prescriptions, village: Village, visit: EncounterId, diary: Diary
) -> None:
    await signed_one(prescriptions, village, visit)
    diary.change(visit, seated_in=None)
    with pytest.raises(NotFound):
        await prescriptions.of_visit(village.cabin(), visit)


async def test_an_incomplete_one_or_one_against_an_allergy_is_not_signed(
    prescriptions: Prescriptions, background: Background, village: Village, visit: EncounterId, patient: PatientId
) -> None:
    await background.save(village.worker(), patient, BackgroundBody(allergies=("pénicilline",)), 0)
    drawn = await prescriptions.save(village.doctor(), visit, changed(drug="Amoxicilline 1 g", days=None), 0)
    assert [alert.word for alert in drawn.alerts] == ["pénicilline"]
    with pytest.raises(Invalid) as refused:
        await prescriptions.sign(village.doctor(), visit, drawn.row_ver)
    assert set(refused.value.fields) == {"0.days", "0.reason"} == set(drawn.missing)
    reasoned = await prescriptions.save(
        village.doctor(), visit, changed(drug="Amoxicilline 1 g", reason="Testée négative en 2024"), drawn.row_ver
    )
    assert (await prescriptions.sign(village.doctor(), visit, reasoned.row_ver)).status is PrescriptionStatus.ACTIVE


async def test_only_the_version_that_was_read_is_signed(
    prescriptions: Prescriptions, village: Village, visit: EncounterId
) -> None:
    await prescriptions.save(village.doctor(), visit, BODY, 0)
    await prescriptions.save(village.doctor(), visit, changed(days=7), 1)
    with pytest.raises(Conflict):
        await prescriptions.sign(village.doctor(), visit, 1)


async def test_the_note_takes_the_draft_along_and_an_empty_draft_stays_one(
    database: Database, prescriptions: Prescriptions, village: Village, visit: EncounterId, diary: Diary
) -> None:
    async with database.transaction() as tx:
        assert await prescriptions.sign_in(tx, village.doctor(), diary.visits[visit], 0) == []
    drawn = await prescriptions.save(village.doctor(), visit, PrescriptionBody(), 0)
    async with database.transaction() as tx:
        assert await prescriptions.sign_in(tx, village.doctor(), diary.visits[visit], 0) == []
    drawn = await prescriptions.save(village.doctor(), visit, BODY, drawn.row_ver)
    for seen in (0, drawn.row_ver - 1):
        with pytest.raises(Conflict):
            async with database.transaction() as tx:
                await prescriptions.sign_in(tx, village.doctor(), diary.visits[visit], seen)
    async with database.transaction() as tx:
        [signed] = await prescriptions.sign_in(tx, village.doctor(), diary.visits[visit], drawn.row_ver)
    assert signed.status is PrescriptionStatus.ACTIVE


async def test_a_signed_one_is_cancelled_once_by_its_author_and_the_cabin_sees_it_no_more(
    prescriptions: Prescriptions, village: Village, visit: EncounterId, patient: PatientId
) -> None:
    signed = await signed_one(prescriptions, village, visit)
    with pytest.raises(NotFound):
        await prescriptions.cancel(village.doctor(village.other_gp), signed.id, CancelReason.OTHER)
    await prescriptions.cancel(village.doctor(), signed.id, CancelReason.WRONG_DRUG)
    with pytest.raises(Conflict):
        await prescriptions.cancel(village.doctor(), signed.id, CancelReason.OTHER)
    assert await prescriptions.of_visit(village.cabin(), visit) == []
    assert await prescriptions.mine(village.doctor(village.other_gp)) == []
    [kept] = await prescriptions.of_patient(village.doctor(), patient)
    assert await prescriptions.mine(village.doctor()) == [kept]
    assert (kept.status, kept.content) == (PrescriptionStatus.CANCELLED, signed.content)


async def test_after_the_visit_one_is_replaced_and_holds_until_the_other_is_signed(
    database: Database,
    prescriptions: Prescriptions,
    village: Village,
    visit: EncounterId,
    patient: PatientId,
    diary: Diary,
) -> None:
    signed = await signed_one(prescriptions, village, visit)
    diary.change(visit, in_progress=False)
    with pytest.raises(Conflict) as over:
        await prescriptions.save(village.doctor(), visit, BODY, 0)
    assert over.value.code == "visit-over"
    assert await prescriptions.replace(village.doctor(), signed.id) == visit
    assert await prescriptions.replace(village.doctor(), signed.id) == visit
    drawn = await prescriptions.save(village.doctor(), visit, changed(days=7), 1)
    assert await prescriptions.of_visit(village.cabin(), visit) == [signed]
    fresh = await prescriptions.sign(village.doctor(), visit, drawn.row_ver)
    assert fresh.replaces_id == signed.id
    assert await prescriptions.of_visit(village.cabin(), visit) == [fresh]
    reasons = [entry.reason for entry in await audited(database, patient) if entry.action == "prescription:cancelled"]
    assert reasons == ["replaced"]


async def test_the_database_refuses_to_change_or_delete_what_was_signed(
    database: Database, prescriptions: Prescriptions, village: Village, visit: EncounterId
) -> None:
    signed = await signed_one(prescriptions, village, visit)
    mine = PrescriptionRow.id == signed.id
    for statement in (
        update(PrescriptionRow).where(mine).values(sealed_body=b"other"),
        update(PrescriptionRow).where(mine).values(status=PrescriptionStatus.CANCELLED, sealed_body=b"other"),
        delete(PrescriptionRow).where(mine),
    ):
        with pytest.raises(DBAPIError, match="signed prescription"):
            async with database.transaction() as tx:
                await tx.execute(statement)
    assert await prescriptions.of_visit(village.cabin(), visit) == [signed]


async def test_words_lie_sealed_in_their_own_place(
    database: Database, prescriptions: Prescriptions, village: Village, visit: EncounterId, diary: Diary
) -> None:
    await signed_one(prescriptions, village, visit)
    other = diary.another(visit)
    await prescriptions.save(village.doctor(), other, changed(drug="Furosémide 40 mg"), 0)
    async with database.reading() as tx:
        rows = {row.encounter_id: row for row in await tx.scalars(select(PrescriptionRow))}
    assert all(b"Ramipril" not in row.sealed_body and b"Lavergne" not in row.sealed_body for row in rows.values())
    async with database.transaction() as tx:
        moved = update(PrescriptionRow).where(PrescriptionRow.id == rows[other].id)
        await tx.execute(moved.values(sealed_body=rows[visit].sealed_body))
    with pytest.raises(CannotOpen):
        await prescriptions.draft(village.doctor(), other)
