"""A settled village for the tests that look at one: small, on SQLite, made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio

from server.database.engine import Database
from server.people.service import People
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from server.village import seed
from tests.clock import FakeClock
from tests.databases import create_all_tables

NOW = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)  # a Tuesday, half past ten in the village
OTHERS, PAST = 50, 45


@dataclass(frozen=True)
class Settled:
    """A village that nobody writes into any more."""

    database: Database
    vault: PatientVault
    clock: FakeClock
    people: People


async def settled_in(
    database: Database, key_file: Path, now: datetime = NOW, number: int = 1, *, others: int = OTHERS, past: int = PAST
) -> Settled:
    """A small village in this database."""
    clock = FakeClock(now)
    vault = await unlock(database, init_key(key_file).path, clock)
    await seed.write(database, vault, number, now, others=others, past=past, weeks=1)
    return Settled(database, vault, clock, People(database, vault, clock))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settled(service_folder: Path) -> AsyncIterator[Settled]:
    """A small village, for reading."""
    database = Database(f"sqlite:///{service_folder}/village.sqlite")
    await create_all_tables(database)
    try:
        yield await settled_in(database, service_folder / "village-keys.json")
    finally:
        await database.close()
