"""Two pages in a real Chromium with fake cameras see each other, and again after whatever happens to them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

import clinic_ui
from signalling.bus import LocalBus
from signalling.cloakroom import Cloakroom
from signalling.gateway import Gateway
from signalling.ladder import table
from signalling.protocol import Seat
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass, SeatPass, TicketOffice
from tests.clock import FakeClock
from tests.line import Line

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

JS = Path(clinic_ui.__file__).parent / "static" / "js"
ROOM = (
    "<!doctype html><title>room</title><video autoplay muted playsinline></video>"
    f"<script type=application/json id=ladder>{json.dumps(table())}</script>"
    "<script type=module src=/room.js></script>"
)
CSP = (
    "default-src 'none'; script-src 'self'; media-src 'self' blob:; connect-src 'self' ws://127.0.0.1:*; "
    "base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types telecabin"
)

OpenSeat = Callable[[Seat], Awaitable[Page]]


class House:
    """A server with the real gateway and a page that does nothing but call."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.line_tickets = 0
        self.start()
        self.app = web.Application()
        self.app.router.add_get("/signal", self.signal)
        self.app.router.add_get("/room", self.room)
        self.app.router.add_get("/room.js", self.script)
        self.app.router.add_static("/js", JS)
        self.app.router.add_post("/line-ticket", self.line_ticket)
        self.app.router.add_post("/seat-ticket/{seat}", self.seat_ticket)

    def start(self) -> None:
        """Begin anew, and know nothing of anybody: a server that was started again."""
        bus = LocalBus()
        self.switchboard, self.tickets = Switchboard(bus), TicketOffice(bus, self.clock)
        self.gateway = Gateway(self.switchboard, self.tickets, Cloakroom(bus, self.switchboard))

    async def signal(self, request: web.Request) -> web.WebSocketResponse:
        return await self.gateway.open_socket(request)

    async def room(self, _: web.Request) -> web.Response:
        return web.Response(text=ROOM, content_type="text/html", headers={"Content-Security-Policy": CSP})

    async def script(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("room.js"))

    async def line_ticket(self, _: web.Request) -> web.Response:
        self.line_tickets += 1
        return web.Response(text=await self.tickets.issue(LinePass(("queue",), "account")))

    async def seat_ticket(self, request: web.Request) -> web.Response:
        seat = Seat(request.match_info["seat"])
        return web.Response(text=await self.tickets.issue(SeatPass("call-1", seat, "account")))


@pytest_asyncio.fixture(loop_scope="session")
async def house(clock: FakeClock) -> AsyncIterator[House]:
    house = House(clock)
    async with TestServer(house.app) as server:
        house.url = str(server.make_url("/room"))  # type: ignore[attr-defined]
        yield house


@asynccontextmanager
async def couple(
    house: House, new_page: Callable[..., Awaitable[Page]], line: Line | None = None
) -> AsyncIterator[tuple[Page, Page]]:
    """A cabin and a practitioner who see each other, over a line of ours if there is one."""
    opened = []
    for seat in (Seat.PATIENT, Seat.PRACTITIONER):
        page = await new_page()
        page.on("console", lambda line: print(line.type, line.text))
        if line is not None:
            await line.put_between(page, seat)
        await page.goto(f"{house.url}?seat={seat}")  # type: ignore[attr-defined]
        opened.append(page)
    for page in opened:
        await shows_the_other(page)
    yield opened[0], opened[1]
    for page in opened:
        await page.close()


@pytest_asyncio.fixture(loop_scope="session")
async def pages(house: House, new_page: Callable[..., Awaitable[Page]]) -> AsyncIterator[tuple[Page, Page]]:
    """A cabin and a practitioner who see each other."""
    async with couple(house, new_page) as opened:
        yield opened


async def shows_the_other(page: Page) -> None:
    await page.evaluate("ready")
    assert await page.evaluate("until('live')")
    assert await page.evaluate("nextFrame()") > 0


async def heard(page: Page, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await page.evaluate(f"heard.filter((one) => one.type === '{kind}')")
    return found


async def test_both_see_each_other_on_one_voice_first_connection(pages: tuple[Page, Page]) -> None:
    for page in pages:
        assert await page.evaluate("connections.length") == 1
        sdp = await page.evaluate("connections[0].remoteDescription.sdp")
        asked = next(line for line in sdp.splitlines() if line.startswith("a=fmtp:") and "useinbandfec" in line)
        assert {"useinbandfec=1", "usedtx=0", "stereo=0"} <= set(asked.split(" ")[1].split(";"))
        await page.evaluate("soon(() => encodings().audio.networkPriority === 'high')")  # set after the answer
        await page.evaluate("soon(() => encodings().video.networkPriority === 'very-low')")
        senders = await page.evaluate("encodings()")
        assert senders["video"]["maxBitrate"] == 250_000
        assert senders["video"]["scaleResolutionDownBy"] == pytest.approx(480 / 360)
        assert await heard(page, "silence") == []


async def test_who_has_no_camera_is_heard_and_is_seen_when_one_is_plugged_in(
    house: House, new_page: Callable[..., Awaitable[Page]]
) -> None:
    cabin, doctor = await new_page(), await new_page()
    await cabin.goto(f"{house.url}?seat=patient&blind")  # type: ignore[attr-defined]
    await doctor.goto(f"{house.url}?seat=practitioner")  # type: ignore[attr-defined]
    await shows_the_other(cabin)
    await doctor.evaluate("soon(() => document.querySelector('video').currentTime > 0.5)")  # the voice plays
    assert await doctor.evaluate("document.querySelector('video').videoWidth") == 0
    await cabin.evaluate("film().then((stream) => call.setStream(stream))")
    assert await doctor.evaluate("nextFrame()") > 0


@pytest.mark.parametrize("reloaded", [0, 1])
async def test_a_page_that_is_reloaded_comes_back_into_the_call(pages: tuple[Page, Page], reloaded: int) -> None:
    other = pages[1 - reloaded]
    await pages[reloaded].reload()
    await shows_the_other(pages[reloaded])
    assert await other.evaluate("until('remote-track', 4)")  # voice and picture, of two connections
    assert await other.evaluate("nextFrame()") > 0
    assert await other.evaluate("until('peer-left')")
    assert await heard(other, "ended") == []


@pytest.mark.parametrize("who", [0, 1])
async def test_a_lost_socket_resumes_without_a_request_and_nothing_said_is_lost_or_doubled(
    pages: tuple[Page, Page], house: House, who: int
) -> None:
    asked, other = house.line_tickets, pages[1 - who]
    say = """(first) => { for (let n = first; n < first + 8; n++)
        signal.send('candidate', {candidate: '', mid: `test-${n}`}) }"""
    for page in pages:
        await page.evaluate("heard.length = 0")
    await other.evaluate(say, 0)
    await pages[who].evaluate(f"sockets.at(-1).close(); ({say})(0)")
    await other.evaluate(say, 8)
    assert await pages[who].evaluate("until('open', 1, {again: true, resumed: true})")
    for page, count in ((pages[who], 16), (other, 8)):
        assert await page.evaluate(f"until('candidate', {count})")
        assert [one["mid"] for one in await heard(page, "candidate")] == [f"test-{n}" for n in range(count)]
        assert await heard(page, "joined") == await heard(page, "peer-left") == await heard(page, "peer-joined") == []
        assert await page.evaluate("nextFrame()") > 0
        assert await page.evaluate("connections.length") == 1
    assert house.line_tickets == asked


async def test_the_address_behind_a_relayed_or_reflexive_one_never_leaves_the_page(pages: tuple[Page, Page]) -> None:
    cabin, doctor = pages
    told = "candidate:1 1 udp 1 203.0.113.1 5 typ {} raddr 198.51.100.7 rport 4711 generation 0"
    for kind in ("srflx", "relay"):
        found = {"candidate": told.format(kind), "sdpMid": f"test-{kind}"}
        await doctor.evaluate("(candidate) => connections[0].onicecandidate({ candidate })", found)
        assert await cabin.evaluate(f"until('candidate', 1, {{mid: 'test-{kind}'}})")
    blank = "raddr 0.0.0.0 rport 9 generation 0"
    assert all(one["candidate"].endswith(blank) for one in await heard(cabin, "candidate"))
    described = f"v=0\r\na={told.format('relay')}\r\na=candidate:2 1 udp 1 192.0.2.1 9 typ host\r\n"
    blanked = await doctor.evaluate("async (sdp) => (await import('/js/call_media.js')).withoutOrigins(sdp)", described)
    assert blanked == described.replace("raddr 198.51.100.7 rport 4711", "raddr 0.0.0.0 rport 9")


async def test_silence_is_heard_and_ice_is_restarted(pages: tuple[Page, Page]) -> None:
    cabin, doctor = pages
    ufrag = "connections[0].localDescription.sdp.match(/ice-ufrag:(.*)/)[1]"
    before = await doctor.evaluate(ufrag)
    await cabin.evaluate("Promise.all(connections[0].getSenders().map((sender) => sender.replaceTrack(null)))")
    assert await doctor.evaluate("until('silence')")
    assert await doctor.evaluate(f"soon(() => {ufrag} !== '{before}')")
    assert await doctor.evaluate("until('flow')")  # whoever answers puts the page's tracks on again
    assert await doctor.evaluate("nextFrame()") > 0
    assert await cabin.evaluate("connections.length") == 1


async def test_a_cut_line_is_said_within_its_silence_and_flows_again_when_it_is_whole(
    house: House, new_page: Callable[..., Awaitable[Page]]
) -> None:
    async with Line("patient", "practitioner") as line, couple(house, new_page, line) as pages:
        before = line.carried
        with line.cut():
            for page in pages:
                assert await page.evaluate("until('silence')")
        for page in pages:
            assert await page.evaluate("until('flow')")
            assert await page.evaluate("nextFrame()") > 0
        assert line.carried > before > 0


async def test_a_connection_that_died_is_made_anew(pages: tuple[Page, Page]) -> None:
    cabin, doctor = pages
    await cabin.evaluate("connections[0].close()")
    assert await doctor.evaluate("until('silence')")
    assert await doctor.evaluate("until('flow')")
    assert await cabin.evaluate("until('flow')")
    for page in pages:
        assert await page.evaluate("nextFrame()") > 0
        assert await page.evaluate("connections.length") == 2


async def test_a_muted_microphone_stays_muted_through_a_new_connection(pages: tuple[Page, Page]) -> None:
    cabin, doctor = pages
    await cabin.evaluate("call.setMuted(true)")
    assert await doctor.evaluate("until('peer-state', 1, {microphone: false, camera: true})")
    await doctor.reload()
    await shows_the_other(doctor)
    assert await cabin.evaluate("stream.getAudioTracks()[0].enabled") is False
    assert await doctor.evaluate("until('peer-state', 1, {microphone: false})")


async def test_hanging_up_ends_the_call_for_both(pages: tuple[Page, Page]) -> None:
    cabin, doctor = pages
    await doctor.evaluate("call.hangUp()")
    for page in pages:
        await page.evaluate("until('ended')")
        assert (await heard(page, "ended"))[0]["reason"] == "hung-up"
    assert await cabin.evaluate("connections[0].connectionState") == "closed"
    assert await cabin.evaluate("stream.getTracks().every((track) => track.readyState === 'live')")


async def test_the_newest_window_takes_the_seat_and_the_former_stops(
    pages: tuple[Page, Page], house: House, new_page: Callable[..., Awaitable[Page]]
) -> None:
    cabin, doctor = pages
    newer = await new_page()
    await newer.goto(cabin.url)
    await shows_the_other(newer)
    await cabin.evaluate("until('ended')")
    assert (await heard(cabin, "ended"))[0]["reason"] == "replaced"
    assert await doctor.evaluate("until('remote-track', 4)")


async def test_pages_hear_nudges_and_come_back_when_the_server_was_started_again(
    pages: tuple[Page, Page], house: House
) -> None:
    await house.switchboard.nudge("queue")
    for page in pages:
        assert await page.evaluate("until('nudge', 1, {line: 'queue'})")
    former = house.gateway
    house.start()
    await former.drain(0.2)
    for page in pages:
        assert await page.evaluate("until('open', 1, {again: true, resumed: false})")  # it looks at everything again
        assert await page.evaluate("until('joined', 2)")  # it came back by itself
        assert await heard(page, "silence") == []
        assert await page.evaluate("connections.length") == 1
