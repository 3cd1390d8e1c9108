"""One follow-up beside its booking: whom it waits for, screen or in person, withdrawing it; and who came in person."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.follow_ups import CONCERNS, WITHDRAW_REASONS
from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import Office, appointment_id, go, promise_id
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.words import N_
from server.records.rules.note import SERIES_MOST, SERIES_STEP_MAX_DAYS
from server.scheduler.promises.rules import WithdrawReason
from server.scheduler.promises.service import Promises
from server.scheduler.series.service import Series
from server.web.keys import who_is
from server.web.routes import Routes


class Withdrawing(msgspec.Struct, frozen=True):
    """Why nobody will keep it."""

    reason: Annotated[WithdrawReason, Meta(description=N_("Choisissez pourquoi."))]


class Came(msgspec.Struct, frozen=True):
    """The version that was seen."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 2)]


class Repeating(msgspec.Struct, frozen=True):
    """How often, and every how many days."""

    every_days: Annotated[int, Meta(ge=1, le=SERIES_STEP_MAX_DAYS, description=N_("Entre 1 et 180 jours."))]
    times: Annotated[int, Meta(ge=2, le=SERIES_MOST, description=N_("Entre 2 et 30 fois."))]


class TendingPages:
    """The page of one promise, and the mark of one appointment."""

    def __init__(self, office: Office, promises: Promises, series: Series) -> None:
        self._office = office
        self._promises = promises
        self._series = series

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/promises/{promise_id}/care", self.page),
            ("POST", "/office/promises/{promise_id}/withdraw", self.withdraw),
            ("POST", "/office/promises/{promise_id}/repeat", self.repeat),
            ("POST", "/office/appointments/{appointment_id}/seen", self.seen),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/promises/{promise_id}/care"""
        return await self._page(request)

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST /office/promises/{promise_id}/withdraw: with a reason; its appointment is cancelled too."""
        try:
            said = await read_form(request, Withdrawing)
            await self._promises.withdraw(who_is(request), promise_id(request), said.reason)
        except (Conflict, Invalid) as refused:
            return await self._page(request, refused)
        return go(f"/office/promises/{promise_id(request)}/care?done=1")

    async def repeat(self, request: web.Request) -> web.Response:
        """POST /office/promises/{promise_id}/repeat: the follow-up becomes the first of a series."""
        try:
            said = await read_form(request, Repeating)
            series = await self._series.repeat(who_is(request), promise_id(request), said.every_days, said.times)
        except (Conflict, Invalid) as refused:
            return await self._page(request, refused)
        return go(f"/office/series/{series}?done=made")

    async def seen(self, request: web.Request) -> web.Response:
        """POST /office/appointments/{appointment_id}/seen: the person came, and the promise is kept."""
        said = await read_form(request, Came)
        await self._promises.mark(who_is(request), appointment_id(request), said.version, came=True)
        return go(f"/office/appointments/{appointment_id(request)}?done=seen")

    async def _page(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        who, promise = who_is(request), promise_id(request)
        return await self._office.show(
            request,
            "promise_care",
            status=refused.status if refused else 200,
            line=await self._office.view.promise(who, promise),
            care=await self._promises.care(who, promise),
            concerns=CONCERNS,
            reasons=WITHDRAW_REASONS,
            refused=refused.message if refused else "",
            errors=refused.fields if refused else {},
            given=await answers(request) if refused else {},
            done=request.query.get("done", ""),
        )
