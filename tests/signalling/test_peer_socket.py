"""The socket of a peer: it comes back after a server that is not there, and what the line ticket refuses ends it."""

from __future__ import annotations

import asyncio
from socket import SHUT_RDWR

import aiohttp
import pytest

from signalling.bus import LocalBus
from signalling.peer_socket import PeerSocket
from signalling.protocol import FromExchange, Join, Joined, PeerJoined, Ping, Pong, Restart, Seat, State, Welcome
from signalling.tickets import LinePass, SeatPass
from tests.signalling.exchange import OpenExchange

STATE = State(microphone=True, camera=True, receiving=True, level=4)


async def test_it_is_welcomed_after_a_lost_network_and_hears_what_is_said(open_exchange: OpenExchange) -> None:
    exchange = await open_exchange(LocalBus())
    heard: asyncio.Queue[FromExchange] = asyncio.Queue()
    asked = 0

    async def line_ticket() -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise aiohttp.ClientConnectionError
        return await exchange.tickets.issue(LinePass(("queue",), "robot"))

    socket = PeerSocket(exchange.client, str(exchange.server.make_url("")).rstrip("/"), line_ticket)
    assert not await socket.say(Ping())
    running = asyncio.create_task(socket.run(heard.put))
    assert isinstance(await asyncio.wait_for(heard.get(), 20), Welcome)
    assert await socket.say(Ping())
    assert isinstance(await asyncio.wait_for(heard.get(), 20), Pong)
    await socket.close()
    await asyncio.wait_for(running, 20)
    assert asked == 2


async def test_what_the_line_ticket_refuses_ends_it() -> None:
    class Refused(Exception):
        pass

    async def line_ticket() -> str:
        raise Refused

    async def hear(_: FromExchange) -> None:
        raise AssertionError

    async with aiohttp.ClientSession() as client:
        with pytest.raises(Refused):
            await PeerSocket(client, "http://localhost:1", line_ticket).run(hear)


async def test_after_a_lost_socket_both_sides_say_again_what_was_not_heard(open_exchange: OpenExchange) -> None:
    exchange = await open_exchange(LocalBus())
    heard: asyncio.Queue[FromExchange] = asyncio.Queue()
    asked = 0

    async def line_ticket() -> str:
        nonlocal asked
        asked += 1
        return await exchange.tickets.issue(LinePass(("queue",), "robot"))

    async def next_of(kind: type[FromExchange]) -> FromExchange:
        while not isinstance(message := await asyncio.wait_for(heard.get(), 20), kind):
            pass
        return message

    socket = PeerSocket(exchange.client, str(exchange.server.make_url("")).rstrip("/"), line_ticket)
    running = asyncio.create_task(socket.run(heard.put))
    first = await next_of(Welcome)
    doctor = await exchange.seated(Seat.PRACTITIONER, "visit")
    await socket.say(Join(await exchange.tickets.issue(SeatPass("visit", Seat.PATIENT, "robot")), "robot"))
    await next_of(Joined)
    await doctor.hear(PeerJoined)
    assert socket._ws is not None
    socket._ws.get_extra_info("socket").shutdown(SHUT_RDWR)
    assert await socket.say(Restart())
    await doctor.say(STATE)
    again = await next_of(Welcome)
    assert isinstance(first, Welcome)
    assert isinstance(again, Welcome)
    assert (again.resumed, again.connection) == (True, first.connection)
    assert await next_of(State) == STATE
    await doctor.hear(Restart)
    assert asked == 1
    await socket.close()
    await asyncio.wait_for(running, 20)
