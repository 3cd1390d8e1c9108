"""In a real browser: a prescription is written by keyboard, answers an allergy, is signed with the note and printed."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from server.records.prescriptions.rules import Moment
from server.records.rules.background import BackgroundBody
from server.records.rules.note import NoteBody
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.desk.test_prescribing import written
from tests.clinic_ui.readers import faults
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PATIENT = 30_000  # ms: the machine may be busy with others
NO_DOUBLE_TAP = "new Promise((done) => setTimeout(done, 500))"  # two presses within 400 ms are one, for old hands
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
window.printed = 0;
window.print = () => { window.printed += 1; };
"""


async def _page(hamlet: Hamlet, new_context: ContextFactory, door: str, token: str, path: str) -> Page:
    context = await new_context()
    context.set_default_timeout(PATIENT)
    origin = hamlet.running.origin
    cookies = {f"tc-{door}": token, "tc-lang": "fr"}
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in cookies.items()])
    await context.add_init_script(WATCH)
    page: Page = await context.new_page()
    await page.goto(origin + path)
    return page


async def test_a_prescription_goes_from_the_keyboard_to_the_cabins_printer(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    sheet = BackgroundBody(allergies=("pénicilline",))
    await hamlet.clinic.background.save(hamlet.who["sylvie"], hamlet.odette, sheet, 0)
    visit = await hamlet.hung_up()
    await hamlet.clinic.notes.save(hamlet.gp, visit, NoteBody(conclusion="Angine.", no_incident=True), 0)
    desk = await _page(hamlet, new_context, "desk", hamlet.tokens["aubin"], "/desk")
    await desk.get_by_role("tab", name="Ordonnance").click()
    form = desk.locator("#prescription")
    await form.get_by_label("Médicament et dosage").fill("Amoxicilline 1 g")
    await desk.keyboard.press("Tab")
    await expect(form.get_by_label("Forme")).to_have_value("comprimé", timeout=PATIENT)
    await form.get_by_label("Dose d’une prise").fill("1 comprimé")
    await desk.keyboard.press("Tab")
    await desk.keyboard.press("Space")  # the first moment: in the morning
    await form.get_by_label("le soir").check()
    await form.get_by_label("Jours").fill("6")
    await expect(form.locator("[data-alerts]")).to_contain_text("Allergie connue : pénicilline", timeout=PATIENT)
    await expect(form.get_by_role("button", name="Signer l’ordonnance seule")).to_be_disabled()
    await form.get_by_label("Pourquoi, malgré cela").fill("Testée négative en 2024.")
    await expect(form.locator(".drug__lack")).to_have_count(0, timeout=PATIENT)
    await expect(form.get_by_role("button", name="Signer l’ordonnance seule")).to_be_enabled(timeout=PATIENT)
    assert await faults(desk) == []
    drawn = await hamlet.clinic.prescriptions.draft(hamlet.gp, visit)
    [line] = drawn.body.lines
    assert (line.drug, line.moments, line.days) == ("Amoxicilline 1 g", (Moment.MORNING, Moment.EVENING), 6)
    await desk.get_by_role("button", name="Relire et signer").click()
    await expect(desk.locator("#review")).to_contain_text("Ordonnance signée avec la consultation.", timeout=PATIENT)
    await desk.get_by_role("button", name="Signer et terminer").click()
    await desk.locator("[data-signed]").wait_for()
    assert await desk.evaluate("window.refused") == []
    await _printed(await _page(hamlet, new_context, "cabin", hamlet.tokens["cabin"], "/cabin/resume"))


async def _printed(cabin: Page) -> None:
    """The patient reads the prescription and prints it."""
    await cabin.get_by_role("link", name="Votre ordonnance").click()
    await cabin.get_by_text("Amoxicilline 1 g").wait_for()
    assert await faults(cabin) == []
    await cabin.evaluate(NO_DOUBLE_TAP)
    await cabin.get_by_role("button", name="Imprimer l’ordonnance").click()
    await cabin.wait_for_load_state("networkidle")
    await expect(cabin.locator("img[data-page]")).to_have_js_property("complete", True, timeout=PATIENT)
    assert await cabin.evaluate(
        "new Promise((done) => { const look = () => (window.printed ? done(true) : setTimeout(look, 50)); look(); })"
    )
    assert await cabin.evaluate("document.querySelector('img[data-page]').naturalWidth > 0")
    assert await cabin.evaluate("window.refused") == []
    await cabin.emulate_media(media="print")
    await expect(cabin.locator("img[data-page]")).to_be_visible()
    await expect(cabin.locator(".told")).to_be_hidden()


async def test_a_signed_one_is_copied_and_replaced(hamlet: Hamlet, new_context: ContextFactory) -> None:
    visit, note_ver, ver = await written(hamlet)
    await hamlet.clinic.closing.sign(hamlet.gp, visit, note_ver, ver)
    desk = await _page(hamlet, new_context, "desk", hamlet.tokens["aubin"], "/desk/notes")
    await desk.get_by_text("Remplacer ou annuler cette ordonnance").click()
    await desk.get_by_role("button", name="Remplacer").click()
    await desk.get_by_role("heading", name="Remplacer une ordonnance").wait_for()
    await desk.get_by_label("Jours").fill("30")
    await expect(desk.locator("#prescription-state")).to_contain_text("Enregistré", timeout=PATIENT)
    await desk.get_by_role("button", name="Signer l’ordonnance seule").click()
    await desk.wait_for_url("**/desk/notes")
    await expect(desk.get_by_text("Annulée", exact=True)).to_be_visible(timeout=PATIENT)
    days = [one.content.body.lines[0].days for one in await hamlet.clinic.prescriptions.mine(hamlet.gp)]
    assert days == [30, 90]

    await hamlet.clinic.intake.goodbye(hamlet.cabin)
    again = await hamlet.waiting()
    await hamlet.clinic.queue.claim(hamlet.gp, again)
    await desk.goto(f"{hamlet.running.origin}/desk")
    await desk.get_by_role("tab", name="Ordonnance").click()
    await desk.get_by_role("button", name="Reprendre celle du").click()
    await expect(desk.get_by_label("Médicament et dosage")).to_have_value("Ramipril 5 mg", timeout=PATIENT)
    await expect(desk.locator("#prescription-state")).to_contain_text("Enregistré", timeout=PATIENT)
    drawn = await hamlet.clinic.prescriptions.draft(hamlet.gp, again)
    assert [line.days for line in drawn.body.lines] == [30]
    assert await desk.evaluate("window.refused") == []
