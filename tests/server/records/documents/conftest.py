"""The papers of documents of the test's village."""

from __future__ import annotations

import pytest

from server.database.engine import Database
from server.people.service import People
from server.records.documents.ground import Ground
from server.records.documents.shelf import Shelf
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock
from tests.server.records.village import Diary


@pytest.fixture
def ground(database: Database, vault: PatientVault, diary: Diary, people: People, clock: FakeClock) -> Ground:
    """What documents stand on."""
    return Ground(database, vault, diary, people, clock)


@pytest.fixture
def papers(ground: Ground) -> Shelf:
    """Documents and uploads, without a scanner."""
    return Shelf.on(ground)
