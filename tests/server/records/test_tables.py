"""A signed note never changes: direct SQL against the guards of both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.database.engine import Database
from server.kernel.ids import EncounterId, new_id
from server.records.rules.note import NoteBody
from server.records.service import Notes
from tests.server.records.village import Diary, Village

COMPLETE = NoteBody(conclusion="Angine.", none_prescribed=True, no_incident=True)


@pytest.fixture(params=["final", "amended", "entered-in-error"])
def status(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def sign(database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    async with database.transaction() as tx:
        await notes.sign_in(tx, village.doctor(), diary.visits[visit], 1)


async def run(database: Database, statement: str, **values: object) -> None:
    async with database.transaction() as tx:
        await tx.execute(text(statement), values)


async def snapshot(database: Database) -> Sequence[object]:
    async with database.reading() as tx:
        return (await tx.execute(text("SELECT * FROM note"))).all()


async def refused(database: Database, statement: str, **values: object) -> bool:
    """Whether the statement was refused by the guard, and left the note as it was."""
    before = await snapshot(database)
    with pytest.raises(DBAPIError, match="a signed note"):
        await run(database, statement, **values)
    return await snapshot(database) == before


CHANGES = [
    "sealed_body = :other",
    "row_ver = 9",
    "key_ver = 2",
    "status = 'preliminary', signed_at = NULL",
    "status = 'preliminary'",
    "signed_at = saved_at, saved_at = created_at, status = 'final'",
    "author_id = :uuid",
    "patient_id = :uuid",
    "encounter_id = :uuid",
    "id = :uuid",
    "created_at = NULL",
    "status = 'amended', sealed_body = :other",
    "status = 'entered-in-error', row_ver = 9",
    "status = 'amended', id = :uuid",
    "status = 'amended', encounter_id = :uuid",
    "status = 'amended', patient_id = :uuid",
    "status = 'amended', created_at = NULL",
]


def uuid_in(database: Database) -> object:
    return new_id().hex if database.is_sqlite else new_id()


async def test_no_direct_change_of_a_signed_note_passes(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, status: str
) -> None:
    await sign(database, notes, village, diary, visit)
    if status != "final":
        await run(database, f"UPDATE note SET status = '{status}'")
    for change in CHANGES:
        values = {"other": b"x", "uuid": uuid_in(database)}
        wanted = {name: value for name, value in values.items() if f":{name}" in change}
        assert await refused(database, f"UPDATE note SET {change}", **wanted), change
    assert await refused(database, "DELETE FROM note")


@pytest.mark.parametrize("to", ["amended", "entered-in-error"])
async def test_only_two_moves_of_status_pass_and_only_once(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId, to: str
) -> None:
    await sign(database, notes, village, diary, visit)
    await run(database, f"UPDATE note SET status = '{to}'")
    for later in ("preliminary", "final", "amended", "entered-in-error"):
        assert await refused(database, f"UPDATE note SET status = '{later}'")


async def test_a_signed_note_is_not_replaced_or_swept_away(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await sign(database, notes, village, diary, visit)
    columns = (
        "encounter_id, patient_id, author_id, status, row_ver, key_ver, sealed_body, created_at, saved_at, signed_at"
    )
    if not database.is_sqlite:
        assert await refused(database, "TRUNCATE note CASCADE")
        return
    copy = f"SELECT {{id}}, {columns} FROM note"
    replace = f"INSERT OR REPLACE INTO note (id, {columns}) "
    assert await refused(database, replace + copy.format(id="id"))
    assert await refused(database, replace + copy.format(id=":uuid"), uuid=new_id().hex)


async def test_a_draft_cannot_take_the_place_of_a_signed_note(
    database: Database, notes: Notes, village: Village, diary: Diary, visit: EncounterId
) -> None:
    await sign(database, notes, village, diary, visit)
    draft = diary.another(visit)
    await notes.save(village.doctor(), draft, COMPLETE, 0)
    way = "UPDATE OR REPLACE" if database.is_sqlite else "UPDATE"
    assert await refused(
        database,
        f"{way} note SET encounter_id = (SELECT encounter_id FROM note WHERE status = 'final') "
        "WHERE status = 'preliminary'",
    )


@pytest.mark.parametrize("column", ["id", "encounter_id", "patient_id"])
async def test_not_even_a_draft_moves_to_another_place(
    database: Database, notes: Notes, village: Village, visit: EncounterId, column: str
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    assert await refused(database, f"UPDATE note SET {column} = :uuid", uuid=uuid_in(database))


async def test_a_draft_may_change_and_go(
    database: Database, notes: Notes, village: Village, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    await run(database, "UPDATE note SET row_ver = 5")
    await run(database, "DELETE FROM note_version")
    await run(database, "DELETE FROM note")
    assert await snapshot(database) == []


async def test_a_note_is_signed_exactly_when_it_has_an_instant_of_signing(
    database: Database, notes: Notes, village: Village, visit: EncounterId
) -> None:
    await notes.save(village.doctor(), visit, COMPLETE, 0)
    for half in ("status = 'final'", "signed_at = saved_at"):
        with pytest.raises(DBAPIError, match="ck_note_signed"):
            await run(database, f"UPDATE note SET {half}")
