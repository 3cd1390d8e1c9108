"""The page behind a reminder’s link: when and where, saying no, and no more reminders. No name stands there."""

from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.forms import read_form
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.errors import ClinicError, Conflict
from server.kernel.words import N_
from server.scheduler.reminders.service import Page, Reminders
from server.scheduler.waiting.service import WaitingList
from server.web.routes import Routes


class Answer(StrEnum):
    """What somebody says by the link."""

    DECLINE = "decline"
    STOP = "stop"
    YES = "yes"
    """To a moment that is offered."""
    NO = "no"


class _Said(msgspec.Struct, frozen=True):
    answer: Annotated[Answer, Meta(description=N_("Choisissez une des réponses."))]


class AnswerPages:
    """One page, one purpose: who has the link may free this moment or stop these reminders, and learns nothing else."""

    def __init__(self, reminders: Reminders, waiting: WaitingList) -> None:
        self._reminders = reminders
        self._waiting = waiting

    def routes(self) -> Routes:
        """Return the routes of the page."""
        return [("GET", "/rdv/{token}", self.page), ("POST", "/rdv/{token}", self.answer)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /rdv/{token}: shows and asks; programs that open links change nothing."""
        page = await self._page(request)
        return self._draw(request, page, request.query.get("done", ""))

    async def answer(self, request: web.Request) -> web.Response:
        """POST /rdv/{token}: after « oui, annuler », or « plus de rappels »."""
        token, remote = request.match_info["token"], request.remote or "?"
        said = await read_form(request, _Said)
        try:
            if said.answer in (Answer.YES, Answer.NO):
                held = await self._reminders.offered(token, remote)
                await self._waiting.answer_by_link(held, yes=said.answer is Answer.YES)
            elif said.answer is Answer.DECLINE:
                await self._reminders.decline(token, remote)
            else:
                await self._reminders.stop(token, remote)
        except Conflict as changed:
            return self._draw(request, await self._page(request), "", changed)
        location = f"/rdv/{token}?done={said.answer.value}"
        return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})

    async def _page(self, request: web.Request) -> Page:
        return await self._reminders.page(request.match_info["token"], request.remote or "?")

    def _draw(self, request: web.Request, page: Page, done: str, changed: ClinicError | None = None) -> web.Response:
        locale = look_of(request).locale
        return render(
            request,
            "guest/answer.html",
            status=changed.status if changed else 200,
            title=i18n.translate(locale, N_("Un moment plus tôt") if page.is_offer else N_("Votre rendez-vous")),
            page=page,
            zone=ZoneInfo(page.meeting.zone),
            action=f"/rdv/{request.match_info['token']}",
            done=done,
            changed=i18n.translate(locale, changed.message) if changed else "",
        )
