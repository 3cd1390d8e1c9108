"""Real components as fixtures: each starts when first asked for, and stops with the session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, WebError, expect

from tests import components, tools
from tests.components import Postgres, Turn

__all__ = ["Postgres", "Turn"]


@pytest.fixture(scope="session")
def service_folder() -> Iterator[Path]:
    """Where the components of this session keep what they write."""
    with components.service_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def redis_port(service_folder: Path) -> Iterator[int]:
    """The port of a Redis that keeps nothing on disk, for the whole session."""
    with components.redis(service_folder) as port:
        yield port


@pytest.fixture
def redis_url(redis_port: int) -> str:
    """An empty, real Redis."""
    assert components.redis_says(redis_port, "FLUSHALL") == b"+OK\r\n"
    return f"redis://127.0.0.1:{redis_port}/0"


@pytest.fixture(scope="session")
def postgres(service_folder: Path) -> Iterator[Postgres]:
    """A real PostgreSQL cluster of our own, for the whole session."""
    with components.postgres(service_folder) as cluster:
        yield cluster


@pytest_asyncio.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A fresh, empty PostgreSQL database for one test."""
    name = await postgres.create()
    try:
        yield postgres.url(name)
    finally:
        await postgres.drop(name)


@pytest_asyncio.fixture
async def another_postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A second empty database for the same test."""
    name = await postgres.create()
    try:
        yield postgres.url(name)
    finally:
        await postgres.drop(name)


@pytest.fixture(scope="session")
def turn(service_folder: Path) -> Iterator[Turn]:
    """A real coturn that relays on the loopback."""
    with components.turn(service_folder) as relay:
        yield relay


@pytest.fixture
def turn_url(turn: Turn) -> str:
    """The address of a real coturn; its secret is in the fixture `turn`."""
    return turn.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One headless Chromium for the session, with a fake camera and a fake microphone."""
    async with components.chromium(tool=tools.HEADLESS) as chromium:
        yield chromium


ContextFactory = Callable[..., "Any"]
WITHIN = 30_000  # ms in which a page does what is expected: both cores may be busy with other tests
expect.set_options(timeout=WITHIN)
BROWSERS_OWN = "Transition"
"""How Chromium complains of a cross-document transition that the next navigation cut: no page can hear of it."""


@pytest_asyncio.fixture(loop_scope="session")
async def new_context(browser: Browser) -> AsyncIterator[ContextFactory]:
    """`await new_context(**options)`: one person's browser, camera and microphone allowed; no page of it may fail."""
    opened: list[BrowserContext] = []
    failed: list[str] = []

    def note(error: WebError) -> None:  # never raise here: it would end Playwright's driver for all later tests
        ours = error.page is not None and error.page.url != "about:blank"  # where a test's own script runs too
        if ours and not str(error.error).startswith(BROWSERS_OWN):
            failed.append(str(error.error))

    async def open_one(**options: Any) -> BrowserContext:
        options.setdefault("permissions", ["camera", "microphone"])
        options.setdefault("locale", "fr-FR")
        opened.append(await browser.new_context(**options))
        opened[-1].on("weberror", note)
        opened[-1].set_default_timeout(WITHIN)
        return opened[-1]

    try:
        yield open_one
    finally:
        for context in reversed(opened):
            await context.close()
    assert failed == [], "pages failed"


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(new_context: ContextFactory) -> AsyncIterator[ContextFactory]:
    """`await new_page(**options)`: a page in a context of its own."""

    async def open_one(**options: Any) -> Page:
        context: BrowserContext = await new_context(**options)
        return await context.new_page()

    yield open_one


@pytest_asyncio.fixture(loop_scope="session")
async def context(new_context: ContextFactory) -> BrowserContext:
    """One person's browser, with the default options."""
    opened: BrowserContext = await new_context()
    return opened


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    """One page of one person."""
    return await context.new_page()
