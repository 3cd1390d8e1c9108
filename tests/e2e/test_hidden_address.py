"""A doctor hides their network address: the call goes over the relay, and no other candidate leaves their page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, expect

from server.kernel.clock import utc_now
from tests.e2e.screens import WITHIN, cabin_screen, desk_screen
from tests.e2e.test_third_seat import guest_screen, invite
from tests.flows.conftest import settle
from tests.relay import relay_as_shipped
from tests.running import Running, config_in, running
from tests.services import ContextFactory

pytestmark = pytest.mark.browser

REMEMBER = """
globalThis.connections = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) { super(configuration); globalThis.connections.push(this); }
};
"""
LOCALS = """async () => {
  const kinds = [];
  for (const one of connections.filter((one) => one.connectionState === "connected")) {
    const stats = [...(await one.getStats()).values()];
    const { selectedCandidatePairId } = stats.find((row) => row.type === "transport");
    const { localCandidateId } = stats.find((row) => row.id === selectedCandidatePairId);
    kinds.push(stats.find((row) => row.id === localCandidateId).candidateType);
  }
  return kinds;
}"""
LOCAL = """async () => {
  const live = connections.find((one) => one.connectionState === "connected");
  const stats = [...(await live.getStats()).values()];
  const { selectedCandidatePairId } = stats.find((one) => one.type === "transport");
  const { localCandidateId } = stats.find((one) => one.id === selectedCandidatePairId);
  return stats.find((one) => one.id === localCandidateId).candidateType;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def relayed_village(tmp_path: Path) -> AsyncIterator[Running]:
    """The whole product, with a relay."""
    with relay_as_shipped(tmp_path) as relay:
        secret = tmp_path / "turn"
        secret.write_text(relay.secret)
        config = config_in(tmp_path, turn_urls=(relay.url("udp"),), turn_secret_file=secret)
        assert config.kek_file
        await settle(config.database_url, config.kek_file, utc_now())
        async with running(config) as house:
            yield house


async def test_what_a_doctor_hides_stays_hidden_in_the_lobby_and_in_the_call(
    relayed_village: Running, new_context: ContextFactory
) -> None:
    async def window(**options: object) -> BrowserContext:
        context: BrowserContext = await new_context(**options)
        await context.add_init_script(REMEMBER)
        return context

    desk = await desk_screen(window, relayed_village.origin)
    sent: list[str] = []
    desk.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    await desk.page.goto("/desk/settings")
    await desk.page.get_by_label("Cacher mon adresse réseau").check()
    await desk.press("Enregistrer")
    await desk.shows("C’est enregistré.")
    await desk.page.goto("/desk")

    cabin = await cabin_screen(window, relayed_village.origin)
    await cabin.waits("258036", "La tête me tourne.")
    await desk.take("Odette Lavergne")
    assert await desk.frames() > 0
    assert await cabin.frames() > 0
    assert await desk.page.evaluate(LOCAL) == "relay"
    guest = await guest_screen(window, relayed_village.origin, await invite(desk))
    await cabin.press("Oui, d’accord")
    await expect(guest.page.get_by_text("vous entend")).to_have_count(2, timeout=WITHIN)
    assert await desk.page.evaluate(LOCALS) == ["relay", "relay"]  # the line to a third person too
    candidates = [frame for frame in sent if " typ " in frame]
    assert candidates
    for kind in ("host", "srflx", "prflx"):
        assert not any(f" typ {kind}" in frame for frame in candidates)
    assert desk.faults + cabin.faults + guest.faults == []
