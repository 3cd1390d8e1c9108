"""The audit log: canonical, salted, and never changed."""

import hashlib
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.audit.rules import Action, Entry, canonical, leaf
from server.audit.store import record
from server.database.engine import Database
from tests.clock import FakeClock


def _entry(clock: FakeClock, **changes: object) -> Entry:
    values: dict[str, object] = {
        "id": UUID(int=1),
        "at": clock(),
        "actor": None,
        "role": "gp",
        "action": "note:saved",
        "patient_id": UUID(int=2),
        "record": "note:3",
        "row_ver": 4,
        "ct_sha256": b"\x05" * 32,
        "reason": None,
        "salt": b"\x06" * 16,
    }
    return Entry(**{**values, **changes})  # type: ignore[arg-type]


def test_the_canonical_line_has_one_form(clock: FakeClock) -> None:
    assert canonical(_entry(clock)) == (
        b'{"action":"note:saved","actor":null,"at":"2026-03-02T08:00:00Z",'
        b'"ct_sha256":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=",'
        b'"id":"00000000-0000-0000-0000-000000000001","patient_id":"00000000-0000-0000-0000-000000000002",'
        b'"reason":null,"record":"note:3","role":"gp","row_ver":4,"salt":"BgYGBgYGBgYGBgYGBgYGBg=="}'
    )


def test_the_leaf_is_the_rfc_6962_hash_of_the_line(clock: FakeClock) -> None:
    entry = _entry(clock)
    assert leaf(entry) == hashlib.sha256(b"\x00" + canonical(entry)).digest()


@pytest.mark.parametrize("change", [{"row_ver": 5}, {"salt": b"\x07" * 16}, {"actor": UUID(int=9)}, {"reason": "x"}])
def test_any_change_of_an_entry_changes_its_leaf(clock: FakeClock, change: dict[str, object]) -> None:
    assert leaf(_entry(clock, **change)) != leaf(_entry(clock))


async def test_an_entry_dies_with_its_transaction(database: Database, clock: FakeClock) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what is tested
        async with database.transaction() as tx:
            await record(tx, None, Action.NOTE_SAVED, at=clock())
            raise ZeroDivisionError
    async with database.reading() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM audit_event"))).scalar_one() == 0


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM audit_event",
        "UPDATE audit_event SET action = 'note:read'",
        "UPDATE audit_event SET leaf = salt",
        "UPDATE audit_event SET row_ver = 7",
        "UPDATE audit_event SET actor = id",
    ],
)
async def test_the_database_itself_refuses_to_change_the_log(database: Database, clock: FakeClock, attack: str) -> None:
    async with database.transaction() as tx:
        await record(tx, None, Action.NOTE_SAVED, at=clock(), row_ver=1)
    with pytest.raises(DBAPIError, match="audit log"):
        async with database.transaction() as tx:
            await tx.execute(text(attack))


async def test_the_sequencer_may_number_an_entry_once(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as tx:
        await record(tx, None, Action.NOTE_SAVED, at=clock(), row_ver=1)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE audit_event SET idx = 0 WHERE idx IS NULL"))  # SQLite numbered it at once
    with pytest.raises(DBAPIError, match="audit log"):
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE audit_event SET idx = 1"))


@pytest.mark.postgres
async def test_postgresql_refuses_to_empty_the_log(postgres_database: Database, clock: FakeClock) -> None:
    async with postgres_database.transaction() as tx:
        await record(tx, None, Action.NOTE_SAVED, at=clock())
    with pytest.raises(DBAPIError, match="audit log"):
        async with postgres_database.transaction() as tx:
            await tx.execute(text("TRUNCATE audit_event"))


async def test_sqlite_refuses_to_replace_an_entry(sqlite_database: Database, clock: FakeClock) -> None:
    async with sqlite_database.transaction() as tx:
        await record(tx, None, Action.NOTE_SAVED, at=clock())
    with pytest.raises(DBAPIError, match="audit log"):
        async with sqlite_database.transaction() as tx:
            await tx.execute(text("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event"))
