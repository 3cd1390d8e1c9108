"""In a real browser: every state of the desk reads well in every theme, fits every size, and loses no word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import BrowserContext, Page, expect

from server.kernel.access import Door
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MeasureName as M
from server.records.rules.measures import Reading
from tests.clinic_ui.cabin.hamlet import PASSWORD, Hamlet
from tests.clinic_ui.desk.desk import hostile_visit, measured, second_doctor
from tests.clinic_ui.readers import faults, faults_in_any_theme
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
NO_DOUBLE_TAP = "new Promise((done) => setTimeout(done, 500))"  # two presses within 400 ms are one, for old hands
SIZES = [(1440, 900), (1100, 800), (1000, 700), (720, 450), (320, 640)]
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclass(frozen=True)
class State:
    """Where the desk stands: its page, its phase, what came before, and the sheets that can open."""

    path: str
    phase: str
    prepare: Callable[[Hamlet], Awaitable[object]] | None = None
    sheets: tuple[str, ...] = ("sheet-alert", "sheet-guest")


async def _in_call(hamlet: Hamlet) -> None:
    await measured(hamlet)
    await hamlet.in_call()


async def _left(hamlet: Hamlet) -> None:
    await hamlet.hung_up()
    await hamlet.clinic.intake.goodbye(hamlet.cabin)


async def _booked(hamlet: Hamlet) -> None:
    await hamlet.open_hours()
    await hamlet.booked_and_gone()


STATES = {
    "nobody": State("/desk", "free"),
    "waiting": State("/desk", "free", hostile_visit),
    "ringing": State("/desk", "ringing", _in_call),
    "ended": State("/desk", "ended", Hamlet.hung_up, ("sheet-alert", "sheet-release")),
    "left": State("/desk", "left", _left),
    "follow-ups": State("/desk/follow-ups", "", Hamlet.signed),
    "booked": State("/desk/follow-ups", "", _booked),
    "agenda": State("/desk/agenda", "", _booked),
}


async def _open(hamlet: Hamlet, context: BrowserContext, path: str = "/desk", token: str = "", **cookies: str) -> Page:
    given = {"tc-desk": token or hamlet.tokens["aubin"], **{f"tc-{name}": value for name, value in cookies.items()}}
    origin = hamlet.running.origin
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in given.items()])
    await context.add_init_script(WATCH)
    page = await context.new_page()
    await page.goto(origin + path)
    await expect(page.locator("#record[inert]")).to_have_count(0)  # a person cannot write there before, a test can
    return page


async def _settled(page: Page, phase: str) -> None:
    if phase:
        await page.locator(f'#workbench[data-phase="{phase}"]').wait_for()


@pytest.mark.parametrize("name", STATES)
async def test_readers_meet_no_fault_in_any_theme_and_nothing_runs_off_the_side(
    hamlet: Hamlet, new_context: ContextFactory, name: str
) -> None:
    state = STATES[name]
    if state.prepare:
        await state.prepare(hamlet)
    context = await new_context(bypass_csp=True, viewport={"width": 1440, "height": 900})
    page = await _open(hamlet, context, state.path)
    await _settled(page, state.phase)
    assert await faults_in_any_theme(page, *(state.sheets if state.phase else ())) == []
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        assert not await page.evaluate(SIDEWAYS), (width, height)
    if state.phase == "ended":
        await page.set_viewport_size({"width": 1440, "height": 900})
        await page.get_by_role("button", name="Relire et signer").click()
        await page.locator("#review [data-complete]").wait_for(state="attached")
        assert await faults(page, "#sheet-sign") == []


@pytest.mark.parametrize("name", ["waiting", "ringing", "ended", "booked"])
async def test_the_policy_is_never_violated(hamlet: Hamlet, new_context: ContextFactory, name: str) -> None:
    state = STATES[name]
    assert state.prepare is not None
    await state.prepare(hamlet)
    page = await _open(hamlet, await new_context(), state.path)
    await _settled(page, state.phase)
    assert await page.evaluate("window.refused") == []


async def test_a_newcomer_appears_without_a_reload_and_one_of_two_doctors_is_told_who_was_faster(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    _who, token = await second_doctor(hamlet)
    first = await _open(hamlet, await new_context())
    second = await _open(hamlet, await new_context(), token=token)
    for page in (first, second):
        await expect(page.get_by_text("Le serveur répond.")).to_be_visible()
    await hamlet.waiting()
    for page in (first, second):
        await page.get_by_role("button", name="Prendre Odette Lavergne").wait_for()
    await second.route("**/desk/queue", lambda route: route.abort())  # its queue is a moment behind
    await first.get_by_role("button", name="Prendre").click()
    await _settled(first, "ringing")
    await second.get_by_role("button", name="Prendre").click()
    await second.get_by_text("Dr Claire Aubin a été plus rapide").wait_for()
    await _settled(second, "free")
    await expect(first.get_by_role("textbox", name="Conclusion")).to_be_visible()


async def test_measures_that_are_taken_during_the_call_come_by_themselves_with_their_score(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await hamlet.in_call()
    page = await _open(hamlet, await new_context(bypass_csp=True))
    await _settled(page, "ringing")
    await expect(page.locator("[data-news2]")).to_have_count(0)
    await expect(page.get_by_text("Le serveur répond.")).to_be_attached()
    values = {M.BREATHING_RATE: 26, M.OXYGEN_SATURATION: 90, M.INHALED_OXYGEN: 2, M.SYSTOLIC: 88, M.HEART_RATE: 132}
    values |= {M.CONSCIOUSNESS: 1, M.TEMPERATURE: 39.2}
    readings = tuple(Reading(name, value) for name, value in values.items())
    await hamlet.clinic.measures.take(hamlet.who["sylvie"], hamlet.odette, readings)
    warning = page.get_by_role("region", name="Score NEWS2", exact=True)
    await expect(warning).to_contain_text("NEWS2 : 19 sur 20, urgence.")
    await warning.get_by_text("D’où viennent ces points").click()
    await expect(warning.get_by_role("row", name="Conscience")).to_contain_text("confusion nouvelle")
    assert await faults(page, "#measures") == []
    await warning.get_by_role("button", name="Alerter le 15").click()
    await expect(page.get_by_role("dialog", name="Alerter le 15")).to_be_visible()


async def test_the_sheet_is_corrected_beside_what_somebody_else_saved_meanwhile(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await hamlet.in_call()
    page = await _open(hamlet, await new_context(bypass_csp=True))
    await _settled(page, "ringing")
    await page.get_by_role("button", name="Corriger la fiche").click()
    sheet = page.get_by_role("dialog", name="À savoir avant les soins")
    assert await faults(page, "#sheet-background") == []
    await sheet.get_by_role("textbox", name="Allergies").fill("iode")
    await sheet.get_by_role("checkbox", name="interrogé, aucun connu").check()
    await hamlet.clinic.background.save(hamlet.who["sylvie"], hamlet.odette, BackgroundBody(("latex",)), 0)
    await sheet.get_by_role("button", name="Enregistrer").click()
    await expect(sheet.locator("[data-theirs=allergies]")).to_contain_text("latex")
    await sheet.get_by_role("textbox", name="Allergies").fill("iode\nlatex")
    await page.evaluate(NO_DOUBLE_TAP)
    await sheet.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_text("Allergie : iode · latex")).to_be_visible()
    kept = (await hamlet.clinic.background.read(hamlet.gp, hamlet.odette)).body
    assert (kept.allergies, kept.conditions, kept.medications) == (("iode", "latex"), (), None)


async def test_the_author_adds_to_a_signed_note_and_strikes_another_with_a_reason(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await hamlet.signed(in_days=None)
    page = await _open(hamlet, await new_context(bypass_csp=True), "/desk/notes")
    assert await faults(page, ".sheetpage") == []
    await page.get_by_text("Saisie par erreur ?").click()
    await page.get_by_role("button", name="Annuler cette note").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await page.get_by_text("Ajouter à cette note").click()
    await page.get_by_role("textbox", name="Ajout").fill("Le genou gauche.")
    await page.get_by_role("button", name="Enregistrer l’ajout").click()
    await expect(page.locator(".quote")).to_contain_text("Le genou gauche.")
    await hamlet.clinic.intake.goodbye(hamlet.cabin)
    await hamlet.signed(in_days=None)
    await page.reload()
    await page.get_by_text("Saisie par erreur ?").click()
    await page.get_by_label("Pourquoi").select_option("wrong-patient")
    await page.get_by_role("button", name="Annuler cette note").click()
    await expect(page.locator("del")).to_have_text("Gonalgie.")


async def test_the_note_saves_itself_and_keeps_every_letter_typed_without_network(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    visit = await hamlet.hung_up()
    context = await new_context()
    page = await _open(hamlet, context)
    state = page.locator("#note-state")
    await page.get_by_role("textbox", name="Examen").fill("Genou sec.")
    await expect(state).to_contain_text("Enregistré à")
    await context.set_offline(True)
    await page.get_by_role("textbox", name="Conclusion").press_sequentially("Gonalgie.")
    await expect(state).to_contain_text("Gardé ici")
    await expect(page.get_by_text("Réseau coupé depuis")).to_be_visible()
    await context.set_offline(False)
    await expect(state).to_contain_text("Enregistré à")
    body = (await hamlet.clinic.notes.draft(hamlet.gp, visit)).body
    assert (body.examination, body.conclusion, body.no_incident) == ("Genou sec.", "Gonalgie.", True)


async def test_two_tabs_that_write_lose_nothing(hamlet: Hamlet, new_context: ContextFactory) -> None:
    visit = await hamlet.hung_up()
    context = await new_context()
    one, other = await _open(hamlet, context), await _open(hamlet, context)
    # The call's log saves itself as a tab opens: it is the save of these words that is waited for.
    async with one.expect_response(lambda said: said.ok and "Dit ici." in (said.request.post_data or "")):
        await one.get_by_role("textbox", name="Conclusion").fill("Dit ici.")
    await other.get_by_role("textbox", name="Conclusion").fill("Dit là.")  # first: a save between the two would be none
    await other.get_by_role("textbox", name="Examen").fill("Vu là.")
    await expect(other.locator("#note-state")).to_contain_text("En attente de votre choix")
    await expect(other.locator(".clash blockquote")).to_have_text("Dit ici.")
    await other.get_by_role("button", name="Mettre les deux").click()
    await expect(other.locator("#note-state")).to_contain_text("Enregistré à")
    body = (await hamlet.clinic.notes.draft(hamlet.gp, visit)).body
    assert (body.examination, body.conclusion) == ("Vu là.", "Dit là.\nDit ici.")


async def test_a_session_that_ends_leaves_the_words_in_the_page(hamlet: Hamlet, new_context: ContextFactory) -> None:
    visit = await hamlet.hung_up()
    page = await _open(hamlet, await new_context())
    await _settled(page, "ended")
    await hamlet.clinic.accounts.sign_out(hamlet.gp)
    await page.get_by_role("textbox", name="Conclusion").fill("Écrit après.")
    await expect(page.get_by_role("link", name="Se connecter")).to_be_visible()
    assert page.url.endswith("/desk")
    signed = await hamlet.clinic.accounts.sign_in("aubin", PASSWORD, Door.DESK, "127.0.0.3")
    cookie = {"name": "tc-desk", "value": signed.token, "url": hamlet.running.origin}
    await page.context.add_cookies([cookie])
    await expect(page.locator("#note-state")).to_contain_text("Enregistré à", timeout=20_000)
    assert (await hamlet.clinic.notes.draft(hamlet.gp, visit)).body.conclusion == "Écrit après."


async def test_the_doctor_signs_and_has_the_queue_again(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.hung_up()
    page = await _open(hamlet, await new_context())
    await page.get_by_role("textbox", name="Conclusion").fill("Gonalgie.")
    await page.get_by_role("textbox", name="Actes et prescriptions").fill("Paracétamol.")
    await page.get_by_text("Me revoir", exact=True).click()
    await page.get_by_label("Quand").select_option("14")
    await page.get_by_role("button", name="Relire et signer").click()
    await page.get_by_role("button", name="Signer et terminer").click()
    await page.get_by_role("heading", name="Note signée à").wait_for()
    await expect(page.get_by_text("Suivi demandé : Me revoir, dans 14 jours")).to_be_visible()
    await _settled(page, "free")
    assert await page.locator("#record").inner_text() == ""
    assert [line.patient_name for line in await hamlet.clinic.follow_ups.due(hamlet.gp)] == ["Odette Lavergne"]


async def test_a_cabin_that_does_not_answer_is_said_so_and_given_back(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await hamlet.in_call()
    context = await new_context()
    page = await _open(hamlet, context, "/desk/agenda")
    await page.clock.install()
    await page.goto(hamlet.running.origin + "/desk")
    await _settled(page, "ringing")
    await page.clock.fast_forward(21_000)
    await page.get_by_text("La cabine ne répond pas.").wait_for()
    await page.get_by_role("button", name="Rendre à la file").click()
    await page.get_by_role("button", name="Oui, rendre").click()
    await page.get_by_role("button", name="Prendre Odette Lavergne").wait_for()
