"""In a real browser: no fault for readers, nothing off the side, by keyboard from register to queue, live, offline."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import BrowserContext, Page

from server.encounters.help_rules import HelpKind
from server.kernel.access import Role
from tests.clinic_ui.front_office.village import Village
from tests.clinic_ui.readers import faults_in_any_theme
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
SIZES = [(320, "1"), (640, "1"), (640, "1.5"), (1280, "1.5")]
_SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


async def _signed_in(context: BrowserContext, village: Village, **cookies: str) -> Page:
    jar = {
        "tc-office": village.tokens["sylvie"],
        "tc-lang": "fr",
        **{f"tc-{key}": value for key, value in cookies.items()},
    }
    await context.add_cookies(
        [{"name": key, "value": value, "url": village.running.origin} for key, value in jar.items()]
    )
    return await context.new_page()


async def _addresses(village: Village) -> list[str]:
    """Every page, with something on it."""
    promise = await village.promised()
    nurse = village.who["sylvie"]
    found = await village.clinic.follow_ups.proposals(nurse, promise)
    booked = await village.clinic.follow_ups.book(nurse, promise, found.choices[0].choice, "une-cle-de-test")
    encounter = await village.waiting("Yvon")
    other = f"/office/patients/{village.patients['Yvon']}"
    pages = ["", "/background", "/measures", "/queue", "/follow-ups"]
    return [
        "/office", f"/office?on={found.choices[0].on}", "/office/patients", "/office/patients/new", other,
        *(village.odette + page for page in pages), "/office/promises", f"/office/promises/{promise}",
        *(f"/office/appointments/{booked}{page}" for page in ("", "/move", "/cancel")), "/office/promises/x",
        f"/office/visits/{encounter}/out",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", HelpKind)
async def test_readers_meet_no_fault_while_a_cabin_calls(
    village: Village, new_context: ContextFactory, kind: HelpKind
) -> None:
    booth = replace(village.who["sylvie"], role=Role.CABIN, cabin_id=village.cabin)
    await village.clinic.help_calls.ask(booth, kind)
    page = await _signed_in(await new_context(bypass_csp=True, viewport={"width": 1280, "height": 800}), village)
    await page.goto(village.running.origin + "/office/patients")
    assert await faults_in_any_theme(page) == []
    await page.set_viewport_size({"width": 320, "height": 640})
    assert not await page.evaluate(_SIDEWAYS)


async def test_readers_meet_no_fault_in_any_theme_and_nothing_runs_off_the_side(
    village: Village, new_context: ContextFactory
) -> None:
    page = await _signed_in(await new_context(bypass_csp=True), village)
    troubles = []
    for address in await _addresses(village):
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.goto(village.running.origin + address)
        troubles += [(address, fault) for fault in await faults_in_any_theme(page, "sheet-alert")]
        for width, text in SIZES:
            await page.set_viewport_size({"width": width, "height": 640})
            await page.evaluate("text => { document.documentElement.dataset.text = text }", text)
            if await page.evaluate(_SIDEWAYS):
                troubles.append((address, f"wider than {width} at {text}"))
    assert troubles == []


async def test_by_keyboard_alone_from_register_to_queue(village: Village, new_context: ContextFactory) -> None:
    page = await _signed_in(await new_context(viewport={"width": 1280, "height": 800}), village)
    await page.goto(f"{village.running.origin}/office/patients/new")
    await page.locator("#birth_name").focus()
    for text in ("Kermarrec", "Yann", "09/07/1958", "22999"):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Votre code pour la cabine").wait_for()
    await page.get_by_role("link", name="Prendre les mesures").press("Enter")
    await page.locator("#systolic").focus()
    for text in ("132", "84", "72"):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.tagName") == "SELECT":  # another unit, for who wants one
            await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_text("Mesures enregistrées").wait_for()
    await page.get_by_role("status").get_by_role("link", name="Mettre en file").press("Enter")
    await page.locator("#reason").focus()
    await page.keyboard.press("Space")
    for sign in ("chest-pain", "breathless", "stroke", "bleeding"):
        await page.locator(f"#{sign}").focus()
        await page.keyboard.press("Space")
    await page.locator("#consent").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await page.get_by_text("La personne est dans la file.").wait_for()
    assert len(await village.clinic.front_office.line(village.who["sylvie"])) == 1


async def test_a_grave_sign_opens_the_emergency_sheet_with_what_to_say(
    village: Village, new_context: ContextFactory
) -> None:
    page = await _signed_in(await new_context(), village)
    await page.goto(f"{village.running.origin}{village.odette}/queue")
    await page.locator("input[name=stroke][value=yes]").check()
    sheet = page.get_by_role("dialog", name="Alerter le 15")
    assert await sheet.is_visible()
    assert await sheet.get_by_text("02 99 00 00 15").is_visible()
    assert await sheet.get_by_text("Odette Lavergne").is_visible()


async def test_the_day_sheet_moves_by_itself_and_says_when_it_cannot(
    village: Village, new_context: ContextFactory
) -> None:
    context = await new_context()
    page = await _signed_in(context, village)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    async with page.expect_response("**/api/line-ticket"), page.expect_response("**/office/day?*"):
        await page.goto(f"{village.running.origin}/office")
    await village.waiting()
    await page.get_by_text("Attend le médecin").wait_for()
    await context.set_offline(True)
    await page.locator("#away").wait_for()
    await context.set_offline(False)
    await page.locator("#away").wait_for(state="detached")
    assert errors == []


async def test_a_form_without_network_keeps_what_was_typed(village: Village, new_context: ContextFactory) -> None:
    context = await new_context()
    page = await _signed_in(context, village)
    await page.goto(f"{village.running.origin}{village.odette}/measures")
    await page.locator("#systolic").fill("132")
    await context.set_offline(True)
    await page.get_by_role("button", name="Enregistrer les mesures").click()
    await page.get_by_text("Ce que vous avez écrit reste ici").wait_for()
    assert await page.locator("#systolic").input_value() == "132"
    await context.set_offline(False)
    await page.locator("#away").wait_for(state="detached")
    # not by the button: a second touch within 400 ms counts as the first
    await page.evaluate("document.getElementById('systolic').form.requestSubmit()")
    await page.get_by_text("Mesures enregistrées").wait_for()
