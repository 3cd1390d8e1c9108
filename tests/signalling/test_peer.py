"""Two peers without a browser over a real exchange: they see and hear each other, and again after what breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import SHUT_RDWR

import pytest

from signalling.bus import LocalBus
from signalling.peer_link import Link
from signalling.protocol import Answer, Bye, Offer, Seat
from tests.calls import Seated, open_calls, person, seated
from tests.signalling.exchange import SDP, Exchange, OpenExchange, until


@asynccontextmanager
async def at(exchange: Exchange, seat: Seat) -> AsyncIterator[Seated]:
    origin = str(exchange.server.make_url("")).rstrip("/")
    async with seated(exchange.client, origin, exchange.tickets, seat, "visit") as one:
        yield one


@pytest.fixture
async def exchange(open_exchange: OpenExchange) -> Exchange:
    return await open_exchange(LocalBus())


async def test_they_see_and_hear_each_other_pass_measures_and_hang_up(exchange: Exchange) -> None:
    tasks = asyncio.all_tasks()
    async with at(exchange, Seat.PATIENT) as odette, at(exchange, Seat.PRACTITIONER) as aubin:
        await asyncio.gather(odette.flows(), aubin.flows())
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
    async with at(exchange, Seat.PATIENT) as odette, at(exchange, Seat.PRACTITIONER) as aubin:
        await asyncio.gather(odette.flows(), aubin.flows())
        broken = odette.peer if whose is Seat.PATIENT else aubin.peer
        assert broken._link is not None
        await broken._link.close()
        await until(lambda: odette.peer.links > 1 < aubin.peer.links)
        await asyncio.gather(odette.flows(), aubin.flows())


async def test_a_lost_socket_leaves_the_media_alone_and_the_seat_is_taken_again(exchange: Exchange) -> None:
    async with at(exchange, Seat.PATIENT) as odette, at(exchange, Seat.PRACTITIONER) as aubin:
        await asyncio.gather(odette.flows(), aubin.flows())
        assert odette.socket._ws is not None
        former = odette.socket._ws
        former.get_extra_info("socket").shutdown(SHUT_RDWR)
        await until(lambda: odette.socket._ws not in (None, former))
        await asyncio.gather(odette.flows(), aubin.flows())
        assert (odette.peer.links, aubin.peer.links) == (1, 1)
        await aubin.peer.hang_up()
        await asyncio.wait_for(odette.peer.ended.wait(), 20)


async def test_an_offer_that_cannot_be_answered_ends_nothing(exchange: Exchange) -> None:
    async with at(exchange, Seat.PATIENT) as odette:
        await odette.peer.hear(Offer(SDP))
        assert not odette.peer.ended.is_set()
        async with at(exchange, Seat.PRACTITIONER) as aubin:
            await asyncio.gather(odette.flows(), aubin.flows())


async def test_a_second_window_takes_the_seat_and_the_first_says_so(exchange: Exchange) -> None:
    async with at(exchange, Seat.PATIENT) as first, at(exchange, Seat.PATIENT):
        await asyncio.wait_for(first.peer.ended.wait(), 20)
        assert first.peer.reason == "replaced"
        await asyncio.wait_for(first.running, 20)
        await first.peer.hear(Bye("hung-up"))  # what comes after the end is not heard
        assert first.peer.reason == "replaced"


async def test_nothing_is_sent_to_the_lobby_and_the_press_opens_the_same_line(exchange: Exchange) -> None:
    async with at(exchange, Seat.PATIENT) as odette:
        doctor, link = await exchange.page("queue"), Link(tracks=person(Seat.PRACTITIONER).tracks())
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


async def test_several_calls_live_in_one_process_and_survive_their_sockets(exchange: Exchange) -> None:
    origin = str(exchange.server.make_url("")).rstrip("/")
    async with open_calls(origin, exchange.tickets, 3, picture=False) as calls:
        await calls.flow()
        for patient, _ in calls.ends:
            assert patient.socket._ws is not None
            patient.socket._ws.get_extra_info("socket").shutdown(SHUT_RDWR)
        await calls.flow()
        assert calls.links() == [1] * 6
