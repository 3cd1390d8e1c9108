"""The hamlet, and a doctor at a desk of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.clinic_ui.cabin.hamlet import Hamlet, hamlet_in
from tests.clinic_ui.desk.desk import Desk, desk_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Hamlet]:
    """A fresh hamlet, served."""
    async with hamlet_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def desk(hamlet: Hamlet) -> AsyncIterator[Desk]:
    """Dr Aubin's desk."""
    async with desk_of(hamlet, hamlet.tokens["aubin"]) as signed_in:
        yield signed_in
