"""A doctor reads the card of who waits: the line gets warm, and nothing is on it before the press."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.screens import WITHIN, CabinScreen, DeskScreen, Screen, cabin_screen, desk_screen
from tests.running import Running
from tests.services import ContextFactory

pytestmark = pytest.mark.browser

WATCHED = """
globalThis.connections = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) { super(configuration); globalThis.connections.push(this); }
};
"""
ON_THE_LINE = """
async () => {
  const said = {connected: 0, tracks: 0, sent: 0, received: 0};
  for (const one of connections) {
    if (one.connectionState !== "connected") continue;
    said.connected += 1;
    said.tracks += one.getSenders().filter(sender => sender.track).length;
    for (const row of (await one.getStats()).values()) {
      if (row.type === "outbound-rtp") said.sent += row.packetsSent;
      if (row.type === "inbound-rtp") said.received += row.packetsReceived;
    }
  }
  return said;
}
"""
LIVE = "connections.findLast(one => one.connectionState === 'connected')"
UNPLUG = f"""
() => {{
  const track = {LIVE}.getSenders().find(sender => sender.track.kind === "video").track;
  track.stop();
  track.dispatchEvent(new Event("ended"));
}}
"""
PLUGGED = f"""
() => new Promise(done => {{
  const look = () => {{
    const tracks = {LIVE}.getSenders().map(sender => sender.track);
    if (tracks.every(track => track?.readyState === "live")) done();
    else setTimeout(look, 20);
  }};
  look();
}})
"""
OPEN_MICROPHONES = f"""
() => {LIVE}.getSenders().filter(sender => sender.track?.kind === "audio" && sender.track.enabled).length
"""
NOTHING = {"connected": 1, "tracks": 0, "sent": 0, "received": 0}


async def _people(new_context: ContextFactory, origin: str, *doctors: str) -> tuple[CabinScreen, list[DeskScreen]]:
    async def watched(**options: object) -> Any:
        context = await new_context(**options)
        await context.add_init_script(WATCHED)
        return context

    desks = [await desk_screen(watched, origin, login) for login in doctors]
    cabin = await cabin_screen(watched, origin)
    await cabin.waits("258036", "La tête me tourne le matin.")
    for desk in desks:
        await expect(_card(desk)).to_be_visible(timeout=WITHIN)
    return cabin, desks


def _card(desk: DeskScreen) -> Any:
    return desk.page.locator(".queue li", has_text="Odette Lavergne")


async def _warm(desk: DeskScreen) -> None:
    """Rest on the card until the line stands."""
    await _card(desk).hover()
    await expect(desk.page.locator("#workbench[data-warm]:not([data-warm=''])")).to_be_attached(timeout=WITHIN)


async def _line(screen: Screen) -> Any:
    return await screen.page.evaluate(ON_THE_LINE)


async def _settled(screen: Screen, wanted: dict[str, int]) -> None:
    """Wait until the line is like this; a browser says that it stands a moment later at one end."""
    async with asyncio.timeout(WITHIN / 1000):
        while await _line(screen) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_nothing_is_sent_while_a_card_is_read_and_the_press_puts_the_tracks_on_the_same_line(
    village: Running, new_context: ContextFactory
) -> None:
    cabin, (desk,) = await _people(new_context, village.origin, "aubin")
    await _warm(desk)
    await _settled(cabin, NOTHING)
    assert await _line(desk) == NOTHING
    await cabin.shows("Vous êtes le prochain.")  # nobody is announced yet
    stood = await desk.page.evaluate("connections.findIndex(one => one.connectionState === 'connected')")
    await desk.take("Odette Lavergne")
    assert await desk.frames() > 0
    assert await cabin.frames() > 0
    assert await desk.hears()
    assert await cabin.hears()
    assert await desk.page.evaluate("at => connections[at].getSenders().every(sender => sender.track)", stood)
    await _unplugged_and_muted(desk, cabin)
    assert cabin.faults + desk.faults == []


async def _unplugged_and_muted(desk: DeskScreen, cabin: CabinScreen) -> None:
    """A camera that is unplugged is replaced; a muted microphone stays muted when its page is loaded anew."""
    await desk.page.evaluate(UNPLUG)
    await desk.page.evaluate(PLUGGED)
    assert await cabin.frames() > 0
    await cabin.press("Micro : allumé")
    await desk.shows("Le micro de la cabine est éteint.")
    await cabin.page.reload()
    assert await cabin.frames() > 0  # nobody pressed anything
    assert await desk.frames() > 0
    await cabin.shows("Micro : éteint")
    assert await cabin.page.evaluate(OPEN_MICROPHONES) == 0


async def test_another_doctor_wins_the_visit_and_the_warm_line_never_carries_anything(
    village: Running, new_context: ContextFactory
) -> None:
    cabin, (first, other) = await _people(new_context, village.origin, "aubin", "haddad")
    await _warm(first)
    await _settled(cabin, NOTHING)
    async with other.page.expect_response("**/lobby", timeout=WITHIN):
        await _card(other).hover()  # the lobby has one place
    await _settled(cabin, NOTHING)
    warm = "connections.findIndex(one => one.connectionState === 'connected')"
    at_desk, in_cabin = await first.page.evaluate(warm), await cabin.page.evaluate(warm)
    await other.take("Odette Lavergne")
    assert await other.frames() > 0
    assert await cabin.frames() > 0
    await expect(first.page.locator("#workbench[data-warm='']")).to_be_attached(timeout=WITHIN)
    for screen, at in ((first, at_desk), (cabin, in_cabin)):
        state, tracks = await screen.page.evaluate(
            "at => [connections[at].connectionState, connections[at].getSenders().filter(one => one.track).length]", at
        )
        assert (state, tracks) == ("closed", 0)
    assert cabin.faults + first.faults + other.faults == []
