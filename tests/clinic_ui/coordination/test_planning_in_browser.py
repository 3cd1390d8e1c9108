"""The plan in a real browser: it shows itself when it is made, readers meet no fault, small screens hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from server.records.rules.note import FollowUpWish, Modality
from tests.clinic_ui.front_office.village import Village, village_in
from tests.clinic_ui.readers import faults_in_any_theme
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
LONG = 60_000  # ms: a child process starts in between, on a machine that may be busy
_SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        served.clinic.planning.seconds = 1.0
        yield served


async def test_a_plan_shows_itself_when_it_is_made_and_its_line_is_booked(
    village: Village, new_context: ContextFactory
) -> None:
    await village.promised(wish=FollowUpWish(7, Modality.REMOTE, True, "Contrôle de la tension"))
    context, origin = await new_context(bypass_csp=True), village.running.origin
    jar = {"tc-coordination": village.tokens["mairie"], "tc-office": village.tokens["sylvie"], "tc-lang": "fr"}
    await context.add_cookies([{"name": key, "value": value, "url": origin} for key, value in jar.items()])
    page = await context.new_page()
    await page.goto(f"{origin}/coordination/planning")
    await page.get_by_role("button", name="Préparer un plan").press("Enter")
    await expect(page.get_by_role("heading", name="Ce que le plan apporte")).to_be_visible(timeout=LONG)
    troubles = await _troubles(page, "plan")
    await page.goto(f"{origin}/office/plan")
    troubles += await _troubles(page, "lines")
    assert troubles == []
    await page.get_by_role("button", name="Réserver : Odette Lavergne").press("Enter")
    await expect(page.get_by_text("C’est réservé.")).to_be_visible(timeout=LONG)


async def _troubles(page: Page, name: str) -> list[str]:
    """What readers would stumble on in any theme, and whether a small screen scrolls sideways."""
    found = [f"{name}: {fault}" for fault in await faults_in_any_theme(page, "sheet-alert")]
    await page.set_viewport_size({"width": 320, "height": 640})
    if await page.evaluate(_SIDEWAYS):
        found.append(f"{name}: wider than 320")
    await page.set_viewport_size({"width": 1280, "height": 800})
    return found
