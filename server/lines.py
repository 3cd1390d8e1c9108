"""Which lines a page may listen to, and the tickets that open them: the seam between people and the exchange."""

import secrets
from collections.abc import Sequence

import msgspec
from aiohttp import web

from server.kernel.access import Act, Identity, Role, require
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import reply
from signalling.ice import IceServer, IceServers
from signalling.protocol import Seat
from signalling.tickets import LinePass, SeatPass, TicketOffice


class LineTicket(msgspec.Struct, frozen=True):
    """What a page shows in its `hello`."""

    ticket: str


class Reach(msgspec.Struct, frozen=True):
    """The servers that help a page's media through, and whether it may use nothing else: for RTCConfiguration."""

    ice_servers: Sequence[IceServer]
    relay_only: bool


def lines_of(who: Identity) -> tuple[str, ...]:
    """Return the lines of a person's own page. They carry no news, only "come and look"."""
    if who.role is Role.CABIN:
        return (f"cabin:{who.cabin_id}",)
    if who.role is Role.GP:
        return ("queue", f"desk:{who.account_id}")
    if who.role is Role.HEALTH_WORKER:
        return (f"site:{who.site_id}",)
    return ("queue", "readiness")  # a nudge says nothing: who watches the day may know that something moved


class SeatTickets:
    """Gives seats of calls to the encounters subject, which decides who may have one."""

    def __init__(self, office: TicketOffice) -> None:
        self._office = office

    async def issue_seat(self, call: str, seat: str, who: str) -> str:
        """Return a single-use ticket for one seat of one call."""
        return await self._office.issue(SeatPass(call, Seat(seat), who))

    async def issue_line(self, line: str, who: str) -> str:
        """Return a single-use ticket for one line: of somebody who has no account."""
        return await self._office.issue(LinePass((line,), who))


def routes(office: TicketOffice, ice: IceServers) -> Routes:
    """Return the routes that give line tickets and ICE servers."""

    async def line_ticket(request: web.Request) -> web.Response:
        """POST /api/line-ticket"""
        who = who_is(request)
        require(who, Act.LINE_OPEN)
        return reply(LineTicket(await office.issue(LinePass(lines_of(who), str(who.account_id)))), 201)

    async def ice_servers(request: web.Request) -> web.Response:
        """GET /api/ice-servers: with TURN credentials that name nobody and last ten minutes."""
        who = who_is(request)
        require(who, Act.CALL_SEAT)
        return reply(Reach(ice.for_page(secrets.token_hex(8)), who.hides_address))

    return [("POST", "/api/line-ticket", line_ticket), ("GET", "/api/ice-servers", ice_servers)]
