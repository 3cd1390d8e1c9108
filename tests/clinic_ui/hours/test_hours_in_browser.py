"""The week editor in a real browser: by keyboard alone, no fault for readers in any theme, nothing off the side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.clinic_ui.front_office.village import Village, village_in
from tests.clinic_ui.readers import faults_in_any_theme
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
LONG = 30_000  # ms
_SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


async def _type_hours(page: Page) -> None:
    """Wednesday and Friday, from nine to half past twelve, with nothing but the keyboard."""
    await page.locator("input[name=days][value='2']").focus()
    await page.keyboard.press("Space")
    for key in ("Tab", "Tab", "Space", "Tab", "Tab", "Tab"):
        await page.keyboard.press(key)
    await expect(page.locator("#weekly-start")).to_be_focused(timeout=LONG)
    for text in ("09:00", "12:30"):
        await page.keyboard.press("Control+a")
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.locator("#weekly-end").press("Enter")


async def test_hours_are_added_and_undone_by_keyboard_and_readers_meet_no_fault(
    village: Village, new_context: ContextFactory
) -> None:
    context, origin = await new_context(bypass_csp=True), village.running.origin
    jar = {"tc-coordination": village.tokens["mairie"], "tc-lang": "fr"}
    await context.add_cookies([{"name": key, "value": value, "url": origin} for key, value in jar.items()])
    page = await context.new_page()
    home = f"{origin}/coordination/hours/{village.cabin}"
    await page.goto(home)
    await _type_hours(page)
    await page.wait_for_url(f"{home}?done=1", timeout=LONG)
    days = page.locator(".common__day")
    for place, words in ((2, "09:00 – 12:30"), (4, "09:00 – 12:30"), (3, "fermé")):
        await expect(days.nth(place)).to_contain_text(words, timeout=LONG)
    await expect(page.locator(".look--open")).to_have_count(14, timeout=LONG)
    await page.get_by_role("button", name="Annuler", exact=True).press("Enter")
    await expect(page.locator(".look--open")).to_have_count(0, timeout=LONG)
    await expect(page.get_by_text("annulé", exact=True)).to_be_visible(timeout=LONG)
    await _no_faults(page, village, home)


async def _no_faults(page: Page, village: Village, home: str) -> None:
    """Every page of hours, places and the board, with something on it."""
    await village.open_hours()
    origin, troubles = village.running.origin, []
    pages = ("hours", "closings", "places", "places/site", "board")
    for address in (home, f"{home}/calendar", *(f"{origin}/coordination/{name}" for name in pages)):
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.goto(address)
        troubles += [(address, fault) for fault in await faults_in_any_theme(page, "sheet-alert")]
        await page.set_viewport_size({"width": 320, "height": 640})
        if await page.evaluate(_SIDEWAYS):
            troubles.append((address, "wider than 320"))
    assert troubles == []
