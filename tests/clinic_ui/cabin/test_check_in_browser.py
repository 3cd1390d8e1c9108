"""A real browser checks a cabin against a real echo and a real coturn: green; then faults, each with its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, Route

from server.accounts.rules import NewAccount
from server.kernel.access import Door, Role
from server.readiness.faults import Fault
from server.readiness.rules import Check, Colour
from tests.clinic_ui.cabin.hamlet import PASSWORD, Hamlet, hamlet_in
from tests.clock import FakeClock
from tests.components import Turn, free_port
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
DONE = "[data-verdict]:not([hidden])"
WITHIN = 60_000  # ms: a check takes 12 s on a quiet machine
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
"""
NO_LIGHT_NO_MICROPHONE = """
navigator.mediaDevices.getUserMedia = async (wish) => {
  if (wish.audio) throw new DOMException("", "NotFoundError");
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const pen = canvas.getContext("2d");
  setInterval(() => pen.fillRect(0, 0, 640, 360), 50);
  return canvas.captureStream(15);
};
"""
# A quiet room in which the microphone hears the loudspeaker; `window.elsewhere` is a microphone in another room.
A_ROOM = """
{
  const air = new AudioContext();
  const hiss = () => {
    const noise = air.createBufferSource();
    noise.buffer = air.createBuffer(1, air.sampleRate, air.sampleRate);
    noise.buffer.getChannelData(0).forEach((_, at, all) => { all[at] = (Math.random() - 0.5) / 500; });
    noise.loop = true;
    noise.start();
    const microphone = air.createMediaStreamDestination();
    noise.connect(microphone);
    return microphone;
  };
  const [here, elsewhere] = [hiss(), hiss()];
  window.elsewhere = elsewhere.stream;
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode) {
      const out = to.context.createMediaStreamDestination();
      connect.call(this, out);
      connect.call(air.createMediaStreamSource(out.stream), here);
    }
    return connect.call(this, to, ...more);
  };
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    await air.resume();
    return wish.audio ? here.stream.clone() : ask(wish);
  };
}
"""
HEARD_ELSEWHERE = """
import(document.querySelector('script[src*="cabin/check.js"]').src.replace("check.js", "check/sound.js"))
  .then((sound) => sound.heardTone(window.elsewhere, new AbortController().signal))
"""
REFUSED = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));"
LOOK = """customElements.whenDefined('tc-live').then(() =>
    void setTimeout(() => document.querySelector('tc-live.home').refresh()))"""  # it may leave the page: answer before
OF_A_BUSY_MACHINE = {Fault.LINE_UNSTEADY, Fault.LINE_SLOW, Fault.LINE_LATE, Fault.PICTURE_LATE}
STATES = "Object.fromEntries([...document.querySelectorAll('[data-item]')].map((one) => [one.dataset.item, %s]))"


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, turn: Turn) -> AsyncIterator[Hamlet]:
    """A hamlet at the true hour, for coturn reads the clock too; its relay is reached by UDP and by TCP."""
    urls = tuple(f"turn:127.0.0.1:{turn.port}?transport={way}" for way in ("udp", "tcp"))
    async with _hamlet(tmp_path, turn.secret, *urls) as served:
        yield served


def _hamlet(folder: Path, secret: str, *urls: str):  # type: ignore[no-untyped-def]
    (folder / "turn").write_text(secret)
    now = FakeClock(datetime.now(UTC))
    return hamlet_in(folder, now, turn_urls=urls, turn_secret_file=folder / "turn", support_phone="02 99 00 00 10")


async def _opened(hamlet: Hamlet, context: BrowserContext, door: str, login: str) -> Page:
    kept = {f"tc-{door}": hamlet.tokens[login], "tc-lang": "fr"}
    origin = hamlet.running.origin
    await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in kept.items()])
    await context.add_init_script(WATCH)
    page = await context.new_page()
    return page


async def _faults(page: Page) -> list[tuple[str, list[str]]]:
    found = (await Axe().run(page, options=RULES)).response["violations"]
    return [(fault["id"], [node["html"][:120] for node in fault["nodes"]]) for fault in found]


async def _coordinator(hamlet: Hamlet, context: BrowserContext) -> Page:
    accounts = hamlet.clinic.accounts
    async with hamlet.clinic.database.transaction() as tx:
        await accounts.create(tx, NewAccount("mairie", PASSWORD, Role.COORDINATOR, "Mme Kermar"))
    hamlet.tokens["mairie"] = (await accounts.sign_in("mairie", PASSWORD, Door.COORDINATION, "127.0.0.1")).token
    page = await _opened(hamlet, context, "coordination", "mairie")
    async with page.expect_websocket() as socket:
        await page.goto(f"{hamlet.running.origin}/coordination/cabins")
    await (await socket.value).wait_for_event("framereceived")
    return page


async def _answered(hamlet: Hamlet, page: Page) -> Check:
    """Hear the sound, and wait for the verdict."""
    await page.get_by_role("heading", name="Entendez-vous le son ?").wait_for()
    await page.keyboard.press("Enter")  # « Oui » has the focus
    await page.locator(DONE).wait_for(timeout=WITHIN)
    check = await hamlet.clinic.readiness.mine(hamlet.cabin)
    assert check is not None
    return check


async def test_a_good_cabin_is_green_and_the_coordinator_sees_it_at_once(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await hamlet.sign_in_again("cabin")
    watching = await _coordinator(hamlet, await new_context(bypass_csp=True))
    await watching.get_by_text("Jamais vérifiée.").wait_for()
    context = await new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(A_ROOM)
    page = await _opened(hamlet, context, "cabin", "cabin")
    await page.goto(f"{hamlet.running.origin}/cabin")
    await page.get_by_role("button", name="Demander de l’aide").click()
    await page.get_by_role("link", name="Personnel : vérifier la cabine").click()
    check = await _answered(hamlet, page)
    while check.fault in OF_A_BUSY_MACHINE:  # no fault of ours; the test's own time is the limit
        await page.get_by_role("button", name="Recommencer").click()
        check = await _answered(hamlet, page)
    assert (check.colour, check.fault, check.asked) == (Colour.GREEN, None, True), check
    figures = check.figures
    assert (figures.relay_udp, figures.relay_tcp, figures.relay_tls) == (True, True, None)
    assert figures.tone_rise_db
    assert figures.tone_rise_db > 20
    assert figures.noise_db
    assert -80 < figures.noise_db < -50
    assert (await page.evaluate(HEARD_ELSEWHERE))["tone_rise_db"] < 6
    assert figures.first_frame_ms
    assert figures.up_kbps
    assert figures.down_kbps
    assert set((await page.evaluate(STATES % "one.dataset.state")).values()) == {"green"}
    assert await page.locator("[data-item='line'] .checks__mark .ico:visible").count() == 1
    assert await page.evaluate("window.refused") == []
    for width, height in ((1280, 800), (640, 400), (320, 640)):
        await page.set_viewport_size({"width": width, "height": height})
        assert (width, await page.evaluate(SIDEWAYS)) == (width, False)
    await watching.get_by_text("La cabine est prête.").first.wait_for()
    assert await _faults(watching) == []


async def test_a_cabin_on_its_first_screen_checks_itself_and_says_all_that_is_wrong(
    tmp_path: Path, new_context: ContextFactory
) -> None:
    async with _hamlet(tmp_path, "secret", f"turn:127.0.0.1:{free_port()}?transport=tcp") as hamlet:
        await hamlet.sign_in_again("cabin")
        context = await new_context(bypass_csp=True, viewport={"width": 1280, "height": 800})
        await context.add_init_script(NO_LIGHT_NO_MICROPHONE)
        page = await _opened(hamlet, context, "cabin", "cabin")
        await page.goto(f"{hamlet.running.origin}/cabin")
        hamlet.clock.advance(seconds=61)
        await page.evaluate(LOOK)
        await page.wait_for_url("**/cabin/controle?seule=1")
        await page.locator(DONE).wait_for(timeout=WITHIN)
        check = await hamlet.clinic.readiness.mine(hamlet.cabin)
        assert check is not None
        assert (check.colour, check.fault, check.asked) == (Colour.RED, Fault.MICROPHONE_ABSENT, False), check
        await page.get_by_text("Rebranchez le micro ; sinon, appelez le dépannage au 02 99 00 00 10.").wait_for()
        said = await page.evaluate(STATES % "one.querySelector('[data-words]').textContent")
        assert said["light"] == "L’image est noire."
        assert said["microphone"] == "Le micro n’est pas trouvé."
        assert said["relay"] == "Le relais des appels ne répond pas."
        assert said["loudspeaker"] == "Non mesuré"
        for theme in ("light", "contrast"):
            await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            assert (theme, await _faults(page)) == (theme, [])
        await page.get_by_role("link", name="Je viens voir un médecin").click()
        hamlet.clock.advance(seconds=61)
        async with page.expect_response("**/cabin/etat?*") as looked:
            await page.evaluate(LOOK)
        await looked.value
        assert page.url.endswith("/cabin")  # a red cabin waits before it looks again


async def test_refused_busy_and_offline_are_told_apart(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.sign_in_again("cabin")
    context = await new_context(bypass_csp=True)
    await context.add_init_script(REFUSED)
    page = await _opened(hamlet, context, "cabin", "cabin")

    codes = ["busy"]

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json={"error": {"code": codes[-1], "message": "", "fields": {}}})

    await page.route("**/api/cabin/readiness/echo", refuse)
    await page.goto(f"{hamlet.running.origin}/cabin/controle?seule=1")
    await page.get_by_text("D’autres cabines se vérifient. On réessaie dans").wait_for()
    states = await page.evaluate(STATES % "one.dataset.state")
    assert (states["camera"], states["microphone"], states["line"]) == ("red", "red", "runs")
    assert await _faults(page) == []
    codes.append("no-echo")  # a server that cannot: no fault of the cabin's line
    await page.evaluate("document.querySelector('[data-restart]').click()")
    await page.locator("[data-item=line][data-state=amber]").wait_for(state="attached", timeout=WITHIN)
    await page.locator(DONE).wait_for()
    check = await hamlet.clinic.readiness.mine(hamlet.cabin)
    assert check is not None
    assert (check.fault, check.figures.connected) == (Fault.CAMERA_REFUSED, None)
    await context.set_offline(True)
    await page.evaluate("document.querySelector('[data-restart]').click()")
    await page.get_by_role("heading", name="Plus de réseau.").wait_for()
    assert await _faults(page) == []
    await context.set_offline(False)  # it begins again by itself
    await page.get_by_role("heading", name="Plus de réseau.").wait_for(state="hidden")
    await page.unroute_all(behavior="ignoreErrors")


async def test_a_check_gives_way_to_a_visit(hamlet: Hamlet, new_context: ContextFactory) -> None:
    await hamlet.sign_in_again("cabin")
    page = await _opened(hamlet, await new_context(), "cabin", "cabin")
    await page.goto(f"{hamlet.running.origin}/cabin/controle")
    await hamlet.arrived()
    await page.evaluate("document.querySelector('[data-restart]').click()")
    await page.wait_for_url("**/cabin/motif")
