"""The third seat over JSON: for the doctor and the cabin behind their doors, for the guest by a cookie of their own."""

import secrets
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from aiohttp import web

from server.encounters.guest_rules import Guest, GuestPart
from server.encounters.service.guests import Guests
from server.kernel.ids import EncounterId, GuestId
from server.web.cookies import guest_token
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import Wire, path_id, read, reply
from signalling.ice import IceServers
from signalling.protocol import Seat


class Inviting(Wire, frozen=True):
    """As what somebody is asked in."""

    part: GuestPart


class Answering(Wire, frozen=True):
    """The patient's yes or no, to this guest."""

    guest_id: UUID
    agrees: bool


class Towards(Wire, frozen=True):
    """Whose seat of the visit is at the other end of the pair."""

    towards: Literal["practitioner", "patient"]


@dataclass(frozen=True, slots=True)
class GuestApi:
    """The routes of the third seat."""

    guests: Guests
    ice: IceServers

    def routes(self) -> Routes:
        """Return the routes for the desk, the cabin and the guest."""
        visit = "/api/encounters/{encounter_id}/guest"
        return [
            ("GET", visit, self.of_desk),
            ("POST", visit, self.invite),
            ("POST", f"{visit}/remove", self.remove),
            ("POST", f"{visit}/seat", self.desk_seat),
            ("GET", "/api/cabin/guest", self.of_cabin),
            ("POST", "/api/cabin/guest", self.answer),
            ("POST", "/api/cabin/guest/seat", self.cabin_seat),
            ("GET", "/api/guest", self.own),
            ("POST", "/api/guest/line-ticket", self.line),
            ("POST", "/api/guest/seat", self.seat),
            ("GET", "/api/guest/ice-servers", self.reach),
            ("POST", "/api/guest/leave", self.leave),
        ]

    async def of_desk(self, request: web.Request) -> web.Response:
        """GET /api/encounters/{encounter_id}/guest"""
        return _guest(await self.guests.at(who_is(request), _encounter_id(request)))

    async def invite(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/guest: the code is in this answer, and nowhere else"""
        body = await read(request, Inviting)
        made = await self.guests.invite(who_is(request), _encounter_id(request), body.part)
        return reply({"guest_id": made.guest_id, "code": made.code, "expires_at": made.expires_at}, 201)

    async def remove(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/guest/remove"""
        await self.guests.remove(who_is(request), _encounter_id(request))
        return reply({})

    async def desk_seat(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/guest/seat"""
        return reply({"ticket": await self.guests.seat_ticket(who_is(request), _encounter_id(request))}, 201)

    async def of_cabin(self, request: web.Request) -> web.Response:
        """GET /api/cabin/guest"""
        return _guest(await self.guests.at(who_is(request)))

    async def answer(self, request: web.Request) -> web.Response:
        """POST /api/cabin/guest: « Oui » or « Non »"""
        body = await read(request, Answering)
        await self.guests.answer(who_is(request), GuestId(body.guest_id), body.agrees)
        return reply({})

    async def cabin_seat(self, request: web.Request) -> web.Response:
        """POST /api/cabin/guest/seat"""
        return reply({"ticket": await self.guests.seat_ticket(who_is(request))}, 201)

    async def own(self, request: web.Request) -> web.Response:
        """GET /api/guest"""
        return _guest(await self.guests.known(guest_token(request)))

    async def line(self, request: web.Request) -> web.Response:
        """POST /api/guest/line-ticket"""
        return reply({"ticket": await self.guests.line_ticket(guest_token(request))}, 201)

    async def seat(self, request: web.Request) -> web.Response:
        """POST /api/guest/seat"""
        towards = Seat((await read(request, Towards)).towards)
        return reply({"ticket": await self.guests.guest_ticket(guest_token(request), towards)}, 201)

    async def reach(self, request: web.Request) -> web.Response:
        """GET /api/guest/ice-servers"""
        await self.guests.known(guest_token(request))
        return reply({"ice_servers": self.ice.for_page(secrets.token_hex(8)), "relay_only": False})

    async def leave(self, request: web.Request) -> web.Response:
        """POST /api/guest/leave"""
        await self.guests.leave(guest_token(request))
        return reply({})


def _encounter_id(request: web.Request) -> EncounterId:
    return EncounterId(path_id(request, "encounter_id"))


def _guest(guest: Guest | None) -> web.Response:
    return reply({"guest": guest})
