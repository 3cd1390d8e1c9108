"""The socket: who may open it, what closes it with which code, and that nobody waits for a slow page."""

from __future__ import annotations

import json

import aiohttp
import pytest
import pytest_asyncio

from signalling import gateway as gateway_module
from signalling import pace
from signalling.bus import LocalBus
from signalling.protocol import (
    VERSION,
    Answer,
    Candidate,
    Error,
    Hello,
    Join,
    Nudge,
    Offer,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    Seat,
    Welcome,
)
from signalling.tickets import LinePass, SeatPass
from tests.clock import FakeClock
from tests.signalling.exchange import SDP, Exchange, OpenExchange


@pytest_asyncio.fixture(loop_scope="session")
async def exchange(open_exchange: OpenExchange) -> Exchange:
    return await open_exchange(LocalBus())


async def test_a_page_with_a_line_ticket_is_welcomed(exchange: Exchange) -> None:
    page = await exchange.socket()
    await page.say(Hello(VERSION, await exchange.tickets.issue(LinePass(("queue",), "account"))))
    welcome = await page.hear(Welcome)
    assert welcome.version == VERSION
    assert welcome.connection


@pytest.mark.parametrize(
    ("text", "head"),  # RFC 6455 §5.7, with the opcode of texts
    [("Hello", "8105"), ("x" * 256, "817e0100"), ("x" * 65536, "817f0000000000010000")],
)
def test_a_frame_is_written_as_the_standard_shows(text: str, head: str) -> None:
    assert gateway_module.text_frame(text.encode()) == bytes.fromhex(head) + text.encode()


@pytest.mark.parametrize("letters", [1, 3000])
async def test_what_is_not_ascii_arrives_letter_for_letter(exchange: Exchange, letters: int) -> None:
    practitioner = await exchange.seated(Seat.PRACTITIONER)
    patient = await exchange.seated(Seat.PATIENT)
    await practitioner.hear(PeerJoined)
    answer = Answer(sdp=SDP + "é€😀" * letters)
    await patient.say(answer)
    assert (await practitioner.hear(Answer)).sdp == answer.sdp


async def test_each_socket_has_a_name_of_its_own(exchange: Exchange) -> None:
    names = set()
    for _ in range(3):
        page = await exchange.socket()
        await page.say(Hello(VERSION, await exchange.tickets.issue(LinePass((), "account"))))
        names.add((await page.hear(Welcome)).connection)
    assert len(names) == 3


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://other.example.evil"])
async def test_a_page_of_another_site_opens_no_socket(exchange: Exchange, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await exchange.socket(origin)


async def test_whoever_does_not_say_its_origin_opens_no_socket(exchange: Exchange) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await exchange.client.ws_connect(exchange.server.make_url("/signal"))


async def test_a_configured_origin_opens_a_socket(exchange: Exchange) -> None:
    await exchange.socket("https://other.example")


async def test_the_first_word_must_be_hello(exchange: Exchange) -> None:
    page = await exchange.socket()
    await page.say(Ping())
    assert await page.closed_with() == 4400


async def test_hello_is_said_once(exchange: Exchange) -> None:
    page = await exchange.page()
    await page.say(Hello(VERSION, await exchange.tickets.issue(LinePass((), "account"))))
    assert await page.closed_with() == 4400


async def test_an_unknown_version_is_refused(exchange: Exchange) -> None:
    page = await exchange.socket()
    await page.say(Hello(VERSION + 1, await exchange.tickets.issue(LinePass((), "account"))))
    assert await page.closed_with() == 4400


async def test_a_bad_line_ticket_closes_the_socket(exchange: Exchange) -> None:
    page = await exchange.socket()
    await page.say(Hello(VERSION, "unknown"))
    assert await page.closed_with() == 4401


async def test_a_seat_ticket_does_not_open_lines(exchange: Exchange) -> None:
    page = await exchange.socket()
    await page.say(Hello(VERSION, await exchange.tickets.issue(SeatPass("call-1", Seat.PATIENT, "account"))))
    assert await page.closed_with() == 4401


async def test_an_expired_ticket_closes_the_socket(exchange: Exchange, clock: FakeClock) -> None:
    ticket = await exchange.tickets.issue(LinePass((), "account"))
    clock.advance(seconds=31)
    page = await exchange.socket()
    await page.say(Hello(VERSION, ticket))
    assert await page.closed_with() == 4401


async def test_whoever_says_nothing_is_not_waited_for(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "HELLO_WITHIN", 0.05)
    page = await exchange.socket()
    assert await page.closed_with() == 4401


async def test_a_bad_seat_ticket_is_told_and_the_lines_stay(exchange: Exchange) -> None:
    page = await exchange.page("queue")
    line_ticket = await exchange.tickets.issue(LinePass((), "account"))
    for ticket in ("unknown", line_ticket):
        await page.say(Join(ticket, "page-1"))
        assert (await page.hear(Error)).code == "bad-ticket"
    await exchange.switchboard.nudge("queue")
    assert await page.hear(Nudge) == Nudge("queue")


@pytest.mark.parametrize(
    "frame", ["", "rubbish", "[]", '{"type":"welcome"}', json.dumps({"type": "offer", "sdp": "x"})]
)
async def test_rubbish_closes_the_socket(exchange: Exchange, frame: str) -> None:
    page = await exchange.page()
    await page.ws.send_str(frame)
    assert await page.closed_with() == 4400


async def test_bytes_close_the_socket(exchange: Exchange) -> None:
    page = await exchange.page()
    await page.ws.send_bytes(b"{}")
    assert await page.closed_with() == 4400


async def test_a_frame_of_more_than_64_kib_closes_the_socket(exchange: Exchange) -> None:
    page = await exchange.page()
    await page.ws.send_str("x" * (64 * 1024 + 1))
    assert await page.closed_with() == 1009


@pytest.mark.parametrize(("seat", "said"), [(Seat.PATIENT, Offer(SDP)), (Seat.PRACTITIONER, Answer(SDP))])
async def test_a_seat_that_says_what_is_not_its_to_say_is_closed(
    exchange: Exchange, seat: Seat, said: Offer | Answer
) -> None:
    page = await exchange.seated(seat)
    await page.say(said)
    assert await page.closed_with() == 4400


async def test_a_page_without_a_seat_reaches_nobody(exchange: Exchange) -> None:
    cabin, stranger = await exchange.seated(Seat.PATIENT), await exchange.page()
    await stranger.say(Offer(SDP))
    assert (await stranger.hear(Error)).code == "not-seated"
    await cabin.say(Ping())
    await cabin.hear(Pong)


async def test_a_flood_closes_the_socket(exchange: Exchange) -> None:
    page = await exchange.page()
    for _ in range(80):
        await page.say(Ping())
    assert await page.closed_with() == 4429


async def test_candidates_without_end_close_the_socket_and_coming_back_brings_no_more(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CANDIDATES", 3)
    cabin, doctor = await exchange.seated(Seat.PATIENT), await exchange.seated(Seat.PRACTITIONER)
    await cabin.hear(PeerJoined)
    for _ in range(2):
        await doctor.say(Candidate("candidate:1", "0"))
    doctor.lose()
    back = await exchange.resumed(doctor)
    for _ in range(2):
        await back.say(Candidate("candidate:1", "0"))
    assert await back.closed_with() == 4429
    assert [await cabin.hear(Candidate) for _ in range(3)] == [Candidate("candidate:1", "0")] * 3
    assert (await cabin.hear(PeerLeft)).seat is Seat.PRACTITIONER


async def test_a_page_that_does_not_read_is_closed_and_its_peer_does_not_wait(exchange: Exchange) -> None:
    slow, doctor = await exchange.seated(Seat.PATIENT), await exchange.seated(Seat.PRACTITIONER)
    listener = await exchange.page("queue")
    await slow.hear(PeerJoined)
    (plug,) = (
        exchange.switchboard._plugs[connection]
        for connection, (_, seat) in exchange.switchboard._seat_of.items()
        if seat is Seat.PATIENT
    )
    for _ in range(400):  # 24 MB at once: more than the kernel keeps for a page that has no turn to read
        plug.forward("x" * 60_000)
    await exchange.switchboard.nudge("queue")
    assert await listener.hear(Nudge) == Nudge("queue")
    assert await slow.closed_with() == 4408
    assert await doctor.hear(PeerLeft) == PeerLeft(Seat.PATIENT, "gone")


async def test_a_line_nudged_often_before_the_page_hears_is_one_nudge(exchange: Exchange) -> None:
    page = await exchange.page("queue")
    for _ in range(500):
        await exchange.switchboard.nudge("queue")
    assert await page.hear(Nudge) == Nudge("queue")
    await page.say(Ping())
    await page.hear(Pong)


async def test_a_server_that_stops_tells_its_pages(exchange: Exchange) -> None:
    pages = [await exchange.page("queue") for _ in range(3)]
    await exchange.gateway.close()
    assert [await page.closed_with() for page in pages] == [1012] * 3
