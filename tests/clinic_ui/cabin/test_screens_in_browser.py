"""In a real browser: every screen reads well in every theme, fits every size, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import BrowserContext, Page

from server.encounters.rules import CONSENT_VERSION, Reason, RedFlag
from server.encounters.service import ConsentSaid
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.readers import faults_in_any_theme
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
SHEETS = ("sheet-emergency", "sheet-help", "idle", "sheet-end", "sheet-paper")
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclass(frozen=True)
class Stage:
    """A state of the cabin, and the screens that it has then."""

    screens: tuple[str, ...]
    prepare: Callable[[Hamlet], Awaitable[object]] | None = None


async def _reasoned(hamlet: Hamlet) -> None:
    await hamlet.arrived()
    await hamlet.clinic.intake.say_reason(hamlet.cabin, Reason.PAIN)


async def _alarmed(hamlet: Hamlet) -> None:
    await _reasoned(hamlet)
    await hamlet.clinic.intake.answer_flags(hamlet.cabin, {RedFlag.CHEST_PAIN: True})


async def _refused(hamlet: Hamlet) -> None:
    await hamlet.answered()
    await hamlet.clinic.intake.consent(hamlet.cabin, ConsentSaid(False, CONSENT_VERSION))


async def _called(hamlet: Hamlet) -> None:
    await hamlet.clinic.help_calls.ask(hamlet.cabin)


async def _keeping(hamlet: Hamlet) -> None:
    await hamlet.signed()
    line = await hamlet.clinic.follow_ups.of_visit(hamlet.cabin)
    assert line is not None
    shown = await hamlet.clinic.follow_ups.proposals(hamlet.cabin, line.id)
    await hamlet.clinic.follow_ups.hold(hamlet.cabin, line.id, shown.choices[0].choice)


async def _called_in_vain(hamlet: Hamlet) -> None:
    await _called(hamlet)
    hamlet.clock.advance(minutes=2)


async def _night(hamlet: Hamlet) -> None:
    hamlet.clock.advance(hours=14)


STAGES = {
    "before": Stage(
        (
            "/cabin",
            "/cabin/avec",
            "/cabin/qui",
            "/cabin/qui/code",
            "/cabin/qui/nom",
            "/cabin/urgence",
            "/cabin/aide",
            "/cabin/salle/a-bientot",
            "/cabin/au-revoir",
        ),
        Hamlet.doctor_is_there,
    ),
    "called": Stage(("/cabin", "/cabin/aide"), _called),
    "called in vain": Stage(("/cabin", "/cabin/aide", "/cabin/qui/code"), _called_in_vain),
    "nobody": Stage(("/cabin",)),
    "night": Stage(("/cabin",), _night),
    "arrived": Stage(("/cabin/motif", "/cabin/mon-rendez-vous", "/cabin/rendez-vous"), Hamlet.arrived),
    "reasoned": Stage(("/cabin/motif/mots", "/cabin/signes"), _reasoned),
    "alarmed": Stage(("/cabin/alerte",), _alarmed),
    "answered": Stage(("/cabin/accord",), Hamlet.answered),
    "refused": Stage(("/cabin/en-personne",), _refused),
    "waiting": Stage(("/cabin/salle",), Hamlet.waiting),
    "calling": Stage(("/cabin/salle",), Hamlet.in_call),
    "closing": Stage(("/cabin/salle",), Hamlet.hung_up),
    "keeping": Stage(("/cabin/rendez-vous/garde",), _keeping),
    "signed": Stage(("/cabin/resume", "/cabin/rendez-vous", "/cabin/avis"), Hamlet.signed),
}


async def _ready(hamlet: Hamlet, stage: Stage) -> None:
    await hamlet.open_hours()
    if stage.prepare is not None:
        await stage.prepare(hamlet)


async def _cabin(hamlet: Hamlet, context: BrowserContext) -> Page:
    origin = hamlet.running.origin
    kept = {"tc-cabin": hamlet.tokens["cabin"], "tc-lang": "fr"}
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in kept.items()])
    return await context.new_page()


@pytest.mark.parametrize("name", STAGES)
async def test_readers_meet_no_fault_in_any_theme(hamlet: Hamlet, new_context: ContextFactory, name: str) -> None:
    await _ready(hamlet, STAGES[name])
    page = await _cabin(hamlet, await new_context(bypass_csp=True, viewport={"width": 1280, "height": 800}))
    for path in STAGES[name].screens:
        await page.goto(hamlet.running.origin + path)
        assert (path, await faults_in_any_theme(page, *SHEETS)) == (path, [])


@pytest.mark.parametrize("name", STAGES)
async def test_screens_fit_and_keep_the_policy(hamlet: Hamlet, new_context: ContextFactory, name: str) -> None:
    await _ready(hamlet, STAGES[name])
    context = await new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(WATCH)
    page = await _cabin(hamlet, context)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in STAGES[name].screens:
        await page.goto(hamlet.running.origin + path)
        for width, height in ((1280, 800), (640, 400), (320, 640)):
            await page.set_viewport_size({"width": width, "height": height})
            assert (path, width, await page.evaluate(SIDEWAYS)) == (path, width, False)
        assert await page.evaluate("window.refused") == []
    assert errors == []


async def test_the_mirror_says_that_one_is_seen(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.waiting()
    page = await _cabin(hamlet, await new_context())
    await page.goto(f"{hamlet.running.origin}/cabin/salle")
    await page.get_by_text("On vous voit bien.").wait_for()


async def test_without_a_camera_the_screen_says_what_goes_on(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.waiting()
    context = await new_context(permissions=[])
    await context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    page = await _cabin(hamlet, context)
    await page.goto(f"{hamlet.running.origin}/cabin/salle")
    await page.get_by_text("La caméra est bloquée. Demandez de l’aide.").wait_for()
    assert await page.get_by_role("button", name="Réessayer").is_visible()


async def test_home_becomes_the_waiting_room_when_somebody_is_seated(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    page = await _cabin(hamlet, await new_context())
    async with page.expect_websocket() as socket:
        await page.goto(f"{hamlet.running.origin}/cabin")
    await (await socket.value).wait_for_event("framereceived")
    await hamlet.put_in_queue()
    await page.wait_for_url("**/cabin/salle")


async def test_help_rings_without_leaving_the_screen(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.arrived()
    page = await _cabin(hamlet, await new_context())
    await page.goto(f"{hamlet.running.origin}/cabin/motif")
    await page.get_by_role("button", name="Demander de l’aide").click()
    await page.get_by_role("button", name="Faire venir quelqu’un").click()
    await page.get_by_text("L’accueil est prévenu. Restez ici.").wait_for()
    assert page.url.endswith("/cabin/motif")


async def test_help_that_could_not_be_called_says_so_and_gives_the_number(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    context = await new_context()
    page = await _cabin(hamlet, context)
    await page.goto(f"{hamlet.running.origin}/cabin")
    await context.set_offline(True)
    await page.get_by_role("button", name="Demander de l’aide").click()
    await page.get_by_role("button", name="Faire venir quelqu’un").click()
    sheet = page.get_by_role("dialog", name="Demander de l’aide")
    await sheet.get_by_text("l’accueil n’est pas prévenu").wait_for()
    await sheet.get_by_text("02 99 00 00 01").wait_for()
    assert await hamlet.clinic.help_calls.mine(hamlet.cabin) is None


async def test_the_office_sees_who_calls_and_the_cabin_who_comes(hamlet: Hamlet, new_context: ContextFactory) -> None:
    origin = hamlet.running.origin
    context = await new_context()
    kept = {"tc-office": hamlet.tokens["sylvie"], "tc-lang": "fr"}
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in kept.items()])
    office, cabin = await context.new_page(), await _cabin(hamlet, await new_context())
    async with office.expect_websocket() as socket:
        await office.goto(f"{origin}/office/patients/new")
    await (await socket.value).wait_for_event("framereceived")
    await office.fill("#birth_name", "Kermar")
    await cabin.goto(f"{origin}/cabin/avec")
    await cabin.get_by_role("button", name="Demander de l’aide").click()
    async with cabin.expect_websocket() as line:
        await cabin.get_by_role("button", name="Faire venir quelqu’un").click()
    await (await line.value).wait_for_event("framereceived")
    await office.get_by_text("Cabine de la mairie : on demande de l’aide depuis").wait_for()
    await office.get_by_role("button", name="J’y vais").click()
    await office.get_by_text("Vous y allez.").wait_for()
    assert await office.input_value("#birth_name") == "Kermar"
    await cabin.get_by_text("Sylvie arrive.").wait_for()
    await cabin.get_by_role("button", name="C’est bon, merci").click()
    await office.get_by_text("Vous y allez.").wait_for(state="detached")
    assert await cabin.get_by_text("Sylvie arrive.").count() == 0


async def test_a_lost_network_keeps_the_screen_and_what_was_written(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await _reasoned(hamlet)
    context = await new_context()
    page = await _cabin(hamlet, context)
    await page.goto(f"{hamlet.running.origin}/cabin/motif/mots")
    await page.get_by_label("Vos mots").fill("J’ai mal au genou.")
    await context.set_offline(True)
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_text("L’urgence et l’aide marchent encore.").wait_for()
    assert await page.get_by_label("Vos mots").input_value() == "J’ai mal au genou."
    await context.set_offline(False)
    # the button itself ignores a second touch within 0.7 s
    await page.evaluate("document.querySelector('form[action=\"/cabin/motif/mots\"]').requestSubmit()")
    await page.wait_for_url("**/cabin/signes")


async def test_back_and_reload_never_send_the_code_again(hamlet: Hamlet, new_context: ContextFactory) -> None:
    page = await _cabin(hamlet, await new_context())
    await page.goto(f"{hamlet.running.origin}/cabin/qui/code?pour=medecin&avec=alone")
    await page.get_by_label("Votre code").fill(hamlet.code)
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_text("Odette L.").wait_for()
    await page.reload()
    assert await page.get_by_text("Odette L.").count() == 0
    await page.get_by_role("heading", name="Qui êtes-vous ?").wait_for()


async def test_after_goodbye_back_shows_home_and_nothing_is_stored(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.signed(in_days=None)
    context = await new_context()
    page = await _cabin(hamlet, context)
    await page.goto(f"{hamlet.running.origin}/cabin")
    await page.get_by_role("link", name="Continuer").click()
    await page.get_by_role("button", name="Bien", exact=True).click()
    await page.wait_for_url("**/cabin/au-revoir")
    for _ in range(2):
        await page.go_back()
        assert await page.get_by_text("Buvez de l’eau").count() == 0
    await page.get_by_role("heading", name="Bonjour.").wait_for()
    kept = await page.evaluate("[...Object.keys({...localStorage}), ...Object.keys({...sessionStorage})]")
    assert set(kept) <= {"tc-witness"}  # the cabin's own: a signed count of the log, nothing of anybody
    assert await page.evaluate("caches.keys()") == []
    assert await page.evaluate("indexedDB.databases()") == []
    assert {cookie["name"] for cookie in await context.cookies()} == {"tc-cabin"}
