"""In a real browser: no fault for readers in any theme, no violated policy, light pages, nothing cut off."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page

from clinic_ui.fonts import prepare_font
from clinic_ui.render import PAGES
from tests.clinic_ui.readers import faults_in_any_theme
from tests.clinic_ui.style_pages import STYLES
from tests.clinic_ui.test_fonts import KEPT
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
SHEETS = ("sheet-emergency", "sheet-help", "idle")
SIZES = [(320, 640, "1"), (640, 400, "1"), (640, 400, "1.5"), (1280, 800, "1"), (1280, 800, "1.5")]
"""320 px stands for 400 % zoom already."""
_SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
_WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


async def _open(context: BrowserContext, styles: TestServer, name: str, **cookies: str) -> Page:
    home = str(styles.make_url("/"))
    await context.add_cookies([{"name": f"tc-{key}", "value": value, "url": home} for key, value in cookies.items()])
    page = await context.new_page()
    await page.goto(str(styles.make_url(f"/style/{name}")))
    return page


@pytest.mark.parametrize("name", STYLES)
async def test_readers_meet_no_fault_in_any_theme(styles: TestServer, new_context: ContextFactory, name: str) -> None:
    context = await new_context(bypass_csp=True, viewport={"width": 1280, "height": 800})
    page = await _open(context, styles, name, lang="fr")
    assert await faults_in_any_theme(page, *SHEETS) == []


@pytest.mark.parametrize("name", STYLES)
async def test_the_policy_is_never_violated(styles: TestServer, new_context: ContextFactory, name: str) -> None:
    context = await new_context(locale="fr-FR")
    await context.add_init_script(_WATCH)
    page = await _open(context, styles, name)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.reload()
    await page.wait_for_load_state("networkidle")
    assert await page.evaluate("window.refused") == []
    assert errors == []


@pytest.mark.parametrize("name", STYLES)
async def test_nothing_runs_off_the_side(styles: TestServer, new_context: ContextFactory, name: str) -> None:
    page = await _open(await new_context(), styles, name)
    for width, height, text in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        await page.evaluate("text => { document.documentElement.dataset.text = text }", text)
        assert not await page.evaluate(_SIDEWAYS), (width, text)


@pytest.mark.parametrize(("name", "cold", "warm"), [("home", 60_000, 8_000), ("workbench", 90_000, 12_000)])
async def test_pages_are_light(
    styles: TestServer, new_context: ContextFactory, name: str, cold: int, warm: int
) -> None:
    await prepare_font(styles.app[PAGES].assets, KEPT)
    context = await new_context()
    page = await context.new_page()
    wire = await context.new_cdp_session(page)
    await wire.send("Network.enable")
    loads: list[float] = []
    wire.on("Network.loadingFinished", lambda event: loads.append(event["encodedDataLength"]))
    for limit in (cold, warm):
        loads.clear()
        await page.goto(str(styles.make_url(f"/style/{name}")))
        await page.wait_for_load_state("networkidle")
        assert sum(loads) <= limit


async def test_emergency_opens_without_network_and_without_script(
    styles: TestServer, new_context: ContextFactory
) -> None:
    context = await new_context(java_script_enabled=False, locale="fr-FR")
    page = await _open(context, styles, "home")
    await context.set_offline(True)
    await page.get_by_role("button", name="Urgence").click()
    assert await page.get_by_role("dialog", name="Urgence").is_visible()
    assert await page.get_by_text("2 place de la Mairie").is_visible()


async def test_text_and_contrast_change_at_once_and_stay(styles: TestServer, new_context: ContextFactory) -> None:
    page = await _open(await new_context(locale="fr-FR"), styles, "home")
    await page.get_by_role("button", name="Grand texte").click()
    await page.get_by_role("button", name="Contraste").click()
    root = page.locator("html")
    assert (await root.get_attribute("data-text"), await root.get_attribute("data-theme")) == ("1.25", "contrast")
    await page.reload()
    assert (await root.get_attribute("data-text"), await root.get_attribute("data-theme")) == ("1.25", "contrast")


async def test_an_abandoned_screen_asks_counts_and_leaves(styles: TestServer, new_context: ContextFactory) -> None:
    context = await new_context(locale="fr-FR")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(str(styles.make_url("/style/kiosk")))
    await page.clock.run_for(119_000)
    assert not await page.locator("#idle").is_visible()
    await page.clock.run_for(3_000)
    await page.get_by_role("button", name="Oui, je suis là").click()
    assert not await page.locator("#idle").is_visible()
    await page.clock.run_for(122_000)
    async with page.expect_request("**/cabin/partir") as left:
        await page.clock.run_for(61_000)
    assert "reason=idle" in str((await left.value).post_data)


async def test_the_number_pad_writes_and_erases(styles: TestServer, new_context: ContextFactory) -> None:
    page = await _open(await new_context(locale="fr-FR"), styles, "kiosk")
    for key in ("4", "0", "7"):
        await page.get_by_role("button", name=key, exact=True).click()
    await page.get_by_role("button", name="Effacer le dernier chiffre").click()
    assert await page.locator("#code").input_value() == "40"


async def test_a_nudge_refetches_and_a_lost_network_is_told(styles: TestServer, new_context: ContextFactory) -> None:
    context = await new_context(locale="fr-FR")
    page = await _open(context, styles, "workbench")
    nudge = "document.dispatchEvent(new CustomEvent('nudge', {detail: {line: 'queue'}}))"
    assert await page.get_by_text("Marcel Quéré").is_visible()
    await page.evaluate(nudge)
    await page.locator("tc-live").get_by_role("heading", name="Nouveau").wait_for()
    await context.set_offline(True)
    await page.evaluate(nudge)
    await page.locator("tc-live .stale").get_by_text("On réessaie").wait_for()
    await context.set_offline(False)
    await page.locator("tc-live .stale").wait_for(state="hidden")


async def test_tabs_follow_the_arrows(styles: TestServer, new_context: ContextFactory) -> None:
    page = await _open(await new_context(), styles, "workbench")
    await page.get_by_role("tab", name="Notes").focus()
    await page.keyboard.press("ArrowRight")
    assert await page.get_by_role("tab", name="Ordonnance").get_attribute("aria-selected") == "true"
    assert not await page.locator("#panel-notes").is_visible()
    assert await page.locator("#panel-rx").count() == 1
    await page.keyboard.press("End")
    assert await page.get_by_role("tab", name="Historique").get_attribute("aria-selected") == "true"
