"""A small village that runs, for the stories told in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio

from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.village import seed
from tests.running import Running, config_in, new_file, running
from tests.services import Postgres

SEED = 2026


async def settle(url: str, key_file: Path, now: datetime) -> None:
    """Write a small village into a fresh database.

    On SQLite it is a copy, key file and all, of the first village that this process wrote on the same day.
    """
    path = new_file(url)
    if path is None:
        return await _write(url, key_file, now)
    first = Path(_kept_of(now.date()).name)
    if new_file(f"sqlite:///{first}/telecabin.db"):
        await _write(f"sqlite:///{first}/telecabin.db", init_key(first / "keys.json").path, now)
    shutil.copy(first / "telecabin.db", path)
    shutil.copy(first / "keys.json", key_file)


@cache
def _kept_of(_day: date) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="telecabin-village-")


async def _write(url: str, key_file: Path, now: datetime) -> None:
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
