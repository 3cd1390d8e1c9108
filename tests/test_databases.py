"""The databases of the tests: fresh for each, on SQLite and on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import text

from server.database.engine import Database
from tests.databases import Shelf


async def test_each_test_has_a_fresh_database(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("create table ours_alone (id integer)"))


async def test_what_another_test_made_is_gone(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("create table ours_alone (id integer)"))


async def test_a_trigger_that_a_test_takes_away_is_back_for_the_next(shelf: Shelf) -> None:
    name = await shelf.take()
    database = Database(shelf.postgres.url(name))
    async with database.transaction() as tx:
        await tx.execute(text("alter table audit_event disable trigger all"))
    await database.close()
    await shelf.put_back(name)
    assert name not in shelf.free


async def test_rows_are_gone_and_the_database_serves_again(shelf: Shelf) -> None:
    name = await shelf.take()
    database = Database(shelf.postgres.url(name))
    async with database.transaction() as tx:
        await tx.execute(
            text("insert into closing_day (area, on_day, label, closed) values ('FR', '2026-03-02', 'Un jour', true)")
        )
    await database.close()
    await shelf.put_back(name)
    assert shelf.free[-1] == name
    database = Database(shelf.postgres.url(name))
    async with database.reading() as tx:
        assert await tx.scalar(text("select count(*) from closing_day")) == 0
    await database.close()
