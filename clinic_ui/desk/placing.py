"""A doctor chooses the moment of a follow-up at the desk: keeps one and confirms it, or adds somebody to a full day."""

from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.choosing import Chosen
from clinic_ui.desk import words
from clinic_ui.desk.desk import Desk
from clinic_ui.forms import read_form
from server.kernel.errors import ClinicError, Conflict, Invalid, NotFound
from server.kernel.ids import AppointmentId, PromiseId
from server.kernel.words import N_
from server.scheduler.rules.overbooking import OverbookReason
from server.scheduler.service.views import PromiseLine
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

PAGE = "/desk/follow-ups"


class Added(Chosen, frozen=True, kw_only=True):
    """One of the moments that are taken once, and why somebody is added."""

    reason: Annotated[OverbookReason, Meta(description=N_("Choisissez pourquoi."))]


class Answered(msgspec.Struct, frozen=True):
    """Yes or no to a moment that is kept; where it was shown, and the version that was seen."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 2)]
    promise_id: UUID


class PlacingPages:
    """Choosing a moment at the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", f"{PAGE}/{{promise_id}}/moments", self.moments),
            ("POST", f"{PAGE}/{{promise_id}}/hold", self.hold),
            ("POST", f"{PAGE}/{{promise_id}}/overbook", self.overbook),
            ("POST", "/desk/holds/{appointment_id}/confirm", self.confirm),
            ("POST", "/desk/holds/{appointment_id}/let-go", self.let_go),
        ]

    async def moments(self, request: web.Request) -> web.Response:
        """GET /desk/follow-ups/{promise_id}/moments: three that are free, and three at which I am taken once."""
        return await self._page(request, _promise(request))

    async def hold(self, request: web.Request) -> web.Response:
        """POST /desk/follow-ups/{promise_id}/hold: keep one for five minutes."""
        promise = _promise(request)
        try:
            chosen = await read_form(request, Chosen)
            await self._desk.follow_ups.hold(who_is(request), promise, chosen.choice)
        except (Conflict, Invalid) as refused:
            return await self._page(request, promise, refused)
        return _go(f"{PAGE}/{promise}/moments")

    async def overbook(self, request: web.Request) -> web.Response:
        """POST /desk/follow-ups/{promise_id}/overbook: one more person, beside somebody else, with a reason."""
        promise = _promise(request)
        try:
            added = await read_form(request, Added)
            await self._desk.follow_ups.overbook(who_is(request), promise, added.choice, added.reason)
        except (Conflict, Invalid) as refused:
            return await self._page(request, promise, refused)
        return _go(f"{PAGE}?done=booked")

    async def confirm(self, request: web.Request) -> web.Response:
        """POST /desk/holds/{appointment_id}/confirm"""
        said = await read_form(request, Answered)
        try:
            await self._desk.follow_ups.confirm(who_is(request), _held(request), said.version)
        except Conflict as refused:
            return await self._page(request, PromiseId(said.promise_id), refused)
        return _go(f"{PAGE}?done=booked")

    async def let_go(self, request: web.Request) -> web.Response:
        """POST /desk/holds/{appointment_id}/let-go"""
        said = await read_form(request, Answered)
        await self._desk.follow_ups.let_go(who_is(request), _held(request), said.version)
        return _go(f"{PAGE}/{said.promise_id}/moments")

    async def _page(self, request: web.Request, promise: PromiseId, refused: ClinicError | None = None) -> web.Response:
        who, follow_ups = who_is(request), self._desk.follow_ups
        line: PromiseLine | None = next((one for one in await follow_ups.due(who) if one.id == promise), None)
        if line is None:
            raise NotFound(N_("Ce suivi n’existe pas, ou il n’est pas à vous."))
        page = await self._desk.show(
            request,
            "moments",
            N_("Choisir un moment"),
            line=line,
            held=await follow_ups.held(who, promise),
            free=(await follow_ups.proposals(who, promise)).choices,
            full=(await follow_ups.overbookable(who, promise)).choices,
            refused=refused.message if refused else "",
            say=words,
        )
        page.set_status(refused.status if refused else 200)
        return page


def _promise(request: web.Request) -> PromiseId:
    return PromiseId(path_id(request, "promise_id"))


def _held(request: web.Request) -> AppointmentId:
    return AppointmentId(path_id(request, "appointment_id"))


def _go(where: str) -> web.Response:
    return web.Response(status=303, headers={"Location": where, "Cache-Control": "no-store"})
