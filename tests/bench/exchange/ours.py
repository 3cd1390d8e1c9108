"""Our exchange alone in a process: the real gateway, with tickets, seats, rooms and checked messages, and no clinic."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web

from server.kernel.clock import utc_now
from server.kernel.garbage import look_rarely
from signalling import pace
from signalling.bus import Bus, LocalBus
from signalling.cloakroom import Cloakroom
from signalling.gateway import Gateway
from signalling.protocol import Seat
from signalling.redis_bus import RedisBus
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass, SeatPass, TicketOffice

LINES = ("queue-{}", "desk-{}")  # a practitioner's page listens to two


async def main(port: int, redis_url: str) -> None:
    """Serve until the end."""
    pace.CANDIDATES, pace.DESCRIPTIONS_AT_ONCE = 10**9, 1e9  # type: ignore[misc]  # the load is one message, again and again
    bus: Bus = LocalBus()
    if redis_url:
        bus = RedisBus(redis_url)
        await bus.start()
    office = TicketOffice(bus, utc_now)
    switchboard = Switchboard(bus)
    cloakroom = Cloakroom(bus, switchboard)
    await switchboard.start()
    await cloakroom.start()
    gateway = Gateway(switchboard, office, cloakroom)

    async def tickets(request: web.Request) -> web.Response:
        """GET /tickets?rooms=a,b: a line ticket and a seat ticket for both ends of each, as services give them."""
        given = []
        for name in request.query["rooms"].split(","):
            for seat in (Seat.PATIENT, Seat.PRACTITIONER):
                lines = tuple(line.format(name) for line in LINES)
                line, sit = LinePass(lines, "account"), SeatPass(name, seat, "account")
                given.append([name, seat.value, await office.issue(line), await office.issue(sit)])
        return web.json_response(given)

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def left(_request: web.Request) -> web.Response:
        """GET /left: how many pages are remembered."""
        return web.json_response(len(cloakroom))

    app = web.Application()
    app.router.add_get("/signal", gateway.open_socket)
    app.router.add_get("/tickets", tickets)
    app.router.add_get("/left", left)
    app.router.add_get("/healthz", alive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    look_rarely()  # as server/cli.py does
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
