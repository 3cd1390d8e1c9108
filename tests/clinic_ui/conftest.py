"""A served set of style pages, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from aiohttp.test_utils import TestServer

from tests.clinic_ui.style_pages import style_server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def styles() -> AsyncIterator[TestServer]:
    """The style pages, on a port of the loopback."""
    async with style_server() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(styles: TestServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps no cookies and unpacks nothing."""
    async with aiohttp.ClientSession(
        base_url=styles.make_url("/"), auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session
