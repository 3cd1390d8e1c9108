"""T26: two servers are restarted one after the other under load: no request fails, and no call notices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path

import aiohttp
import asyncpg

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from signalling.protocol import Seat
from tests import components
from tests.components import free_port
from tests.flows.conftest import settle
from tests.processes import Server
from tests.trust.claims import times
from tests.trust.pages import Page
from tests.visitors import Visitor, visitors

ID = "T26"
CLAIM = "Two servers restarted one after the other under load: no request fails, and no call is dropped"

ROUNDS, FEW = 5, 1
RATE = 200  # requests a second; a loaded machine does what it can
WORKERS = 16
SAY_EVERY = 0.1  # s between two numbers of a page in a call
SILENT = 6.0  # s without a word after which a page gives its socket up: servers that start take the processor
SETTLED = 1.0  # s of load before and after
NO_FLAGS = {"chest-pain": False, "breathless": False, "stroke": False, "bleeding": False}
# The defence: a server that stops fails its readiness, hands its pages over, and stays until it did.
ABRUPT = """
from signalling.gateway import Gateway
async def abrupt(self, spread):
    pass
Gateway.drain = abrupt
"""


class Balancer:
    """What stands in front: it asks both whether they are ready, and gives each connection to one that is."""

    def __init__(self, servers: list[Server], port: int) -> None:
        self._servers, self._port = servers, port
        self._ready: list[int] = []
        self._turn = cycle(range(len(servers)))
        self._server: asyncio.Server | None = None
        self._asking: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Balancer:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port, backlog=512)
        self._asking = [asyncio.create_task(self._ask(one)) for one in self._servers]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        for asking in self._asking:
            asking.cancel()
        self._server.close()

    async def _ask(self, server: Server) -> None:
        """Ask one, whatever the other does: one that starts answers late."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(0.5)) as client:
            while True:
                ready = False
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with client.get(f"http://127.0.0.1:{server.port}/readyz") as answer:
                        ready = answer.status == 200
                others = [port for port in self._ready if port != server.port]
                self._ready = [*others, server.port] if ready else others
                await asyncio.sleep(0.1)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            there, back = await self._open()
            ends.append(back)
            await asyncio.gather(_pour(reader, back), _pour(there, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the next that is ready; another one, if it is gone in this very moment."""
        async with asyncio.timeout(10):
            while True:
                ready = self._ready
                if ready:
                    with contextlib.suppress(OSError):
                        return await asyncio.open_connection("127.0.0.1", ready[next(self._turn) % len(ready)])
                await asyncio.sleep(0.05)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while words := await reader.read(65_536):
            writer.write(words)
            await writer.drain()
    writer.close()


class Load:
    """Requests of people who work, as many as were asked for, each on a connection of its own."""

    def __init__(self, people: list[Visitor]) -> None:
        self._people = cycle(people)
        self.tried = self.failed = 0

    async def run(self) -> None:
        """Ask, until cancelled."""
        await asyncio.gather(*(self._one() for _ in range(WORKERS)))

    async def _one(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            who = next(self._people)
            path = "/api/cabin/visit" if who.door == "cabin" else "/api/queue"
            try:
                answer = await who.send("GET", path, None, Connection="close")
                self.failed += answer.status >= 500
            except (aiohttp.ClientError, OSError, TimeoutError):
                self.failed += 1
            self.tried += 1
            await asyncio.sleep(max(0.0, WORKERS / RATE - (loop.time() - began)))


async def _call(cabin: Visitor, desk: Visitor, patient_id: str, origin: str) -> list[Page]:
    """A visit with a doctor, and both ends of its call."""
    arrived = await cabin.post("/api/cabin/arrive", {"patient_id": patient_id})
    await cabin.post("/api/cabin/reason", {"reason": "other"})
    await cabin.post("/api/cabin/flags", {"flags": NO_FLAGS})
    await cabin.post("/api/cabin/consent", {"given": True, "text_version": "2026-03"})
    encounter_id = arrived.body["encounter_id"]
    assert (await desk.post(f"/api/encounters/{encounter_id}/claim")).status == 201

    def page(seat: Seat, who: Visitor, path: str) -> Page:
        async def line(_origin: str) -> str:
            return str((await who.post("/api/line-ticket", Connection="close")).body["ticket"])

        async def sit(_origin: str) -> str:
            return str((await who.post(path, Connection="close")).body["ticket"])

        return Page(seat, lambda: origin, line, sit, SILENT)

    seat = f"/api/encounters/{encounter_id}/seat"
    return [page(Seat.PATIENT, cabin, "/api/cabin/seat"), page(Seat.PRACTITIONER, desk, seat)]


async def _talk(pages: list[Page]) -> None:
    while True:
        for page in pages:
            await page.say()
        await asyncio.sleep(SAY_EVERY)


@asynccontextmanager
async def _served(folder: Path, prelude: str) -> AsyncIterator[tuple[list[Server], str, str]]:
    """Two servers on one PostgreSQL and one Redis, the origin of the balancer before them, and a patient."""
    async with AsyncExitStack() as opened:
        cluster = opened.enter_context(components.postgres(folder))
        name = await cluster.create()
        url, key_file = cluster.url(name), init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        line = await asyncpg.connect(host="127.0.0.1", port=cluster.port, user="telecabin", database=name)
        patient = str(await line.fetchval("SELECT id FROM patient ORDER BY id LIMIT 1"))
        await line.close()
        port = free_port()
        settings = {
            "TELECABIN_DATABASE_URL": url,
            "TELECABIN_KEK_FILE": str(key_file),
            "TELECABIN_REDIS_URL": f"redis://127.0.0.1:{opened.enter_context(components.redis(folder))}/0",
            "TELECABIN_ORIGIN": f"http://localhost:{port}",
            "TELECABIN_DRAIN_SECONDS": "10",
        }
        servers = [Server(folder, settings, prelude=prelude) for _ in range(2)]
        for server in servers:
            opened.callback(server.kill)
            await asyncio.to_thread(server.start)
        await opened.enter_async_context(Balancer(servers, port))
        yield servers, settings["TELECABIN_ORIGIN"], patient


async def roll(rounds: int, prelude: str) -> tuple[int, int]:
    """Restart both, in turn, again and again; how many requests and calls there were, and how many were unharmed."""
    with components.service_folder() as folder:
        async with AsyncExitStack() as opened:
            servers, origin, patient = await opened.enter_async_context(_served(folder, prelude))
            people = await opened.enter_async_context(visitors(origin, cabin="cabine-saint-fiacre", desk="aubin"))
            pages = await _call(people[0], people[1], patient, origin)
            load = Load(people)
            works = [asyncio.create_task(work) for work in (*(page.run() for page in pages), _talk(pages), load.run())]
            try:
                await asyncio.wait_for(asyncio.gather(*(page.met.wait() for page in pages)), 30)
                await asyncio.sleep(SETTLED)
                for server in servers * rounds:
                    await asyncio.to_thread(server.stop)
                    await asyncio.to_thread(server.start)
                    await asyncio.sleep(SETTLED)
            finally:
                for task in works:
                    task.cancel()
                await asyncio.gather(*works, return_exceptions=True)
    unharmed = sum(page.begun == 1 and page.left == page.holes() == 0 and page.total() > 0 for page in pages)
    return load.tried + len(pages), load.tried - load.failed + unharmed


async def attempt(defence: bool) -> tuple[int, int]:
    """Restart two servers under load."""
    return await roll(times(ROUNDS, FEW) if defence else FEW, "" if defence else ABRUPT)
