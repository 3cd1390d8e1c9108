"""The socket of a peer: it comes back after a server that is not there, and what the line ticket refuses ends it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from signalling.bus import LocalBus
from signalling.peer_socket import PeerSocket
from signalling.protocol import FromExchange, Ping, Pong, Welcome
from signalling.tickets import LinePass
from tests.signalling.exchange import OpenExchange


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
