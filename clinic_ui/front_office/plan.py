"""The plan of the territory at one site: a proposed moment for each person, accepted or declined one by one."""

from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import read_form
from clinic_ui.front_office.office import Office, go, promise_id
from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_
from server.scheduler.planning.service import Planning
from server.web.keys import who_is
from server.web.routes import Routes

PAGE = "/office/plan"


class Accepted(msgspec.Struct, frozen=True):
    """The moment that was shown."""

    starts_at: Annotated[datetime, Meta(tz=True, description=N_("Choisissez un des moments proposés."))]


class PlanPages:
    """The site's lines of the plan."""

    def __init__(self, office: Office, planning: Planning) -> None:
        self._office = office
        self._planning = planning

    def routes(self) -> Routes:
        """Return the routes of the page."""
        one = f"{PAGE}/{{promise_id}}"
        return [
            ("GET", PAGE, self.page),
            ("POST", f"{one}/accept", self.accept),
            ("POST", f"{one}/decline", self.decline),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/plan"""
        return await self._show(request)

    async def accept(self, request: web.Request) -> web.Response:
        """POST /office/plan/{promise_id}/accept: book it, as if it had been chosen by hand."""
        try:
            form = await read_form(request, Accepted)
            await self._planning.accept(who_is(request), promise_id(request), form.starts_at)
        except (Conflict, Invalid) as refused:
            return await self._show(request, refused)
        return go(f"{PAGE}?done=accepted")

    async def decline(self, request: web.Request) -> web.Response:
        """POST /office/plan/{promise_id}/decline: it is booked by hand, later."""
        try:
            await self._planning.decline(who_is(request), promise_id(request))
        except Conflict as refused:
            return await self._show(request, refused)
        return go(f"{PAGE}?done=declined")

    async def _show(self, request: web.Request, refused: Conflict | Invalid | None = None) -> web.Response:
        return await self._office.show(
            request,
            "plan",
            status=refused.status if refused else 200,
            plan=await self._planning.of_site(who_is(request)),
            refused=refused.message if refused else "",
            done=request.query.get("done", ""),
        )
