"""Databases with all tables, on SQLite and on PostgreSQL: made once as a template, copied or emptied for each test."""

from __future__ import annotations

import contextlib
import importlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from server.database.engine import Database
from server.database.rows import Row
from tests.services import Postgres

ROOT = Path(__file__).parent.parent
TEMPLATE = "with_all_tables"


def import_all_tables() -> None:
    """Import every `tables.py` of the server, so that `Row.metadata` knows them all."""
    for path in sorted(ROOT.glob("server/**/tables.py")):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


async def create_all_tables(database: Database) -> None:
    """Create every table and trigger as the models draw them (a house test compares the migrations)."""
    import_all_tables()
    async with database.engine.begin() as line:
        await line.run_sync(Row.metadata.create_all)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_template(service_folder: Path) -> Path:
    """A SQLite file with all tables, to copy from."""
    path = service_folder / "template.sqlite"
    database = Database(f"sqlite:///{path}")
    await create_all_tables(database)
    await database.close()
    return path


EMPTY_ALL = """
SET lock_timeout = '2s';
SET session_replication_role = replica;  -- neither triggers nor foreign keys
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences;
END $$;
"""
DRAWING = """
SELECT md5(string_agg(part, '|' ORDER BY part)) FROM (
    SELECT concat(relname, relkind, relacl) AS part FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(attrelid::regclass, attname, atttypid, attnotnull) FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat(proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS parts
"""


@dataclass
class Shelf:
    """PostgreSQL databases with all tables. One that a test only wrote rows to is emptied, and serves the next."""

    postgres: Postgres
    drawing: str = ""
    free: list[str] = field(default_factory=list)

    async def stock(self) -> None:
        """Make the database that all others are copies of."""
        await self.postgres.run(f"CREATE DATABASE {TEMPLATE}")
        database = Database(self.postgres.url(TEMPLATE))
        await create_all_tables(database)
        await database.close()
        self.drawing = await self._emptied(TEMPLATE)

    async def take(self) -> str:
        """Return the name of an empty one."""
        return self.free.pop() if self.free else await self.postgres.create(TEMPLATE)

    async def put_back(self, name: str) -> None:
        """Take one back; it goes away when its tables are no longer drawn as they were."""
        with contextlib.suppress(asyncpg.PostgresError):
            if await self._emptied(name) == self.drawing:
                return self.free.append(name)
        await self.postgres.drop(name)

    async def _emptied(self, name: str) -> str:
        line = await asyncpg.connect(host="127.0.0.1", port=self.postgres.port, user="telecabin", database=name)
        try:
            await line.execute(EMPTY_ALL)
            return str(await line.fetchval(DRAWING))
        finally:
            await line.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shelf(postgres: Postgres) -> Shelf:
    """Where the PostgreSQL databases of the tests stand."""
    shelf = Shelf(postgres)
    await shelf.stock()
    return shelf


@pytest_asyncio.fixture(loop_scope="session")
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh SQLite database with all tables."""
    path = tmp_path / "telecabin.sqlite"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_database(shelf: Shelf) -> AsyncIterator[Database]:
    """A fresh PostgreSQL database with all tables."""
    name = await shelf.take()
    database = Database(shelf.postgres.url(name))
    try:
        yield database
    finally:
        await database.close()
        await shelf.put_back(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database with all tables; the test runs once on SQLite and once on PostgreSQL."""
    chosen: Database = request.getfixturevalue(f"{request.param}_database")
    return chosen
