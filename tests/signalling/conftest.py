"""What the tests of the exchange may ask for."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from signalling.bus import Bus
from signalling.cloakroom import Cloakroom
from signalling.gateway import Gateway
from signalling.redis_bus import RedisBus
from signalling.switchboard import Switchboard
from signalling.tickets import TicketOffice
from tests.clock import FakeClock
from tests.signalling.exchange import ConnectBus, Exchange, MortalRedis, OpenExchange


@pytest.fixture
def mortal_redis() -> Iterator[MortalRedis]:
    redis = MortalRedis()
    yield redis
    redis.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def connect_bus() -> AsyncIterator[ConnectBus]:
    """`await connect_bus(redis_url)`: one more server's bus."""
    async with AsyncExitStack() as stack:

        async def one_more(url: str) -> RedisBus:
            bus = RedisBus(url)
            stack.push_async_callback(bus.close)
            await bus.start()
            return bus

        yield one_more
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # redis-py leaves the connections to a cluster's dead member to the collector, who complains


@pytest_asyncio.fixture(loop_scope="session")
async def open_exchange(clock: FakeClock) -> AsyncIterator[OpenExchange]:
    """`await open_exchange(bus)`: one more server on this bus."""
    async with AsyncExitStack() as stack:

        async def one_more(bus: Bus) -> Exchange:
            switchboard, tickets = Switchboard(bus), TicketOffice(bus, clock)
            cloakroom = Cloakroom(bus, switchboard)
            await switchboard.start()
            await cloakroom.start()
            gateway = Gateway(switchboard, tickets, cloakroom, origins={"https://other.example"})
            app = web.Application()
            app.router.add_get("/signal", gateway.open_socket)
            server = await stack.enter_async_context(TestServer(app))
            client = await stack.enter_async_context(aiohttp.ClientSession())
            exchange = Exchange(bus, server, switchboard, tickets, cloakroom, gateway, client)
            stack.push_async_callback(switchboard.stop)
            stack.push_async_callback(cloakroom.stop)
            stack.push_async_callback(_close_all, exchange)
            return exchange

        yield one_more


async def _close_all(exchange: Exchange) -> None:
    for ws in exchange.sockets:
        await ws.close()
