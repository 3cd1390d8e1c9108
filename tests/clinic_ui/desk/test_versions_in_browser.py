"""In a real browser: what a note was before is read again, and taken back without losing what stands there now."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.kernel.ids import EncounterId
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.readers import faults
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PATIENT = 60_000  # ms that a busy machine may take


async def _said(hamlet: Hamlet, visit: EncounterId) -> dict[int, str]:
    """The conclusion of each version, oldest first."""
    versions = hamlet.clinic.notes.versions
    saved = [one.row_ver for one in reversed(await versions.of_visit(hamlet.gp, visit))]
    return {one: (await versions.read(hamlet.gp, visit, one)).body.conclusion for one in saved}


async def test_an_earlier_version_is_read_and_taken_back(hamlet: Hamlet, new_context: ContextFactory) -> None:
    visit = await hamlet.hung_up()
    context = await new_context()
    context.set_default_timeout(PATIENT)
    cookie = {"name": "tc-desk", "value": hamlet.tokens["aubin"], "url": hamlet.running.origin}
    await context.add_cookies([cookie])
    page = await context.new_page()
    await page.goto(f"{hamlet.running.origin}/desk")
    conclusion = page.get_by_role("textbox", name="Conclusion")
    for words in ("Angine.", "Bronchite."):
        async with page.expect_response(lambda answer, words=words: words in (answer.request.post_data or "")):
            await conclusion.fill(words)
    await conclusion.fill("Bronchite aiguë.")  # not saved yet: opening the sheet saves it
    await page.get_by_role("button", name="Versions", exact=True).click()
    hours = page.locator("#versions [data-version]")
    await expect(hours.first).to_be_visible(timeout=PATIENT)
    assert await faults(page, "#sheet-versions") == []
    said = await _said(hamlet, visit)
    first = next(row_ver for row_ver, words in said.items() if words == "Angine.")
    await page.locator(f'#versions [data-version="{first}"]').click()
    await expect(page.locator("#version")).to_contain_text("Angine.", timeout=PATIENT)
    await page.get_by_role("button", name="Reprendre cette version").click()
    await expect(conclusion).to_have_value("Angine.")
    await expect(page.locator("#note-state")).to_contain_text("Enregistré à", timeout=PATIENT)
    assert (await hamlet.clinic.notes.draft(hamlet.gp, visit)).body.conclusion == "Angine."
    assert list((await _said(hamlet, visit)).values())[-3:] == ["Bronchite.", "Bronchite aiguë.", "Angine."]
    answer = await page.request.get(f"{hamlet.running.origin}/desk/versions/none", headers={"Accept": "text/html"})
    assert answer.status == 404
