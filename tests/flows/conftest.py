"""A small village that runs, for the stories told in this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import utc_now
from server.records.seal.start import unlock
from server.village import seed
from tests.running import Running, config_in, running
from tests.services import Postgres

SEED = 2026


async def settle(url: str, key_file: Path, now: datetime) -> None:
    """Write a small village into a fresh database."""
    database = Database(url)
    try:
        await migrate(database)
        vault = await unlock(database, key_file, lambda: now)
        await seed.write(database, vault, SEED, now, others=8)
    finally:
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path) -> AsyncIterator[Running]:
    """The whole product with a village in it, on SQLite."""
    config = config_in(tmp_path)
    assert config.kek_file
    await settle(config.database_url, config.kek_file, utc_now())
    async with running(config) as house:
        yield house


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def village_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/telecabin.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest_asyncio.fixture(loop_scope="session")
async def either_village(village_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The whole product with a village in it, on SQLite and on PostgreSQL."""
    config = config_in(tmp_path, database_url=village_url)
    assert config.kek_file
    await settle(config.database_url, config.kek_file, utc_now())
    async with running(config) as house:
        yield house


__all__ = ["Postgres"]
