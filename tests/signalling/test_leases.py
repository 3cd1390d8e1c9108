"""The lease of a seat: who falls silent is asked, cut off and freed; who lives is not, though we stood still."""

from __future__ import annotations

import asyncio
import time

import pytest
import pytest_asyncio

from signalling import leases
from signalling.bus import LocalBus
from signalling.protocol import Nudge, Offer, PeerJoined, PeerLeft, Ping, Pong, Seat
from tests.signalling.exchange import SDP, Exchange, OpenExchange, until


@pytest_asyncio.fixture(loop_scope="session")
async def exchange(open_exchange: OpenExchange) -> Exchange:
    return await open_exchange(LocalBus())


async def test_a_lost_socket_keeps_its_seat_for_a_while_and_then_frees_it(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOOK_EVERY": 0.02, "PING_AFTER": 0.05, "SEAT_FOR": 0.5}.items():
        monkeypatch.setattr(leases, name, value)
    cabin, doctor = await exchange.seated(Seat.PATIENT), await exchange.seated(Seat.PRACTITIONER)
    await cabin.hear(PeerJoined)
    cabin.lose()
    await until(lambda: len(exchange.gateway._sockets) == 1)
    await doctor.say(Offer(SDP))
    await doctor.say(Ping())
    await doctor.hear(Pong)
    assert await doctor.hear(PeerLeft) == PeerLeft(Seat.PATIENT, "gone")


async def test_a_seat_whose_browser_does_not_answer_is_freed_and_one_that_does_is_kept(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOOK_EVERY": 0.02, "PING_AFTER": 0.05, "SILENT_FOR": 0.6, "SEAT_FOR": 1.0}.items():
        monkeypatch.setattr(leases, name, value)
    cabin, doctor = await exchange.seated(Seat.PATIENT), await exchange.seated(Seat.PRACTITIONER)
    await cabin.say(Ping())  # from here on nobody reads what comes to the cabin, nor answers a WebSocket ping
    assert await doctor.hear(PeerLeft) == PeerLeft(Seat.PATIENT, "gone")
    await doctor.say(Ping())
    await doctor.hear(Pong)
    assert len(exchange.switchboard._seat_of) == 1


async def test_while_the_server_stood_still_nobody_fell_silent(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = {"LOOK_EVERY": 0.02, "PING_AFTER": 0.1, "SILENT_FOR": 0.3, "SEAT_FOR": 0.4, "LATE": 0.05}
    for name, value in (spans | {"IDLE_LOOK_EVERY": 0.02, "IDLE_PING_AFTER": 0.1, "IDLE_SILENT_FOR": 0.3}).items():
        monkeypatch.setattr(leases, name, value)
    idle = await exchange.page("queue")
    cabin, doctor = await exchange.seated(Seat.PATIENT), await exchange.seated(Seat.PRACTITIONER)
    await cabin.hear(PeerJoined)
    time.sleep(0.5)  # noqa: ASYNC251 -- as long as a frozen machine; what the pages said would wait unread
    for page in (doctor, cabin, idle, doctor):
        await page.say(Ping())
        await page.hear(Pong)


async def test_a_page_without_a_seat_is_cut_when_its_browser_does_not_answer_and_only_then(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"IDLE_LOOK_EVERY": 0.02, "IDLE_PING_AFTER": 0.05, "IDLE_SILENT_FOR": 0.6}.items():
        monkeypatch.setattr(leases, name, value)
    answers, silent = await exchange.page("queue"), await exchange.page("queue")
    reads = asyncio.create_task(answers.next())
    await until(lambda: len(exchange.gateway._sockets) == 1)
    assert silent.welcome
    assert exchange.cloakroom._coats[silent.welcome.connection].connection.socket is None  # it may come back
    await exchange.switchboard.nudge("queue")
    assert await reads == Nudge("queue")
