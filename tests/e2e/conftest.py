"""The village and the browser that the stories of whole visits play in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests import components
from tests.flows.conftest import either_village, village, village_url

__all__ = ["either_village", "village", "village_url"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium itself, as a doctor has it."""
    async with components.chromium(components.CALM) as chromium:
        yield chromium
