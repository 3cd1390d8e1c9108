"""The hamlet, and a visitor of its cabin's screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor, hamlet_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Hamlet]:
    """A fresh hamlet, served."""
    async with hamlet_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def screen(hamlet: Hamlet) -> AsyncIterator[Visitor]:
    """The cabin's screen, without scripts."""
    async with visitor_of(hamlet) as visitor:
        yield visitor
