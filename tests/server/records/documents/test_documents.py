"""Documents through the services, on SQLite and PostgreSQL: sent, resumed, read, given, struck, tampered with."""

from __future__ import annotations

import asyncio
import hashlib
import os

import pytest
from aiohttp import web
from sqlalchemy import delete, select, update

from server.database.engine import Database
from server.kernel.access import Identity
from server.kernel.errors import CannotOpen, ClinicError, Conflict, Invalid, NotAllowed, NotFound, Unavailable
from server.kernel.ids import CabinId, DocumentId, EncounterId, PatientId, new_id
from server.records.documents import rules, uploads
from server.records.documents.ground import Ground
from server.records.documents.rules import PIECE, DocumentStatus, MediaType
from server.records.documents.screening import Screening
from server.records.documents.service import Documents, OpenDocument
from server.records.documents.shelf import Shelf
from server.records.documents.tables import ChunkRow, DocumentRow, PieceRow, UploadRow
from server.records.documents.uploads import NewFile, Uploads
from server.records.rules.note import NoteBody, StrikeReason
from server.records.seal.vault import PatientVault
from server.records.service import Notes
from tests.clock import FakeClock
from tests.server.records.documents.files import SECRET, jpeg, pdf
from tests.server.records.village import Diary, Village, add_patient, audited

LETTER = pdf(tail=b"% " + b"x" * 900 + b"\n%%EOF\n")
LONG_LETTER = pdf()[:-6] + b"% " + os.urandom(3 * PIECE).replace(b"stream", b"......") + b"\n%%EOF\n"


async def sent(
    papers: Shelf,
    who: Identity,
    patient: PatientId,
    content: bytes,
    encounter: EncounterId | None = None,
    title: str = "",
) -> DocumentId:
    """Send a whole file, and end it."""
    file = NewFile(len(content), title)
    begun = (
        await papers.uploads.begin_here(who, file)
        if who.cabin_id
        else await papers.uploads.begin(who, patient, encounter, file)
    )
    for offset in range(0, len(content), PIECE):
        await papers.uploads.receive(who, begun.upload_id, offset, content[offset : offset + PIECE])
    return await papers.uploads.finish(who, begun.upload_id)


async def whole(document: OpenDocument) -> bytes:
    return b"".join([await document.chunk(number) for number in range(rules.pieces_of(document.size))])


async def rows_left(database: Database) -> tuple[int, int]:
    async with database.reading() as tx:
        return len(list(await tx.scalars(select(UploadRow)))), len(list(await tx.scalars(select(PieceRow))))


async def test_what_the_worker_sent_the_doctor_reads_byte_by_byte(
    database: Database, papers: Shelf, village: Village, patient: PatientId, visit: EncounterId, diary: Diary
) -> None:
    worker = village.worker()
    document_id = await sent(papers, worker, patient, LONG_LETTER, visit, "Compte rendu\u202e de cardiologie\n")
    (found,) = await papers.documents.of_patient(village.doctor(), patient)
    assert (found.id, found.title, found.media_type) == (document_id, "Compte rendu de cardiologie", MediaType.PDF)
    assert (found.encounter_id, found.status, found.size) == (visit, DocumentStatus.CURRENT, len(LONG_LETTER))
    assert await whole(await papers.documents.open(village.doctor(), document_id)) == LONG_LETTER
    assert await rows_left(database) == (0, 0)
    assert diary.nudged == [f"desk:{visit}"]


async def test_nothing_of_a_document_lies_readable_in_the_database(
    database: Database, papers: Shelf, village: Village, patient: PatientId
) -> None:
    worker = village.worker()
    content = pdf(tail=b"% " + SECRET * 20 + b"\n%%EOF\n")
    begun = await papers.uploads.begin(worker, patient, None, NewFile(len(content), "Ordonnance de juin"))
    await papers.uploads.receive(worker, begun.upload_id, 0, content)
    async with database.reading() as tx:
        (piece,) = await tx.scalars(select(PieceRow.sealed_piece))
        (title,) = await tx.scalars(select(UploadRow.sealed_title))
    await papers.uploads.finish(worker, begun.upload_id)
    async with database.reading() as tx:
        (row,) = await tx.scalars(select(DocumentRow))
        chunks = list(await tx.scalars(select(ChunkRow.sealed_chunk)))
    for sealed in (piece, title, row.sealed_body, row.sealed_head, *chunks):
        assert SECRET not in sealed
        assert b"juin" not in sealed
        assert b"PDF" not in sealed


async def test_every_reading_and_writing_is_in_the_log_with_its_ciphertext(
    database: Database, papers: Shelf, village: Village, patient: PatientId, visit: EncounterId
) -> None:
    document_id = await sent(papers, village.worker(), patient, LETTER, visit)
    doctor = village.doctor()
    await papers.documents.of_patient(doctor, patient)
    await papers.documents.open(doctor, document_id)
    await papers.documents.give(doctor, document_id, visit, yes=True)
    await papers.documents.give(doctor, document_id, visit, yes=False)
    await papers.documents.strike(doctor, document_id, StrikeReason.WRONG_PATIENT)
    entries = [entry for entry in await audited(database, patient) if entry.action.startswith("document")]
    assert [entry.action for entry in entries] == [
        "document:added",
        "documents:read",
        "document:read",
        "document:given",
        "document:taken-back",
        "document:struck",
    ]
    async with database.reading() as tx:
        (row,) = await tx.scalars(select(DocumentRow))
    assert entries[0].ct_sha256 == hashlib.sha256(row.sealed_body).digest()
    assert {entry.record for entry in entries} == {None, f"document:{document_id}"}
    assert entries[-1].reason == "wrong-patient"


async def test_a_cut_file_goes_on_where_it_was_and_is_never_seen_half(
    database: Database, ground: Ground, village: Village, patient: PatientId
) -> None:
    worker, before = village.worker(), Shelf.on(ground)
    file = NewFile(len(LONG_LETTER), "Scanner", "f1")
    begun = await before.uploads.begin(worker, patient, None, file)
    await before.uploads.receive(worker, begun.upload_id, 0, LONG_LETTER[:PIECE])
    assert await before.documents.of_patient(village.doctor(), patient) == []
    with pytest.raises(Conflict) as refused:
        await before.uploads.finish(worker, begun.upload_id)
    assert refused.value.code == "incomplete"
    ground.vault.forget()
    after = Shelf.on(ground)  # the server was started anew
    again = await after.uploads.begin(worker, patient, None, file)
    assert (again.upload_id, again.received) == (begun.upload_id, PIECE)
    for offset in range(again.received, len(LONG_LETTER), PIECE):
        progress = await after.uploads.receive(worker, again.upload_id, offset, LONG_LETTER[offset : offset + PIECE])
    assert progress.received == len(LONG_LETTER)
    assert await after.uploads.finish(worker, again.upload_id) == begun.upload_id
    assert await after.uploads.finish(worker, again.upload_id) == begun.upload_id  # its answer was lost
    assert await whole(await after.documents.open(village.doctor(), begun.upload_id)) == LONG_LETTER


async def test_a_piece_at_another_place_or_of_another_size_is_refused(
    papers: Shelf, village: Village, patient: PatientId
) -> None:
    worker = village.worker()
    begun = await papers.uploads.begin(worker, patient, None, NewFile(PIECE + 10))
    for piece in (b"", bytes(PIECE - 1), bytes(PIECE + 1)):
        with pytest.raises(Invalid):
            await papers.uploads.receive(worker, begun.upload_id, 0, piece)
    await papers.uploads.receive(worker, begun.upload_id, 0, bytes(PIECE))
    for offset, piece in ((0, bytes(PIECE)), (PIECE * 2, b"x"), (5, b"x")):
        with pytest.raises(Conflict) as refused:
            await papers.uploads.receive(worker, begun.upload_id, offset, piece)
        assert refused.value.code == "offset"
    with pytest.raises(Invalid):
        await papers.uploads.receive(worker, begun.upload_id, PIECE, bytes(11))
    assert (await papers.uploads.progress(worker, begun.upload_id)).received == PIECE


async def test_of_two_who_send_the_same_piece_at_once_one_is_kept(
    papers: Shelf, village: Village, patient: PatientId
) -> None:
    worker = village.worker()
    begun = await papers.uploads.begin(worker, patient, None, NewFile(len(LONG_LETTER)))
    tries = (papers.uploads.receive(worker, begun.upload_id, 0, LONG_LETTER[:PIECE]) for _ in range(4))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    assert all(isinstance(one, Conflict) for one in results if isinstance(one, BaseException))
    for offset in range(PIECE, len(LONG_LETTER), PIECE):
        await papers.uploads.receive(worker, begun.upload_id, offset, LONG_LETTER[offset : offset + PIECE])
    ends = await asyncio.gather(*(papers.uploads.finish(worker, begun.upload_id) for _ in range(3)))
    assert set(ends) == {begun.upload_id}
    assert len(await papers.documents.of_patient(village.doctor(), patient)) == 1


async def test_what_nobody_ended_is_thrown_away_after_a_day(
    database: Database, papers: Shelf, village: Village, patient: PatientId, clock: FakeClock
) -> None:
    worker = village.worker()
    begun = await papers.uploads.begin(worker, patient, None, NewFile(len(LONG_LETTER)))
    await papers.uploads.receive(worker, begun.upload_id, 0, LONG_LETTER[:PIECE])
    clock.advance(hours=23)
    assert await papers.uploads.purge() == 0
    clock.advance(hours=1)
    with pytest.raises(NotFound):
        await papers.uploads.progress(worker, begun.upload_id)
    assert await papers.uploads.purge() == 1
    assert await rows_left(database) == (0, 0)


async def test_a_person_who_gives_up_leaves_nothing(
    database: Database, papers: Shelf, village: Village, patient: PatientId
) -> None:
    worker = village.worker()
    begun = await papers.uploads.begin(worker, patient, None, NewFile(len(LONG_LETTER)))
    await papers.uploads.receive(worker, begun.upload_id, 0, LONG_LETTER[:PIECE])
    with pytest.raises(NotFound):
        await papers.uploads.abandon(village.worker(), begun.upload_id)
    await papers.uploads.abandon(worker, begun.upload_id)
    assert await rows_left(database) == (0, 0)


async def test_a_refused_file_leaves_nothing_and_says_why(
    database: Database, papers: Shelf, village: Village, patient: PatientId
) -> None:
    for content, code in ((b"MZ" + bytes(300), "unknown-type"), (jpeg()[:600], "broken"), (pdf()[:60], "broken")):
        with pytest.raises(Invalid) as refused:
            await sent(papers, village.worker(), patient, content)
        assert refused.value.code == code
    assert await rows_left(database) == (0, 0)
    assert await papers.documents.of_patient(village.doctor(), patient) == []


async def test_how_much_one_person_may_send_is_bounded(
    papers: Shelf, village: Village, patient: PatientId, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = village.worker()
    for size in (0, -1, rules.SIZE_MAX + 1):
        with pytest.raises(Invalid):
            await papers.uploads.begin(worker, patient, None, NewFile(size))
    for _ in range(rules.OPEN_MOST):
        await papers.uploads.begin(worker, patient, None, NewFile(1000))
    with pytest.raises(Conflict) as refused:
        await papers.uploads.begin(worker, patient, None, NewFile(1000))
    assert refused.value.code == "too-many-open"
    monkeypatch.setattr(uploads, "PATIENT_MOST", rules.OPEN_MOST)
    with pytest.raises(Conflict) as full:
        await papers.uploads.begin(village.worker(), patient, None, NewFile(1000))
    monkeypatch.setattr(uploads, "PATIENT_MOST", 300)
    monkeypatch.setattr(uploads, "PATIENT_BYTES", 5500)
    with pytest.raises(Conflict) as heavy:
        await papers.uploads.begin(village.worker(), patient, None, NewFile(1000))
    assert full.value.code == heavy.value.code == "full"


async def test_the_cabin_adds_to_the_visit_that_sits_in_it_and_to_no_other(
    database: Database, vault: PatientVault, papers: Shelf, village: Village, visit: EncounterId, patient: PatientId,
    diary: Diary, clock: FakeClock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    cabin = village.cabin()
    begun = await papers.uploads.begin_here(cabin, NewFile(len(LETTER)))
    async with database.transaction() as tx:
        marcel = await add_patient(tx, vault, village, clock)
    diary.change(visit, patient_id=marcel)  # Odette left, Marcel sits down, the old page still sends
    for attempt in (
        papers.uploads.receive(cabin, begun.upload_id, 0, LETTER),
        papers.uploads.progress(cabin, begun.upload_id),
        papers.uploads.begin(cabin, patient, visit, NewFile(10)),
        papers.uploads.begin_here(village.cabin(CabinId(new_id())), NewFile(10)),
    ):
        with pytest.raises(NotFound):
            await attempt
    diary.change(visit, patient_id=patient)
    await papers.uploads.receive(cabin, begun.upload_id, 0, LETTER)
    await papers.uploads.finish(cabin, begun.upload_id)
    (found,) = await papers.documents.of_patient(village.doctor(), patient)
    assert found.encounter_id == visit
    monkeypatch.setattr(uploads, "VISIT_MOST", 1)
    with pytest.raises(Conflict):
        await papers.uploads.begin_here(cabin, NewFile(10))


async def test_only_those_with_a_relation_reach_a_document(
    papers: Shelf, village: Village, patient: PatientId, visit: EncounterId
) -> None:
    document_id = await sent(papers, village.worker(), patient, LETTER, visit)
    stranger, colleague = village.doctor(village.other_gp), village.worker()
    for who in (stranger, colleague, village.cabin(), village.coordinator()):
        for attempt in (
            papers.documents.open(who, document_id),
            papers.documents.give(who, document_id, visit, yes=True),
            papers.documents.strike(who, document_id, StrikeReason.OTHER),
            papers.documents.count(who, visit),
        ):
            with pytest.raises((NotFound, NotAllowed)):
                await attempt
    with pytest.raises(NotFound):
        await papers.uploads.begin(stranger, patient, None, NewFile(10))
    assert await papers.documents.of_patient(colleague, patient) == []
    assert await papers.documents.count(village.doctor(), visit) == 1


async def test_the_patient_sees_in_the_cabin_what_was_given_and_only_after_the_signature(
    notes: Notes, papers: Shelf, village: Village, patient: PatientId, visit: EncounterId, diary: Diary, ground: Ground
) -> None:  # fmt: skip
    cabin, doctor = village.cabin(), village.doctor()
    given = await sent(papers, cabin, patient, jpeg())
    kept = await sent(papers, village.worker(), patient, LETTER, visit)
    await papers.documents.give(doctor, given, visit, yes=True)
    assert await papers.documents.given_here(cabin) == []
    with pytest.raises(NotFound):
        await papers.documents.open(cabin, given)
    body = NoteBody(conclusion="Angine.", none_prescribed=True, no_incident=True)
    await notes.save(doctor, visit, body, 0)
    async with ground.database.transaction() as tx:
        await notes.sign_in(tx, doctor, diary.visits[visit], 1)
    (seen,) = await papers.documents.given_here(cabin)
    assert (seen.id, seen.thumbnail[:3]) == (given, b"\xff\xd8\xff")
    assert (await whole(await papers.documents.open(cabin, given)))[:3] == b"\xff\xd8\xff"
    with pytest.raises(NotFound):
        await papers.documents.open(cabin, kept)
    await papers.documents.give(doctor, given, visit, yes=False)
    assert await papers.documents.given_here(cabin) == []
    await papers.documents.give(doctor, given, visit, yes=True)
    diary.change(visit, seated_in=None)  # the patient went
    with pytest.raises(NotFound):
        await papers.documents.open(cabin, given)


async def test_a_struck_document_is_shown_to_nobody_and_stays(
    database: Database, papers: Shelf, village: Village, patient: PatientId, visit: EncounterId
) -> None:
    document_id = await sent(papers, village.worker(), patient, LETTER, visit)
    await papers.documents.strike(village.doctor(), document_id, StrikeReason.WRONG_PATIENT)
    assert await papers.documents.of_patient(village.doctor(), patient) == []
    with pytest.raises(NotFound):
        await papers.documents.open(village.doctor(), document_id)
    with pytest.raises(Conflict):
        await papers.documents.strike(village.doctor(), document_id, StrikeReason.OTHER)
    async with database.reading() as tx:
        assert len(list(await tx.scalars(select(ChunkRow)))) == 1


async def test_what_the_scanner_refuses_is_kept_apart_and_never_shown(
    ground: Ground, village: Village, patient: PatientId, visit: EncounterId
) -> None:
    papers = Shelf.on(ground, ("sh", "-c", "grep -q nord && exit 1; exit 0"))
    bad = pdf(tail=b"% " + SECRET + b"\n%%EOF\n")
    document_id = await sent(papers, village.worker(), patient, bad, visit)
    clean_id = await sent(papers, village.worker(), patient, LETTER, visit)
    found = {one.id: one.status for one in await papers.documents.of_patient(village.doctor(), patient)}
    assert found == {document_id: DocumentStatus.QUARANTINED, clean_id: DocumentStatus.CURRENT}
    for attempt in (
        papers.documents.open(village.doctor(), document_id),
        papers.documents.give(village.doctor(), document_id, visit, yes=True),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert "document:quarantined" in [entry.action for entry in await audited(ground.database, patient)]


async def test_without_an_answer_of_the_scanner_the_file_waits(
    ground: Ground, village: Village, patient: PatientId
) -> None:
    worker = village.worker()
    for command in (("sh", "-c", "exit 2"), ("/there/is/no/such/scanner",)):
        papers = Shelf.on(ground, command)
        begun = await papers.uploads.begin(worker, patient, None, NewFile(len(LETTER)))
        await papers.uploads.receive(worker, begun.upload_id, 0, LETTER)
        with pytest.raises(Unavailable):
            await papers.uploads.finish(worker, begun.upload_id)
        assert await Shelf.on(ground).uploads.finish(worker, begun.upload_id) == begun.upload_id


async def read_all(papers: Shelf, who: Identity, patient: PatientId, document_id: DocumentId) -> None:
    await whole(await papers.documents.open(who, document_id))
    await papers.documents.of_patient(who, patient)


async def flip(database: Database, document_id: DocumentId, number: int) -> None:
    async with database.transaction() as tx:
        here = (ChunkRow.document_id == document_id, ChunkRow.number == number)
        sealed = (await tx.scalars(select(ChunkRow.sealed_chunk).where(*here))).one()
        await tx.execute(update(ChunkRow).where(*here).values(sealed_chunk=sealed[:-1] + bytes([sealed[-1] ^ 1])))


async def exchange(database: Database, document_id: DocumentId, other: DocumentId, number: int) -> None:
    async with database.transaction() as tx:
        there = (ChunkRow.document_id == other, ChunkRow.number == 0)
        sealed = (await tx.scalars(select(ChunkRow.sealed_chunk).where(*there))).one()
        here = (ChunkRow.document_id == document_id, ChunkRow.number == number)
        await tx.execute(update(ChunkRow).where(*here).values(sealed_chunk=sealed))


@pytest.mark.parametrize("harm", ["flip", "swap", "other", "delete", "shorten", "grow", "head", "thumbnail", "body"])
async def test_a_harmed_document_does_not_open(
    harm: str, database: Database, ground: Ground, papers: Shelf, village: Village, patient: PatientId
) -> None:
    content = jpeg(900, 700) if harm == "thumbnail" else LONG_LETTER
    document_id = await sent(papers, village.worker(), patient, content)
    other = await sent(papers, village.worker(), patient, content)
    here = DocumentRow.id == document_id
    async with database.reading() as tx:
        row = (await tx.scalars(select(DocumentRow).where(here))).one()
        second = (await tx.scalars(select(DocumentRow).where(DocumentRow.id == other))).one()
    changes: dict[str, dict[str, object]] = {
        "shorten": {"size": row.size // PIECE * PIECE},
        "grow": {"size": row.size + PIECE},
        "head": {"sealed_head": second.sealed_head},
        "thumbnail": {"sealed_thumbnail": second.sealed_thumbnail},
        "body": {"sealed_body": second.sealed_body},
    }
    if harm in changes:
        async with database.transaction() as tx:
            await tx.execute(update(DocumentRow).where(here).values(**changes[harm]))
    elif harm == "flip":
        await flip(database, document_id, 1)
    elif harm == "delete":
        async with database.transaction() as tx:
            await tx.execute(delete(ChunkRow).where(ChunkRow.document_id == document_id, ChunkRow.number == 1))
    else:
        await exchange(database, document_id, document_id if harm == "swap" else other, 2 if harm == "swap" else 0)
    with pytest.raises(CannotOpen):
        await read_all(papers, village.doctor(), patient, document_id)
    if harm not in ("thumbnail", "body"):
        assert await whole(await papers.documents.open(village.doctor(), other)) == LONG_LETTER


async def test_a_harmed_piece_on_its_way_does_not_become_a_document(
    database: Database, papers: Shelf, village: Village, patient: PatientId
) -> None:
    worker = village.worker()
    begun = await papers.uploads.begin(worker, patient, None, NewFile(len(LONG_LETTER)))
    for offset in range(0, len(LONG_LETTER), PIECE):
        await papers.uploads.receive(worker, begun.upload_id, offset, LONG_LETTER[offset : offset + PIECE])
    async with database.transaction() as tx:
        first = (await tx.scalars(select(PieceRow.sealed_piece).where(PieceRow.number == 0))).one()
        await tx.execute(update(PieceRow).where(PieceRow.number == 1).values(sealed_piece=first))
    with pytest.raises(CannotOpen):
        await papers.uploads.finish(worker, begun.upload_id)
    assert await papers.documents.of_patient(village.doctor(), patient) == []


async def test_somebody_elses_upload_is_not_there(papers: Shelf, village: Village, patient: PatientId) -> None:
    begun = await papers.uploads.begin(village.worker(), patient, None, NewFile(10))
    for who in (village.worker(), village.doctor(), village.cabin()):
        for attempt in (
            papers.uploads.progress(who, begun.upload_id),
            papers.uploads.receive(who, begun.upload_id, 0, b"x" * 10),
            papers.uploads.finish(who, begun.upload_id),
        ):
            with pytest.raises(ClinicError):
                await attempt


async def test_the_look_at_the_start_throws_away_what_is_old(
    database: Database, ground: Ground, village: Village, patient: PatientId, clock: FakeClock
) -> None:
    purged = asyncio.Event()

    class Watched(Uploads):
        async def purge(self) -> int:
            gone = await super().purge()
            purged.set()
            return gone

    papers = Shelf(Documents(ground), Watched(ground, Screening()))
    await papers.uploads.begin(village.worker(), patient, None, NewFile(10))
    clock.advance(hours=25)
    tidying = papers.tidied(web.Application())
    await anext(tidying)
    await asyncio.wait_for(purged.wait(), 30)
    with pytest.raises(StopAsyncIteration):
        await anext(tidying)
    assert await rows_left(database) == (0, 0)
