"""Follow-ups in the territory: where they wait, and handing over what somebody had promised. No patient is named."""

from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.forms import answers, read_form
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.ids import HandoverId
from server.kernel.words import N_
from server.scheduler.promises.handing import Handing
from server.scheduler.promises.rules import HandoverKind
from server.scheduler.promises.service import Promises
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

PAGE = "/coordination/promises"
_CHOOSE = N_("Choisissez une personne.")


class Given(msgspec.Struct, frozen=True):
    """Who gives, and who takes."""

    from_id: Annotated[UUID, Meta(description=_CHOOSE)]
    to_id: Annotated[UUID, Meta(description=_CHOOSE)]


class PromisePages:
    """The coordinator's page of follow-ups."""

    def __init__(self, promises: Promises, handing: Handing) -> None:
        self._promises = promises
        self._handing = handing

    def routes(self) -> Routes:
        """Return the routes of the page."""
        return [
            ("GET", PAGE, self.page),
            ("POST", f"{PAGE}/hand-over", self.hand_over),
            ("POST", f"{PAGE}/handovers/{{handover_id}}/undo", self.undo),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination/promises"""
        return await self._page(request)

    async def hand_over(self, request: web.Request) -> web.Response:
        """POST /coordination/promises/hand-over: everything of one goes to the other, in one act."""
        try:
            said = await read_form(request, Given)
            await self._handing.hand_over(who_is(request), said.from_id, said.to_id)
        except (Conflict, Invalid) as refused:
            return await self._page(request, refused)
        return _back("handed-over")

    async def undo(self, request: web.Request) -> web.Response:
        """POST /coordination/promises/handovers/{handover_id}/undo"""
        try:
            await self._handing.undo(who_is(request), HandoverId(path_id(request, "handover_id")))
        except Conflict as refused:
            return await self._page(request, refused)
        return _back("undone")

    async def _page(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        who, locale = who_is(request), look_of(request).locale
        people = await self._handing.people(who)
        return render(
            request,
            "coordination/promises.html",
            status=refused.status if refused else 200,
            title=i18n.translate(locale, N_("Suivis du territoire")),
            lines=await self._promises.board(who),
            people=people,
            doctors=[one for one in people if one.kind is HandoverKind.PRACTITIONER],
            workers=[one for one in people if one.kind is HandoverKind.HEALTH_WORKER],
            past=await self._handing.past(who),
            given=await answers(request) if refused else {},
            refused=i18n.translate(locale, refused.message) if refused else "",
            errors=refused.fields if refused else {},
            done=request.query.get("done", ""),
        )


def _back(done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{PAGE}?done={done}", "Cache-Control": "no-store"})
