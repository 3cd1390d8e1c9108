"""Databases with all tables, on SQLite and on PostgreSQL: made once as a template, copied for each test."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(postgres: Postgres) -> str:
    """The name of a PostgreSQL database with all tables, to copy from."""
    await postgres.run(f"CREATE DATABASE {TEMPLATE}")
    database = Database(postgres.url(TEMPLATE))
    await create_all_tables(database)
    await database.close()
    return TEMPLATE


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
async def postgres_database(postgres: Postgres, postgres_template: str) -> AsyncIterator[Database]:
    """A fresh PostgreSQL database with all tables."""
    name = await postgres.create(postgres_template)
    database = Database(postgres.url(name))
    try:
        yield database
    finally:
        await database.close()
        await postgres.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database with all tables; the test runs once on SQLite and once on PostgreSQL."""
    chosen: Database = request.getfixturevalue(f"{request.param}_database")
    return chosen
