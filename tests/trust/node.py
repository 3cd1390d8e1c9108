"""One exchange in a process of its own, that starts within a moment and may be killed, frozen and thawed."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import aiohttp
import uvloop
from aiohttp import web

from server.kernel.clock import utc_now
from server.kernel.garbage import look_rarely
from signalling.bus import Bus, LocalBus
from signalling.cloakroom import Cloakroom
from signalling.gateway import Gateway
from signalling.protocol import Seat
from signalling.redis_bus import RedisBus
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass, SeatPass, TicketOffice
from tests.components import free_port

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.trust.node"])  # all is imported once: a node starts by a fork


class Faults(logging.Handler):
    """Counts what nobody caught."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the first few."""
        self.seen.append(record.getMessage()[:200] if len(self.seen) < 5 else "")


class Doors:
    """What the tests ask of a node, beside its socket."""

    def __init__(self, bus: Bus, faults: Faults) -> None:
        self._office, self._board, self._faults = TicketOffice(bus, utc_now), Switchboard(bus), faults
        self.room = Cloakroom(bus, self._board)
        self.gateway = Gateway(self._board, self._office, self.room)

    async def app(self) -> web.Application:
        """Open everything."""
        await self._board.start()
        await self.room.start()
        app = web.Application()
        for name in ("line", "seat", "seats", "faults", "healthz"):
            app.router.add_get(f"/{name}", getattr(self, name))
        app.router.add_get("/signal", self.gateway.open_socket)
        return app

    async def line(self, request: web.Request) -> web.Response:
        """GET /line?line=queue&count=1: line tickets."""
        pass_ = LinePass((request.query["line"],), "account")
        tickets = [await self._office.issue(pass_) for _ in range(int(request.query.get("count", "1")))]
        return web.json_response(tickets)

    async def seat(self, request: web.Request) -> web.Response:
        """GET /seat?call=c&seat=patient: a seat ticket."""
        pass_ = SeatPass(request.query["call"], Seat(request.query["seat"]), "account")
        return web.json_response([await self._office.issue(pass_)])

    async def seats(self, _request: web.Request) -> web.Response:
        """GET /seats: who sits on this node, as call, seat and connection."""
        return web.json_response([[*seated, name] for name, seated in self._board._seat_of.items()])

    async def faults(self, _request: web.Request) -> web.Response:
        """GET /faults: what nobody caught so far."""
        return web.json_response(self._faults.seen)

    async def healthz(self, _request: web.Request) -> web.Response:
        """GET /healthz"""
        return web.json_response({"alive": True})

    async def close(self) -> None:
        """Let go."""
        await self.room.stop()
        await self._board.stop()


async def _serve(port: int, redis_url: str, drain: float) -> None:
    faults, bus = Faults(), RedisBus(redis_url) if redis_url else LocalBus()
    logging.getLogger().handlers = [faults]
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.seen.append(str(context)[:200]))
    if isinstance(bus, RedisBus):
        await bus.start()
    doors, stop = Doors(bus, faults), asyncio.Event()
    runner = web.AppRunner(await doors.app(), access_log=None, shutdown_timeout=1)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024, reuse_address=True).start()
    await stop.wait()
    await doors.gateway.drain(drain)
    await runner.cleanup()
    await doors.close()
    await bus.close()


def _run(port: int, redis_url: str, prelude: str, drain: float) -> None:
    exec(prelude)
    look_rarely()  # as server/cli.py does
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(port, redis_url, drain))


@dataclass
class Node:
    """One exchange. Its port stays the same from life to life."""

    redis_url: str = ""
    prelude: str = ""
    drain: float = 2.0
    port: int = field(default_factory=free_port)
    child: BaseProcess | None = None

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start, and wait until it answers."""
        words = (self.port, self.redis_url, self.prelude, self.drain)
        self.child = _forks.Process(target=_run, args=words, daemon=True)
        self.child.start()
        async with asyncio.timeout(30), aiohttp.ClientSession() as client:
            while True:
                try:
                    async with client.get(f"{self.origin}/healthz"):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.01)

    def kill(self) -> None:
        """kill -9."""
        if self.child is not None:
            self.child.kill()
            self.child.join()
            self.child = None

    async def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        if self.child is not None:
            self.child.terminate()
            await asyncio.to_thread(self.child.join)
            self.child = None

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP freezes it, SIGCONT thaws it."""
        if self.child is not None and self.child.pid is not None:
            os.kill(self.child.pid, number)


async def elsewhere(work: Callable[..., Awaitable[int]], *words: object) -> int:
    """Let another process do some work and say a number: what it costs does not slow this one."""
    mine, its = _forks.Pipe()
    child = _forks.Process(target=_work, args=(its, work, words), daemon=True)
    child.start()
    try:
        return int(await asyncio.to_thread(mine.recv))
    finally:
        child.kill()
        child.join()


def _work(said: Connection, work: Callable[..., Awaitable[int]], words: tuple[object, ...]) -> None:
    async def run() -> None:
        said.send(await work(*words))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def asked(client: aiohttp.ClientSession, origin: str, path: str) -> list:  # type: ignore[type-arg]
    """What a door of a node answers."""
    async with client.get(f"{origin}/{path}", timeout=aiohttp.ClientTimeout(2)) as answer:
        found: list = await answer.json()  # type: ignore[type-arg]
        return found
