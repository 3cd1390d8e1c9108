"""Notes through the service, on SQLite and PostgreSQL: who may write, whose save wins, what signing needs."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
import pytest
from sqlalchemy import event, select, text

from server.database.engine import Database
from server.kernel.errors import CannotOpen, Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import CabinId, EncounterId, PatientId, PractitionerId, new_id
from server.records.rules.measures import MeasureName, Reading
from server.records.rules.note import NoteBody, NoteStatus, StrikeReason
from server.records.seal.vault import PatientVault
from server.records.service import Measures, Notes
from server.records.service.notes import SignedNote
from server.records.tables import NoteRow
from tests.clock import FakeClock
from tests.server.records.village import Diary, Village, audited

BODY = NoteBody(examination="Gorge rouge.", conclusion="Angine.", advice="Buvez chaud.")
COMPLETE = msgspec.structs.replace(BODY, none_prescribed=True, no_incident=True)


async def signed(database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId) -> SignedNote:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    async with database.transaction() as tx:
        return await notes.sign_in(tx, village.doctor(), diary.visits[visit], 1)


async def test_a_doctor_finds_again_what_was_saved(notes: Notes, village: Village, visit: EncounterId) -> None:
    doctor = village.doctor()
    empty = await notes.draft(doctor, visit)
    assert (empty.row_ver, empty.body, empty.status) == (0, NoteBody(), NoteStatus.PRELIMINARY)
    assert await notes.save(doctor, visit, BODY, 0) == 1
    assert await notes.save(doctor, visit, COMPLETE, 1) == 2
    found = await notes.draft(doctor, visit)
    assert (found.row_ver, found.body, found.status) == (2, COMPLETE, NoteStatus.PRELIMINARY)


async def test_the_words_of_a_note_are_nowhere_in_the_database(
    database: Database, notes: Notes, village: Village, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    async with database.reading() as tx:
        row = (await tx.scalars(select(NoteRow))).one()
    assert row.sealed_body[:2] == b"\x01\x01"
    assert not any(word in row.sealed_body for word in (b"Gorge", b"Angine", b"conclusion"))


async def test_each_write_and_read_is_in_the_log_with_its_ciphertext(
    database: Database, notes: Notes, village: Village, visit: EncounterId, patient: PatientId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    async with database.reading() as tx:
        row = (await tx.scalars(select(NoteRow))).one()
    await notes.draft(village.doctor(), visit)
    *_, wrote, read = await audited(database, patient)
    assert (wrote.action, wrote.record, wrote.row_ver) == ("note:saved", f"note:{row.id}", 1)
    assert wrote.ct_sha256 == hashlib.sha256(row.sealed_body).digest()
    assert (read.action, read.record) == ("note:read", f"note:{row.id}")


async def test_the_second_of_two_tabs_is_told_and_overwrites_nothing(
    notes: Notes, village: Village, visit: EncounterId
) -> None:
    doctor = village.doctor()
    await notes.save(doctor, visit, BODY, 0)
    for stale in (0, 2, 7):
        with pytest.raises(Conflict) as refused:
            await notes.save(doctor, visit, COMPLETE, stale)
        assert refused.value.code == "edited-elsewhere"
    assert (await notes.draft(doctor, visit)).body == BODY


async def test_of_many_saves_at_once_exactly_one_wins(
    database: Database, notes: Notes, village: Village, visit: EncounterId, patient: PatientId
) -> None:
    for row_ver in (0, 1):
        results = await asyncio.gather(
            *(notes.save(village.doctor(), visit, BODY, row_ver) for _ in range(8)), return_exceptions=True
        )
        won = [result for result in results if not isinstance(result, BaseException)]
        lost = [result for result in results if isinstance(result, Conflict)]
        assert (won, len(lost)) == ([row_ver + 1], 7)
        assert {conflict.code for conflict in lost} == {"edited-elsewhere"}
    saves = [entry for entry in await audited(database, patient) if entry.action == "note:saved"]
    assert len(saves) == 2


async def test_only_the_doctor_who_claimed_the_visit_writes_its_note(
    notes: Notes, village: Village, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    other = village.doctor(village.other_gp)
    for attempt in (
        notes.draft(other, visit),
        notes.save(other, visit, BODY, 1),
        notes.draft(village.doctor(PractitionerId(new_id())), visit),
        notes.draft(village.doctor(), EncounterId(new_id())),
    ):
        with pytest.raises(NotFound):
            await attempt


@pytest.mark.parametrize("role", ["worker", "cabin", "coordinator"])
async def test_nobody_else_touches_notes(
    notes: Notes, village: Village, visit: EncounterId, patient: PatientId, role: str
) -> None:
    who = getattr(village, role)()
    for attempt in (
        notes.draft(who, visit),
        notes.save(who, visit, BODY, 0),
        notes.history(who, patient),
        notes.amend(who, visit, "…"),
        notes.strike(who, visit, StrikeReason.OTHER),
    ):
        with pytest.raises(NotAllowed):
            await attempt


async def test_a_claim_that_passed_to_another_doctor_takes_the_draft_along(
    notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    diary.change(visit, practitioner_id=village.other_gp, fence=2)
    with pytest.raises(NotFound):
        await notes.save(village.doctor(), visit, COMPLETE, 1)
    assert await notes.save(village.doctor(village.other_gp), visit, COMPLETE, 1) == 2


async def test_after_the_visit_nothing_more_is_drafted(
    notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    diary.change(visit, in_progress=False)
    with pytest.raises(Conflict) as refused:
        await notes.save(village.doctor(), visit, BODY, 0)
    assert refused.value.code == "visit-over"


async def test_endless_words_are_refused_by_name(notes: Notes, village: Village, visit: EncounterId) -> None:
    with pytest.raises(Invalid) as refused:
        await notes.save(village.doctor(), visit, NoteBody(advice="a" * 20_001), 0)
    assert set(refused.value.fields) == {"advice"}


# Signing --------------------------------------------------------------------------------


async def test_signing_seals_the_words_with_the_facts_of_the_visit(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, patient: PatientId
) -> None:
    note = await signed(database, notes, village, diary, visit)
    facts = diary.visits[visit]
    assert note.status is NoteStatus.FINAL
    assert (note.content.body, note.content.participants) == (COMPLETE, facts.participants)
    assert (note.content.started_at, note.content.ended_at) == (facts.started_at, facts.ended_at)
    assert note.content.signed_by == "Dr Nedjar"
    seen = await notes.draft(village.doctor(), visit)
    assert (seen.status, seen.row_ver, seen.body) == (NoteStatus.FINAL, 2, COMPLETE)
    assert [entry.action for entry in await audited(database, patient)][-3:] == [
        "note:saved",
        "note:signed",
        "note:read",
    ]


async def test_a_note_that_lacks_items_is_not_signed_and_says_which(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    facts = diary.change(visit, ended_at=None)
    with pytest.raises(Invalid) as refused:
        async with database.transaction() as tx:
            await notes.sign_in(tx, village.doctor(), facts, 1)
    assert (refused.value.code, set(refused.value.fields)) == ("note-incomplete", {"acts", "time", "incidents"})
    assert (await notes.draft(village.doctor(), visit)).status is NoteStatus.PRELIMINARY


async def test_one_signs_what_one_has_read(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    await notes.save(village.doctor(), visit, COMPLETE, 1)
    for stale, code in ((1, "edited-elsewhere"), (0, "edited-elsewhere")):
        with pytest.raises(Conflict) as refused:
            async with database.transaction() as tx:
                await notes.sign_in(tx, village.doctor(), diary.visits[visit], stale)
        assert refused.value.code == code


async def test_a_note_is_signed_once_and_then_neither_saved_nor_signed(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await signed(database, notes, village, diary, visit)
    with pytest.raises(Conflict) as again:
        async with database.transaction() as tx:
            await notes.sign_in(tx, village.doctor(), diary.visits[visit], 2)
    with pytest.raises(Conflict) as saved:
        await notes.save(village.doctor(), visit, BODY, 2)
    assert (again.value.code, saved.value.code) == ("signed", "signed")


async def test_another_doctor_signs_nothing(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await notes.sign_in(tx, village.doctor(village.other_gp), diary.visits[visit], 1)


async def test_a_closing_that_fails_later_leaves_the_note_unsigned(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, patient: PatientId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    async with database.transaction() as tx:
        await notes.sign_in(tx, village.doctor(), diary.visits[visit], 1)
        await tx.rollback()
    assert (await notes.draft(village.doctor(), visit)).status is NoteStatus.PRELIMINARY
    assert "note:signed" not in [entry.action for entry in await audited(database, patient)]


# Summary, history, corrections ----------------------------------------------------------


async def test_the_cabin_reads_the_plain_words_only_once_signed_and_only_its_own(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    assert await notes.summary(village.cabin(), visit) is None
    async with database.transaction() as tx:
        await notes.sign_in(tx, village.doctor(), diary.visits[visit], 1)
    summary = await notes.summary(village.cabin(), visit)
    assert summary is not None
    assert (summary.advice, summary.signed_by) == ("Buvez chaud.", "Dr Nedjar")
    with pytest.raises(NotFound):
        await notes.summary(village.cabin(CabinId(new_id())), visit)
    diary.change(visit, seated_in=None)
    with pytest.raises(NotFound):
        await notes.summary(village.cabin(), visit)


async def test_history_shows_signed_visits_with_their_measures_newest_first(
    database: Database,
    notes: Notes,
    measures: Measures,
    village: Village,
    diary: Diary,
    visit: EncounterId,
    patient: PatientId,
    clock: FakeClock,
) -> None:
    await signed(database, notes, village, diary, visit)
    clock.advance(days=30)
    later, draft = diary.another(visit), diary.another(visit)
    await measures.take(village.worker(), patient, (Reading(MeasureName.HEART_RATE, 72),), encounter_id=later)
    await signed(database, notes, village, diary, later)
    await notes.save(village.doctor(), draft, BODY, 0)
    past = await notes.history(village.doctor(), patient)
    assert [one.note.encounter_id for one in past] == [later, visit]
    assert [[seen.shown for seen in one.observations] for one in past] == [[72], []]
    assert (await audited(database, patient))[-1].action == "history:read"


async def test_a_doctor_without_a_relation_sees_no_history(notes: Notes, village: Village, patient: PatientId) -> None:
    with pytest.raises(NotFound):
        await notes.history(village.doctor(village.other_gp), patient)


async def test_a_correction_is_added_and_the_signed_words_stay(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, patient: PatientId
) -> None:
    before = await signed(database, notes, village, diary, visit)
    await notes.amend(village.doctor(), visit, "Il s’agissait de l’oreille gauche. ")
    await notes.amend(village.doctor(), visit, "Résultat reçu.")
    (past,) = await notes.history(village.doctor(), patient)
    assert past.note.status is NoteStatus.AMENDED
    assert past.note.content == before.content
    assert [one.words for one in past.note.addenda] == ["Il s’agissait de l’oreille gauche.", "Résultat reçu."]
    for blank in (" ", "a" * 20_001):
        with pytest.raises(Invalid):
            await notes.amend(village.doctor(), visit, blank)
    with pytest.raises(NotFound):
        await notes.amend(village.doctor(village.other_gp), visit, "Moi aussi.")


async def test_ones_own_notes_of_the_last_weeks_are_found_and_their_reading_is_logged(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, patient: PatientId
) -> None:
    note = await signed(database, notes, village, diary, visit)
    await notes.save(village.doctor(), diary.another(visit), COMPLETE, 0)
    await notes.amend(village.doctor(), visit, "À gauche.")
    ((found_patient, found),) = await notes.mine(village.doctor())
    assert (found_patient.id, found.id, found.content) == (patient, note.id, note.content)
    assert [one.words for one in found.addenda] == ["À gauche."]
    last = (await audited(database, patient))[-1]
    assert (last.action, last.record) == ("note:read", f"note:{note.id}")
    assert await notes.mine(village.doctor(village.other_gp)) == []
    with pytest.raises(NotAllowed):
        await notes.mine(village.worker())


async def test_a_note_of_the_wrong_patient_is_struck_and_stays(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, patient: PatientId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    with pytest.raises(Conflict):
        await notes.strike(village.doctor(), visit, StrikeReason.WRONG_PATIENT)
    async with database.transaction() as tx:
        await notes.sign_in(tx, village.doctor(), diary.visits[visit], 1)
    await notes.strike(village.doctor(), visit, StrikeReason.WRONG_PATIENT)
    (past,) = await notes.history(village.doctor(), patient)
    assert past.note.status is NoteStatus.ENTERED_IN_ERROR
    assert await notes.summary(village.cabin(), visit) is None
    with pytest.raises(Conflict):
        await notes.amend(village.doctor(), visit, "Trop tard.")


# Attacks and faults ---------------------------------------------------------------------


async def test_an_older_ciphertext_put_back_does_not_open(
    database: Database, notes: Notes, village: Village, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    async with database.reading() as tx:
        old = (await tx.scalars(select(NoteRow.sealed_body))).one()
    await notes.save(village.doctor(), visit, COMPLETE, 1)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE note SET sealed_body = :old"), {"old": old})
    with pytest.raises(CannotOpen):
        await notes.draft(village.doctor(), visit)


async def test_without_its_audit_entry_nothing_is_saved_or_read(
    database: Database, notes: Notes, village: Village, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)

    def no_log(_line: object, _cursor: object, statement: str, *_more: object) -> None:
        if "INSERT INTO audit_event" in statement:
            raise OSError("the log is full")

    event.listen(database.engine.sync_engine, "before_cursor_execute", no_log)
    try:
        for attempt in (notes.save(village.doctor(), visit, COMPLETE, 1), notes.draft(village.doctor(), visit)):
            with pytest.raises(OSError, match="the log is full"):
                await attempt
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", no_log)
    assert (await notes.draft(village.doctor(), visit)).row_ver == 1


async def test_a_lost_key_opens_nothing_and_saves_nothing_in_clear(
    database: Database, notes: Notes, village: Village, visit: EncounterId, vault: PatientVault
) -> None:
    await notes.save(village.doctor(), visit, BODY, 0)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE patient_key SET wrapped = NULL"))
    vault.forget()
    for attempt in (notes.draft(village.doctor(), visit), notes.save(village.doctor(), visit, COMPLETE, 1)):
        with pytest.raises(CannotOpen):
            await attempt
    async with database.reading() as tx:
        assert (await tx.scalars(select(NoteRow.row_ver))).one() == 1
