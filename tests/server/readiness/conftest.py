"""The clinic that the tests of cabins' checks play in, and its readiness over a true echo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from server.database.engine import Database
from server.echoes import Echoes
from server.readiness.service import Readiness
from signalling.ice import IceServers
from tests.clock import FakeClock
from tests.server.scheduler.clinic import Clinic, open_clinic

TURN = ("turn:127.0.0.1:3478?transport=udp", "turns:127.0.0.1:5349?transport=tcp")


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, tmp_path: Path) -> Clinic:
    """A fresh clinic, on SQLite and on PostgreSQL."""
    return await open_clinic(database, clock, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def readiness(clinic: Clinic) -> AsyncIterator[Readiness]:
    """Its cabins' readiness, with two ways to a relay."""
    ice = IceServers(clinic.clock, (), TURN, "a-secret")
    service = Readiness(clinic.database, clinic.clock, clinic.village.exchange, clinic.village.facts, Echoes(), ice)
    yield service
    await service.close()
