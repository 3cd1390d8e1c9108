"""Two pages that may use nothing but the relay see each other over it: UDP, TCP and TLS, and again after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page

from server.kernel.clock import utc_now
from signalling.ice import IceServers
from tests import components
from tests.clock import FakeClock
from tests.relay import Relay, relay_as_shipped
from tests.signalling.test_call_in_browser import House, shows_the_other

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

UFRAG = "connections[0].localDescription.sdp.match(/ice-ufrag:(.*)/)[1].trim()"
SEATS = ("patient", "practitioner")
PAIR = """async () => {
  const stats = [...(await connections.at(-1).getStats()).values()];
  const byId = Object.fromEntries(stats.map((one) => [one.id, one]));
  const transport = stats.find((one) => one.type === "transport");
  const pair = byId[transport.selectedCandidatePairId];
  const [local, remote] = [byId[pair.localCandidateId], byId[pair.remoteCandidateId]];
  const sum = (type, field) => stats.filter((one) => one.type === type).reduce((all, one) => all + one[field], 0);
  return { local: local.candidateType, remote: remote.candidateType, over: local.relayProtocol,
    sent: sum("outbound-rtp", "packetsSent"), received: sum("inbound-rtp", "packetsReceived") };
}"""


class RelayedHouse(House):
    """The house of calls, which tells pages to use the relay alone."""

    def __init__(self, relay: Relay) -> None:
        super().__init__(FakeClock())
        self.relay, self.given = relay, list[str]()
        self.app.router.add_get("/reach/{over}", self.reach)

    async def reach(self, request: web.Request) -> web.Response:
        urls = [self.relay.url(request.match_info["over"])]
        servers = IceServers(utc_now, (), urls, self.relay.secret).for_page(f"page-{len(self.given)}")
        self.given.append(str(servers[0].username))
        policy = {"iceServers": msgspec.to_builtins(servers), "iceTransportPolicy": "relay"}
        return web.json_response(policy)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[RelayedHouse, Browser, str]]:
    """A relay, a house, and a browser that knows the relay's self-made certificate by its pin."""
    with relay_as_shipped(tmp_path_factory.mktemp("relay")) as relay:
        house = RelayedHouse(relay)
        async with (
            TestServer(house.app) as server,
            components.chromium(f"--ignore-certificate-errors-spki-list={relay.pin}") as browser,
        ):
            yield house, browser, str(server.make_url("/room"))


class Caller:
    """One page of a call, and every frame that it sends."""

    def __init__(self, page: Page) -> None:
        self.page, self.sent, self.failed = page, list[str](), list[str]()
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self.sent.append(str(frame))))
        page.on("pageerror", lambda error: self.failed.append(str(error)))

    def candidates(self) -> list[str]:
        """The kinds of all candidates that left this page, by themselves or in a description."""
        return [frame.split(" typ ")[at + 1].split(" ")[0] for frame in self.sent for at in range(frame.count(" typ "))]


Stage = tuple[RelayedHouse, Browser, str]


@asynccontextmanager
async def call_over(stage: Stage, over: str) -> AsyncIterator[list[Caller]]:
    """Two pages that see each other; at the end, nothing but candidates of the relay ever left them."""
    _, browser, url = stage
    callers = []
    for seat in SEATS:
        context = await browser.new_context(permissions=["camera", "microphone"])
        callers.append(Caller(await context.new_page()))
        await callers[-1].page.goto(f"{url}?seat={seat}&over={over}")
    for caller in callers:
        await shows_the_other(caller.page)
    yield callers
    for caller in callers:
        pair = await caller.page.evaluate(PAIR)
        assert (pair["local"], pair["remote"], pair["over"]) == ("relay", "relay", over)
        assert min(pair["sent"], pair["received"]) > 0
        assert set(caller.candidates()) == {"relay"}
        assert await caller.page.evaluate("connections.length") == 1
        assert caller.failed == []
        await caller.page.context.close()


@pytest.mark.parametrize("over", ["udp", "tcp"])
async def test_a_call_goes_over_the_relay_alone(stage: Stage, over: str) -> None:
    async with call_over(stage, over):
        pass


async def test_a_call_over_tls_stays_on_the_relay_after_a_restart_with_fresh_credentials(stage: Stage) -> None:
    house = stage[0]
    async with call_over(stage, "tls") as callers:
        given = len(house.given)
        for caller in callers:
            await caller.page.evaluate(f"globalThis.before = {UFRAG}")
        await callers[0].page.evaluate("globalThis.asking = setInterval(() => signal.send('restart'), 500)")
        await callers[0].page.evaluate(f"soon(() => {UFRAG} !== before)")
        await callers[0].page.evaluate("clearInterval(asking)")
        for caller in callers:
            await caller.page.evaluate(f"soon(() => {UFRAG} !== before)")
            await caller.page.evaluate("soon(() => connections[0].iceConnectionState === 'connected')")
            assert await caller.page.evaluate("nextFrame()") > 0
        assert len(house.given) >= given + 2  # each end asked for credentials of its own before the restart
        assert len(set(house.given)) == len(house.given)
