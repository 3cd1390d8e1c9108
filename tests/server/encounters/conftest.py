"""The village that the tests of visits play in."""

from __future__ import annotations

from pathlib import Path

import pytest_asyncio

from server.database.engine import Database
from tests.clock import FakeClock
from tests.server.encounters.village import Village, settle


@pytest_asyncio.fixture(loop_scope="session")
async def village(database: Database, clock: FakeClock, tmp_path: Path) -> Village:
    """A fresh village, on SQLite and on PostgreSQL."""
    return await settle(database, clock, tmp_path)
