"""In a real browser: the moments of a follow-up stand in full lines, on a wide screen and on a telephone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.readers import faults, faults_in_any_theme
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
WIDE, TELEPHONE = (1280, 900), (390, 844)
NARROW = """() => [...document.querySelectorAll("main .card b, main .card p, main .card h3")]
  .filter((words) => words.getClientRects()[0].width < 150 && words.getBoundingClientRect().height > 60)
  .map((words) => words.textContent)"""


async def _squeezed(page: Page) -> list[str]:
    """Words that stand in a column too narrow for them, and what makes a telephone scroll sideways."""
    found: list[str] = []
    for width, height in (WIDE, TELEPHONE):
        await page.set_viewport_size({"width": width, "height": height})
        found += await page.evaluate(NARROW)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"wider than {width}")
    return found


async def test_free_and_taken_moments_and_none_are_read_in_full(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.signed()
    (line,) = await hamlet.clinic.follow_ups.due(hamlet.gp)
    context = await new_context(bypass_csp=True)
    cookie = {"name": "tc-desk", "value": hamlet.tokens["aubin"], "url": hamlet.running.origin}
    await context.add_cookies([cookie])
    page = await context.new_page()
    where = f"{hamlet.running.origin}/desk/follow-ups/{line.id}/moments"
    await page.goto(where)
    assert await page.get_by_role("button", name="Choisir").count() == 0
    assert await _squeezed(page) == []
    assert await faults(page) == []
    await hamlet.open_hours()
    shown = await hamlet.clinic.follow_ups.proposals(hamlet.gp, line.id)
    await hamlet.take(shown.choices[0].starts_at.isoformat(), hamlet.gp.practitioner_id)
    await page.goto(where)
    assert await page.get_by_role("button", name="Choisir").count() > 0
    assert await page.get_by_role("button", name="Ajouter en plus").count() > 0
    assert await _squeezed(page) == []
    assert await faults_in_any_theme(page) == []
