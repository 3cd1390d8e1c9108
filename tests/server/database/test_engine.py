"""Transactions keep their promises on both databases."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.database.engine import Database
from server.database.migrate import migrate, newest, refuse_other_schema
from server.kernel.errors import ConfigError, NotFound
from server.kernel.ids import CabinId, new_id
from server.people import store


async def _count_to(database: Database, times: int) -> int:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE counter (n INTEGER)"))
        await tx.execute(text("INSERT INTO counter VALUES (0)"))

    async def one_more() -> None:
        async with database.transaction() as tx:
            query = "SELECT n FROM counter" + ("" if database.is_sqlite else " FOR UPDATE")
            n = (await tx.execute(text(query))).scalar_one()
            await tx.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    await asyncio.gather(*(one_more() for _ in range(times)))
    async with database.reading() as tx:
        return int((await tx.execute(text("SELECT n FROM counter"))).scalar_one())


async def test_a_hundred_simultaneous_read_modify_writes_lose_nothing(database: Database) -> None:
    assert await _count_to(database, 100) == 100


async def test_a_failed_transaction_leaves_no_trace(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE kept (n INTEGER)"))
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what is tested
        async with database.transaction() as tx:
            await tx.execute(text("INSERT INTO kept VALUES (1)"))
            raise ZeroDivisionError
    async with database.reading() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 0


async def test_sqlite_runs_with_the_measured_settings(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as tx:
        found = {name: (await tx.execute(text(f"PRAGMA {name}"))).scalar_one() for name in _WANTED}
    assert found == _WANTED


_WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0}


async def test_a_sqlite_reader_cannot_write(sqlite_database: Database) -> None:
    async with sqlite_database.reading() as tx:
        with pytest.raises(OperationalError, match="readonly"):
            await tx.execute(text("CREATE TABLE nope (n INTEGER)"))


async def test_what_is_not_there_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.reading() as tx:
            await store.cabin(tx, CabinId(new_id()))


async def test_an_unknown_database_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="mysql"):
        Database("mysql://localhost/telecabin")


async def test_a_database_without_schema_stops_the_start_until_it_is_migrated(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/fresh.db")
    try:
        with pytest.raises(ConfigError, match="telecabin migrate"):
            await refuse_other_schema(database)
        await migrate(database)
        await refuse_other_schema(database)
    finally:
        await database.close()
    assert newest()
