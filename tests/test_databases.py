"""The databases of the tests: fresh for each, on SQLite and on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import text

from server.database.engine import Database


async def test_each_test_has_a_fresh_database(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("create table ours_alone (id integer)"))


async def test_what_another_test_made_is_gone(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("create table ours_alone (id integer)"))
