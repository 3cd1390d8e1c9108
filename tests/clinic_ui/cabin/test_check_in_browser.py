"""A real browser checks a cabin against a real echo and a real coturn: green, then each fault with its sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page

from server.readiness.faults import Fault
from server.readiness.rules import Check, Colour
from tests.clinic_ui.cabin.hamlet import Hamlet, hamlet_in
from tests.clock import FakeClock
from tests.components import Turn, free_port
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
DONE = "[data-verdict]:not([hidden])"
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
"""


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, turn: Turn) -> AsyncIterator[Hamlet]:
    """A hamlet at the true hour, for coturn reads the clock too; its relay is reached by UDP and by TCP."""
    secret = tmp_path / "turn"
    secret.write_text(turn.secret)
    urls = tuple(f"turn:127.0.0.1:{turn.port}?transport={way}" for way in ("udp", "tcp"))
    async with hamlet_in(tmp_path, FakeClock(datetime.now(UTC)), turn_urls=urls, turn_secret_file=secret) as served:
        await served.sign_in_again("cabin")
        yield served


async def _cabin(hamlet: Hamlet, context: BrowserContext) -> Page:
    origin = hamlet.running.origin
    kept = {"tc-cabin": hamlet.tokens["cabin"], "tc-lang": "fr"}
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in kept.items()])
    await context.add_init_script(WATCH)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page failed: {error}"))
    page.on("console", lambda line: print(line.type, line.text))
    return page


async def test_a_good_cabin_is_green(hamlet: Hamlet, new_context: ContextFactory) -> None:
    page = await _cabin(hamlet, await new_context(viewport={"width": 1280, "height": 800}))
    await page.goto(f"{hamlet.running.origin}/cabin/controle")
    await page.get_by_role("button", name="Oui").click()
    await page.locator(DONE).wait_for(timeout=60_000)
    check = await hamlet.clinic.readiness.mine(hamlet.cabin)
    print(check)
    await page.screenshot(path="/tmp/check_green.png")
    assert check and (check.colour, check.fault) == (Colour.GREEN, None)
