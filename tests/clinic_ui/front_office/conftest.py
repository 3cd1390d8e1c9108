"""The village, and its nurse at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.clinic_ui.front_office.village import Village, Visitor, village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    """A fresh village, served."""
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def sylvie(village: Village) -> AsyncIterator[Visitor]:
    """The nurse of the site, without scripts."""
    async with visitor_of(village, "sylvie") as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="session")
async def nolwenn(village: Village) -> AsyncIterator[Visitor]:
    """The nurse of another site."""
    async with visitor_of(village, "nolwenn") as visitor:
        yield visitor
