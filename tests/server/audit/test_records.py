"""A sealed row that was put back, exchanged, deleted or written past the log is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from server.audit.findings import Kind
from server.audit.records import verify_records
from server.audit.store import log as log_store
from server.audit.store.sealed import sealed_tables
from server.audit.verify import Verdict
from server.database.engine import Database
from server.kernel.ids import EncounterId, new_id
from server.people.service import People
from server.records.rules.note import NoteBody, Part, Participant, VisitFacts
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.service import Notes
from tests.clock import FakeClock
from tests.server.records.village import Diary, add_patient, settle

Save = Callable[[str], Awaitable[None]]


@pytest_asyncio.fixture(loop_scope="session")
async def save(database: Database, clock: FakeClock, tmp_path: Path) -> Save:
    """Save the next version of Odette's note; one patient and one note are there already."""
    vault = await unlock(database, init_key(tmp_path / "keys.json").path, clock)
    village = await settle(database)
    async with database.transaction() as tx:
        patient = await add_patient(tx, vault, village, clock)
    visit, row_ver, doctor = EncounterId(new_id()), 0, village.doctor()
    started = clock() - timedelta(minutes=12)
    facts = VisitFacts(visit, patient, village.gp, 1, True, started, clock(), (Participant(Part.PRACTITIONER, "Dr"),))
    notes = Notes(database, vault, Diary({visit: facts}), People(database, vault, clock), clock)

    async def save(words: str) -> None:
        nonlocal row_ver
        row_ver = await notes.save(doctor, visit, NoteBody(examination=words), row_ver)

    await save("first")
    return save


async def _found(database: Database) -> list[tuple[Kind, str]]:
    verdict = Verdict()
    async with database.reading() as tx:
        await log_store.one_moment(tx)
        await verify_records(tx, verdict)
    return [(finding.kind, finding.where.partition(":")[0]) for finding in verdict.findings]


async def _do(database: Database, *statements: str) -> None:
    async with database.transaction() as tx:
        for statement in statements:
            await tx.execute(text(statement))


async def test_what_the_services_wrote_is_what_the_log_says(database: Database, save: Save) -> None:
    await save("second")
    assert await _found(database) == []


async def test_a_whole_row_that_is_put_back_is_seen(database: Database, save: Save) -> None:
    await _do(database, "CREATE TABLE aside AS SELECT sealed_body, row_ver FROM note")
    await save("second")
    await _do(
        database,
        "UPDATE note SET sealed_body = (SELECT sealed_body FROM aside), row_ver = (SELECT row_ver FROM aside)",
    )
    assert await _found(database) == [(Kind.ROLLED_BACK, "note")]


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        ("DELETE FROM note_version; DELETE FROM note", (Kind.DELETED_ROW, "note")),
        ("UPDATE note SET row_ver = 9", (Kind.UNLOGGED, "note")),
        ("UPDATE note SET sealed_body = BYTES", (Kind.ALTERED_ROW, "note")),
        ("UPDATE patient SET row_ver = 2", (Kind.UNLOGGED, "patient")),
    ],
)
async def test_a_row_that_changed_past_the_log_is_seen(
    database: Database, save: Save, attack: str, found: tuple[Kind, str]
) -> None:
    octets = "x'00'" if database.is_sqlite else "'\\x00'::bytea"
    await _do(database, *attack.replace("BYTES", octets).split("; "))
    assert await _found(database) == [found]


async def test_a_row_that_the_log_never_heard_of_is_seen(sqlite_database: Database, clock: FakeClock) -> None:
    village = await settle(sqlite_database)
    values = f"'{new_id().hex}', '{village.site.hex}', x'00', 'PROV', 1, NULL, '2026-01-01 00:00:00.000000', NULL, 1"
    await _do(
        sqlite_database,
        "INSERT INTO patient (id, site_id, sealed_traits, status, fictitious, code_index, created_at, created_by, "
        f"row_ver) VALUES ({values})",
    )
    assert await _found(sqlite_database) == [(Kind.UNLOGGED, "patient")]


async def test_many_rows_are_read_page_by_page(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, clock: FakeClock, tmp_path: Path
) -> None:
    monkeypatch.setattr("server.audit.store.sealed.PAGE", 2)
    vault = await unlock(sqlite_database, init_key(tmp_path / "keys.json").path, clock)
    village = await settle(sqlite_database)
    async with sqlite_database.transaction() as tx:
        for _ in range(5):
            await add_patient(tx, vault, village, clock)
    assert await _found(sqlite_database) == []


def test_the_sealed_tables_are_found_by_their_columns() -> None:
    names = {table.name for table in sealed_tables()}
    assert {"note", "note_addendum", "observation", "patient", "patient_background", "encounter"} <= names
    assert "follow_up_promise" in names
