"""The clinic that the tests of follow-ups play in."""

from __future__ import annotations

from pathlib import Path

import pytest_asyncio

from server.database.engine import Database
from tests.clock import FakeClock
from tests.server.scheduler.clinic import Clinic, open_clinic


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, tmp_path: Path) -> Clinic:
    """A fresh clinic, on SQLite and on PostgreSQL."""
    return await open_clinic(database, clock, tmp_path)
