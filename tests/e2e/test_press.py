"""« Prendre » without a warm line: seated by the claim itself, and not lost with the claim's answer."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.e2e.screens import WITHIN, CabinScreen, DeskScreen, cabin_screen, desk_screen
from tests.running import Running
from tests.services import ContextFactory

pytestmark = pytest.mark.browser

NOTED = """
globalThis.said = [];
globalThis.heard = [];
globalThis.set = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", ({ data }) => heard.push(JSON.parse(data).type));
  }
  send(frame) { said.push(JSON.parse(frame).type); super.send(frame); }
};
const note = (kind, name, what) => {
  const own = kind.prototype[name];
  kind.prototype[name] = function (...all) { set.push(what(this)); return own.apply(this, all); };
};
note(RTCRtpSender, "setParameters", sender => sender.track?.kind);
note(RTCPeerConnection, "setLocalDescription", () => "description");
"""


async def _waiting(new_context: ContextFactory, origin: str) -> tuple[CabinScreen, DeskScreen]:
    """Odette waits, her card is on the desk, and the pointer is elsewhere."""

    async def noted(**options: object) -> object:
        context = await new_context(**options)
        await context.add_init_script(NOTED)
        return context

    desk = await desk_screen(noted, origin)  # type: ignore[arg-type]
    cabin = await cabin_screen(noted, origin)  # type: ignore[arg-type]
    await cabin.waits("258036", "La tête me tourne le matin.")
    await expect(desk.page.get_by_role("button", name="Prendre Odette Lavergne")).to_be_visible(timeout=WITHIN)
    return cabin, desk


async def _press(desk: DeskScreen) -> None:
    """Press without a pointer that rests on the card before: nothing gets warm."""
    await desk.page.get_by_role("button", name="Prendre Odette Lavergne").evaluate("one => one.click()")


async def _see_each_other(cabin: CabinScreen, desk: DeskScreen) -> None:
    assert await desk.frames() > 0
    assert await cabin.frames() > 0


async def test_a_press_needs_no_ticket_and_the_cabin_sets_its_picture_before_it_answers(
    village: Running, new_context: ContextFactory
) -> None:
    cabin, desk = await _waiting(new_context, village.origin)
    await _press(desk)
    await _see_each_other(cabin, desk)
    assert "join" not in await desk.page.evaluate("said")
    assert await desk.page.evaluate("heard.filter(one => one === 'joined').length") == 1
    # set after the description, the picture's encoder would begin anew, and the first picture come one picture later
    assert await cabin.page.evaluate("set.slice(0, 3)") == ["video", "description", "audio"]
    assert cabin.faults + desk.faults == []


async def test_a_claim_whose_answer_is_lost_is_won_all_the_same(village: Running, new_context: ContextFactory) -> None:
    cabin, desk = await _waiting(new_context, village.origin)

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    await desk.page.route("**/claim", lose)
    await _press(desk)
    await _see_each_other(cabin, desk)
    await expect(desk.page.locator("#workbench[data-phase=live]")).to_be_attached(timeout=WITHIN)
    await desk.press("Raccrocher")
    await cabin.shows("Le médecin termine d’écrire.")


async def test_a_claim_that_is_refused_leaves_the_desk_free_for_the_next_press(
    village: Running, new_context: ContextFactory
) -> None:
    cabin, desk = await _waiting(new_context, village.origin)

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json={"error": {"code": "busy", "message": "Réessayez."}})

    await desk.page.route("**/claim", refuse)
    await _press(desk)
    await expect(desk.page.locator("[data-trouble=refused]")).to_be_visible(timeout=WITHIN)
    await expect(desk.page.locator("#workbench[data-phase=free]")).to_be_attached()
    assert "bye" not in await desk.page.evaluate("said")  # there was no seat to leave
    await desk.page.unroute("**/claim")
    await desk.take("Odette Lavergne")
    await _see_each_other(cabin, desk)
