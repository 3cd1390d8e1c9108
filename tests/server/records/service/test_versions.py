"""Every save of a draft stays readable, sealed, for the doctor who has the visit; on both databases."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from server.database.engine import Database
from server.kernel.errors import CannotOpen, Conflict, NotAllowed, NotFound
from server.kernel.ids import EncounterId
from server.records.rules.note import NoteBody
from server.records.service import Notes
from tests.clock import FakeClock
from tests.server.records.village import Diary, Village

WORDS = ("T", "Toux", "Toux grasse", "")
SIGNABLE = NoteBody(conclusion="Bronchite", none_prescribed=True, no_incident=True)


async def test_each_save_is_a_version_that_can_be_read_again(
    notes: Notes, village: Village, visit: EncounterId, clock: FakeClock
) -> None:
    gp, hours = village.doctor(), []
    for row_ver, words in enumerate(WORDS):
        clock.advance(seconds=5)
        await notes.save(gp, visit, NoteBody(examination=words), row_ver)
        hours.append(clock())
    saved = await notes.versions.of_visit(gp, visit)
    assert [(one.row_ver, one.saved_at) for one in saved] == list(zip((4, 3, 2, 1), reversed(hours), strict=True))
    again = [await notes.versions.read(gp, visit, one.row_ver) for one in reversed(saved)]
    assert tuple(one.body.examination for one in again) == WORDS
    assert await notes.save(gp, visit, again[2].body, 4) == 5
    assert (await notes.draft(gp, visit)).body.examination == "Toux grasse"
    assert len(await notes.versions.of_visit(gp, visit)) == 5


async def test_versions_stay_when_the_note_is_signed_and_a_refused_save_makes_none(
    notes: Notes, village: Village, visit: EncounterId, database: Database, diary: Diary
) -> None:
    gp = village.doctor()
    saves = [notes.save(gp, visit, NoteBody(examination=str(one)), 0) for one in range(4)]
    done = await asyncio.gather(*saves, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in done) == 3
    await notes.save(gp, visit, SIGNABLE, 1)
    async with database.transaction() as tx:
        await notes.sign_in(tx, gp, diary.visits[visit], 2)
    assert [one.row_ver for one in await notes.versions.of_visit(gp, visit)] == [2, 1]


async def test_nobody_else_reads_versions(notes: Notes, village: Village, visit: EncounterId) -> None:
    await notes.save(village.doctor(), visit, NoteBody(examination="Toux"), 0)
    other = village.doctor(village.other_gp)
    for reading in (notes.versions.of_visit(other, visit), notes.versions.read(other, visit, 1)):
        with pytest.raises(NotFound):
            await reading
    with pytest.raises(NotAllowed):
        await notes.versions.of_visit(village.worker(), visit)
    with pytest.raises(NotFound):
        await notes.versions.read(village.doctor(), visit, 2)


async def test_a_version_put_in_the_place_of_another_does_not_open(
    notes: Notes, village: Village, visit: EncounterId, database: Database
) -> None:
    gp = village.doctor()
    for row_ver, words in enumerate(WORDS):
        await notes.save(gp, visit, NoteBody(examination=words), row_ver)
    async with database.transaction() as tx:
        older = "(SELECT sealed_body FROM note_version WHERE row_ver = 1)"
        await tx.execute(text(f"UPDATE note_version SET sealed_body = {older} WHERE row_ver = 3"))
        raw = (await tx.execute(text("SELECT sealed_body FROM note_version"))).scalars()
        assert not any(b"Toux" in bytes(one) for one in raw)
    with pytest.raises(CannotOpen):
        await notes.versions.read(gp, visit, 3)
