"""A cabin with a touch screen and no keyboard: letters stand below the field that a finger touches."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from server.encounters.rules import Reason
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.readers import faults_in_any_theme
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NAME, WORDS = "/cabin/qui/nom", "/cabin/motif/mots"
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
EDGE = "document.querySelector('{}').getBoundingClientRect().{}"
COVERED = f"{EDGE.format('.keys', 'bottom')} > {EDGE.format('.foot', 'top')}"
SMALL = "[...document.querySelectorAll('.keys button')].filter(key => key.offsetParent && key.offsetHeight < 48).length"


async def _touch(hamlet: Hamlet, new_context: ContextFactory, path: str, locale: str = "fr") -> Page:
    origin = hamlet.running.origin
    context = await new_context(has_touch=True, bypass_csp=True, viewport={"width": 1280, "height": 800})
    kept = {"tc-cabin": hamlet.tokens["cabin"], "tc-lang": locale}
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in kept.items()])
    page = await context.new_page()
    await page.goto(origin + path)
    return page


async def _reasoned(hamlet: Hamlet) -> None:
    await hamlet.arrived()
    await hamlet.clinic.intake.say_reason(hamlet.cabin, Reason.PAIN)


async def _type(page: Page, *keys: str) -> None:
    for key in keys:
        await page.locator(".keys").get_by_role("button", name=key, exact=True).tap()


async def test_a_name_is_written_with_a_finger(hamlet: Hamlet, new_context: ContextFactory) -> None:
    page = await _touch(hamlet, new_context, NAME)
    name, keys = page.locator("#name"), page.locator(".keys")
    await expect(keys).to_have_count(0)
    await name.tap()
    await expect(keys).to_be_visible()
    assert await name.get_attribute("inputmode") == "none"  # the device shows no keyboard of its own
    await _type(page, *"Belle", "-", *"Île", "x", "Effacer la dernière lettre")
    assert await name.input_value() == "Belle-Île"
    assert await page.evaluate("document.activeElement.id") == "name"
    await _type(page, "Maj", "S", "Lettres ou chiffres", *"45")
    assert await name.input_value() == "Belle-ÎleS45"
    await name.evaluate("one => one.setSelectionRange(0, 5)")
    await page.locator("#year").tap()
    await _type(page, *"19456")
    assert await page.locator("#year").input_value() == "1945"  # as long as the field is
    await name.tap()
    await expect(keys.get_by_role("button", name="Fermer")).to_be_visible()
    await _type(page, "Fermer")
    await expect(keys).to_have_count(0)


async def test_a_real_key_sends_the_letters_away_and_a_mouse_does_not_call_them(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    page = await _touch(hamlet, new_context, NAME)
    name, keys = page.locator("#name"), page.locator(".keys")
    await name.click()
    await expect(keys).to_have_count(0)
    await name.tap()
    await _type(page, "L")
    await page.keyboard.press("e")
    await expect(keys).to_have_count(0)
    assert await name.input_value() == "Le"


async def test_own_words_begin_with_a_capital_and_are_kept(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await _reasoned(hamlet)
    page = await _touch(hamlet, new_context, WORDS, "en")
    await page.locator("#said").tap()
    await _type(page, *"It", "Space", *"hu", "Letters or digits", ".", "Space", "Letters or digits", *"So")
    assert await page.locator("#said").input_value() == "It hu. So"
    first = await page.locator(".keys [data-letter]").first.inner_text()
    assert first.lower() == "q"


@pytest.mark.parametrize("path", [NAME, WORDS])
async def test_the_letters_read_well_and_fit(hamlet: Hamlet, new_context: ContextFactory, path: str) -> None:
    if path == WORDS:
        await _reasoned(hamlet)
    page = await _touch(hamlet, new_context, path)
    await page.locator("[data-keyboard]").first.tap()
    await expect(page.locator(".keys")).to_be_visible()
    assert await page.evaluate(COVERED) is False
    assert await faults_in_any_theme(page) == []
    for width, height in ((1280, 800), (640, 400), (320, 640)):
        await page.set_viewport_size({"width": width, "height": height})
        assert (width, await page.evaluate(SIDEWAYS), await page.evaluate(SMALL)) == (width, False, 0)
