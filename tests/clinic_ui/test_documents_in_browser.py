"""In a real browser: a paper shown to the kiosk's camera over a line that is cut, to the doctor's screen and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, Route, expect

from server.kernel.access import Door
from server.records.rules.note import NoteBody
from tests.clinic_ui.cabin.hamlet import ADVICE, Hamlet, hamlet_in
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
WAIT = 30_000  # ms
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Hamlet]:
    """A fresh hamlet, served."""
    async with hamlet_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


async def opened(hamlet: Hamlet, context: BrowserContext, login: str, door: Door, path: str) -> Page:
    origin = hamlet.running.origin
    await context.add_cookies([{"name": f"tc-{door.value}", "value": hamlet.tokens[login], "url": origin}])
    await context.add_init_script(WATCH)
    page = await context.new_page()
    page.set_default_timeout(WAIT)
    await page.goto(origin + path)
    return page


async def blameless(page: Page) -> None:
    """Nothing was refused by the page's policy."""
    assert await page.evaluate("window.refused") == []


class Line:
    """The line between a page and the server: lets some pieces through, then is cut until somebody mends it."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.cut = 0
        self.offsets: list[str] = []

    async def carry(self, route: Route) -> None:
        if route.request.method == "PATCH" and self.left > 0:
            self.left -= 1
            self.offsets.append(route.request.headers.get("upload-offset", ""))
            return await route.continue_()
        self.cut += 1
        await route.abort("connectionfailed")

    async def mend(self, page: Page) -> None:
        await page.unroute_all()
        await page.evaluate("dispatchEvent(new Event('online'))")


async def _show_paper(page: Page) -> Line:
    await (
        page.locator(".controls [commandfor=sheet-paper], [data-state] [commandfor=sheet-paper]")
        .locator("visible=true")
        .first.click()
    )
    sheet = page.locator("#sheet-paper")
    await expect(sheet.get_by_text("Tenez le papier devant la caméra")).to_be_visible(timeout=WAIT)
    await expect(sheet.locator("video")).not_to_have_js_property("videoWidth", 0, timeout=WAIT)
    await blameless(page)
    await sheet.get_by_role("button", name="Prendre la photo").click()
    await expect(sheet.get_by_text("On lit bien le papier ?")).to_be_visible(timeout=WAIT)
    await sheet.get_by_role("button", name="Refaire la photo").click()
    await sheet.get_by_role("button", name="Prendre la photo").click()
    await expect(sheet.locator("img")).to_be_visible(timeout=WAIT)
    line = Line(1)
    await page.route("**/api/uploads/**", line.carry)
    await sheet.get_by_role("button", name="Envoyer au médecin").click()
    await expect(sheet.get_by_text("La photo attend ici et repart toute seule")).to_be_visible(timeout=WAIT)
    await blameless(page)
    return line


async def _see_and_give(desk: Page) -> None:
    tab = desk.locator("#tab-documents")
    await expect(tab.locator(".count")).to_have_text("1", timeout=WAIT)
    await tab.click()
    panel = desk.locator("#panel-documents")
    await panel.locator("button[data-view]").click()
    picture = desk.locator("#sheet-viewer img")
    await expect(picture).not_to_have_js_property("naturalWidth", 0, timeout=WAIT)
    whole = await picture.bounding_box()
    await desk.keyboard.press("+")
    await expect(desk.get_by_text("Affichée à 140 %")).to_be_visible(timeout=WAIT)
    larger = await picture.bounding_box()
    await desk.keyboard.press("0")
    await desk.keyboard.press("r")
    turned = await picture.bounding_box()
    assert whole is not None
    assert larger is not None
    assert turned is not None
    assert larger["width"] > whole["width"] * 1.3
    assert turned["height"] > turned["width"]
    await blameless(desk)
    await desk.keyboard.press("Escape")
    give = panel.get_by_role("button", name="Pour le patient")
    await give.click()
    await expect(give).to_have_attribute("aria-pressed", "true", timeout=WAIT)
    await blameless(desk)


async def test_a_paper_shown_over_a_cut_line_reaches_the_doctor_and_comes_back(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    visit = await hamlet.in_call()
    kiosk_context = await new_context(viewport={"width": 1280, "height": 800})
    kiosk = await opened(hamlet, kiosk_context, "cabin", Door.CABIN, "/cabin/salle")
    line = await _show_paper(kiosk)  # first: one browser has one camera, and a desk beside would hold it small
    desk = await opened(hamlet, await new_context(viewport={"width": 1440, "height": 900}), "aubin", Door.DESK, "/desk")
    await expect(desk.locator("#tab-documents")).to_be_visible(timeout=WAIT)
    assert (await hamlet.clinic.documents.documents.count(hamlet.gp, visit), line.offsets) == (0, ["0"])
    await line.mend(kiosk)
    await expect(kiosk.get_by_text("Le médecin a reçu votre photo.")).to_be_visible(timeout=WAIT)
    await blameless(kiosk)
    await _see_and_give(desk)
    await hamlet.clinic.calls.connected(hamlet.cabin)
    hamlet.clock.advance(minutes=9)
    await hamlet.clinic.calls.hang_up(hamlet.gp, visit)
    body = NoteBody(conclusion="Gonalgie.", none_prescribed=True, no_incident=True, advice=ADVICE)
    await desk.close()  # it keeps the note by itself
    saved = (await hamlet.clinic.notes.draft(hamlet.gp, visit)).row_ver
    version = await hamlet.clinic.notes.save(hamlet.gp, visit, body, saved)
    await hamlet.clinic.closing.sign(hamlet.gp, visit, version)
    await kiosk.wait_for_url("**/cabin/resume", timeout=WAIT)  # it goes there by itself
    await kiosk.get_by_role("button", name="Agrandir : Photo").click()
    await expect(kiosk.locator("#sheet-viewer img")).not_to_have_js_property("naturalWidth", 0, timeout=WAIT)
    await blameless(kiosk)
