"""Two peers without a browser over a real exchange: they see and hear each other, and again after what breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import SHUT_RDWR

import pytest

from signalling.bus import LocalBus
from signalling.peer import Means, Peer, Reach
from signalling.peer_link import Link
from signalling.peer_person import RobotPerson
from signalling.peer_socket import PeerSocket
from signalling.protocol import Answer, Bye, Offer, Seat
from signalling.tickets import LinePass, SeatPass
from tests.signalling.exchange import SDP, Exchange, OpenExchange, until

PATIENT, DOCTOR = RobotPerson("Odette Lavergne"), RobotPerson("Dr Aubin", doctor=True)


@dataclass
class Seated:
    """A peer with its socket, which runs."""

    peer: Peer
    socket: PeerSocket
    running: asyncio.Task[None]


@asynccontextmanager
async def seated(exchange: Exchange, seat: Seat, call: str = "visit") -> AsyncIterator[Seated]:
    async def line_ticket() -> str:
        return await exchange.tickets.issue(LinePass(("queue",), "robot"))

    async def seat_ticket() -> str | None:
        return await exchange.tickets.issue(SeatPass(call, seat, "robot"))

    async def reach() -> Reach:
        return Reach()

    person = PATIENT if seat is Seat.PATIENT else DOCTOR
    socket = PeerSocket(exchange.client, str(exchange.server.make_url("")).rstrip("/"), line_ticket)
    peer = Peer(socket, seat, Means(seat_ticket, reach, person.tracks))
    running = asyncio.create_task(socket.run(peer.hear))
    try:
        await peer.join()
        yield Seated(peer, socket, running)
    finally:
        await peer.hang_up("page-closed")
        await socket.close()
        await running


async def _frames(peer: Peer) -> tuple[int, int]:
    stats = await peer.stats()
    return (stats.audio.frames, stats.video.frames) if stats else (0, 0)


async def _flows(*peers: Peer) -> None:
    """Wait until more voice and more picture arrive at each."""
    async with asyncio.timeout(40):
        for peer in peers:
            voice, picture = await _frames(peer)
            while True:
                now = await _frames(peer)
                if now[0] > voice and now[1] > picture:
                    break
                await asyncio.sleep(0.05)


@pytest.fixture
async def exchange(open_exchange: OpenExchange) -> Exchange:
    return await open_exchange(LocalBus())


async def test_they_see_and_hear_each_other_pass_measures_and_hang_up(exchange: Exchange) -> None:
    tasks = asyncio.all_tasks()
    async with seated(exchange, Seat.PATIENT) as odette, seated(exchange, Seat.PRACTITIONER) as aubin:
        await _flows(odette.peer, aubin.peer)
        seen = await aubin.peer.stats()
        assert seen is not None
        assert (seen.video.width, seen.video.height) == (320, 240)
        assert seen.audio.loudest > 0.005, "not the silence of a track that has no voice"
        await asyncio.wait_for(odette.peer.live.wait(), 20)
        await until(lambda: odette.peer.send('{"pulse": 72}'))
        assert await asyncio.wait_for(aubin.peer.said.get(), 20) == '{"pulse": 72}'
        await aubin.peer.hang_up()
        await asyncio.wait_for(odette.peer.ended.wait(), 20)
        assert odette.peer.reason == "hung-up"
        assert (odette.peer.links, aubin.peer.links) == (1, 1)
    await until(lambda: asyncio.all_tasks() <= tasks | {asyncio.current_task()})


@pytest.mark.parametrize("whose", [Seat.PATIENT, Seat.PRACTITIONER])
async def test_a_lost_line_is_mended_by_another_link(exchange: Exchange, whose: Seat) -> None:
    async with seated(exchange, Seat.PATIENT) as odette, seated(exchange, Seat.PRACTITIONER) as aubin:
        await _flows(odette.peer, aubin.peer)
        broken = odette.peer if whose is Seat.PATIENT else aubin.peer
        assert broken._link is not None
        await broken._link.close()
        await until(lambda: odette.peer.links > 1 < aubin.peer.links)
        await _flows(odette.peer, aubin.peer)


async def test_a_lost_socket_leaves_the_media_alone_and_the_seat_is_taken_again(exchange: Exchange) -> None:
    async with seated(exchange, Seat.PATIENT) as odette, seated(exchange, Seat.PRACTITIONER) as aubin:
        await _flows(odette.peer, aubin.peer)
        assert odette.socket._ws is not None
        former = odette.socket._ws
        former.get_extra_info("socket").shutdown(SHUT_RDWR)
        await until(lambda: odette.socket._ws not in (None, former))
        await _flows(odette.peer, aubin.peer)
        assert (odette.peer.links, aubin.peer.links) == (1, 1)
        await aubin.peer.hang_up()
        await asyncio.wait_for(odette.peer.ended.wait(), 20)


async def test_an_offer_that_cannot_be_answered_ends_nothing(exchange: Exchange) -> None:
    async with seated(exchange, Seat.PATIENT) as odette:
        await odette.peer.hear(Offer(SDP))
        assert not odette.peer.ended.is_set()
        async with seated(exchange, Seat.PRACTITIONER) as aubin:
            await _flows(odette.peer, aubin.peer)


async def test_a_second_window_takes_the_seat_and_the_first_says_so(exchange: Exchange) -> None:
    async with seated(exchange, Seat.PATIENT) as first, seated(exchange, Seat.PATIENT):
        await asyncio.wait_for(first.peer.ended.wait(), 20)
        assert first.peer.reason == "replaced"
        await asyncio.wait_for(first.running, 20)
        await first.peer.hear(Bye("hung-up"))  # what comes after the end is not heard
        assert first.peer.reason == "replaced"


async def test_nothing_is_sent_to_the_lobby_and_the_press_opens_the_same_line(exchange: Exchange) -> None:
    async with seated(exchange, Seat.PATIENT) as odette:
        doctor, link = await exchange.page("queue"), Link(tracks=DOCTOR.tracks())
        try:
            await exchange.sit(doctor, Seat.LOBBY, "visit", "page-aubin")
            await doctor.say(Offer(await link.offer()))
            while not isinstance(message := await doctor.next(), Answer):
                pass
            await link.take(message.sdp)
            await asyncio.wait_for(link.connected.wait(), 20)
            await asyncio.sleep(1)  # long enough for frames, if there were any
            warm = await link.stats()
            assert (warm.audio.packets, warm.video.packets) == (0, 0), "no frame before the press"
            assert not odette.peer.live.is_set()
            await exchange.sit(doctor, Seat.PRACTITIONER, "visit", "page-aubin")
            await asyncio.wait_for(asyncio.gather(*(heard.flows.wait() for heard in link.heard.values())), 20)
            assert odette.peer.links == 1
        finally:
            await link.close()
