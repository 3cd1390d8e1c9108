"""A series at the front office: each time with its moment, booked one by one or all at once; cancelled and stopped."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.follow_ups import WITHDRAW_REASONS
from clinic_ui.forms import read_form
from clinic_ui.front_office.follow_ups import EMPTY_WORDS
from clinic_ui.front_office.office import Office, go
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.ids import CabinId, HealthWorkerId, PractitionerId, PromiseId, SeriesId
from server.kernel.words import N_
from server.scheduler.promises.rules import WithdrawReason
from server.scheduler.series.service import Done, Series
from server.scheduler.service.views import CancelReason, Choice, Proposal
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

PAGE = "/office/series/{series_id}"


class Lines(msgspec.Struct, frozen=True):
    """Which times are booked: « promise instant doctor cabin helper », « - » for nobody."""

    line: Annotated[list[str], Meta(max_length=30, description=N_("Choisissez un des moments proposés."))]


class Cancelling(msgspec.Struct, frozen=True):
    """From which time on, and why."""

    number: Annotated[int, Meta(ge=1, le=30)]
    reason: Annotated[CancelReason, Meta(description=N_("Choisissez pourquoi."))]


class Stopping(msgspec.Struct, frozen=True):
    """Why it ends."""

    reason: Annotated[WithdrawReason, Meta(description=N_("Choisissez pourquoi."))]


class SeriesPages:
    """The page of one series."""

    def __init__(self, office: Office, series: Series) -> None:
        self._office = office
        self._series = series

    def routes(self) -> Routes:
        """Return the routes of the page."""
        return [
            ("GET", PAGE, self.page),
            ("POST", f"{PAGE}/book", self.book),
            ("POST", f"{PAGE}/cancel", self.cancel),
            ("POST", f"{PAGE}/stop", self.stop),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/series/{series_id}"""
        return await self._page(request)

    async def book(self, request: web.Request) -> web.Response:
        """POST /office/series/{series_id}/book: one line, or all that are shown."""
        try:
            chosen = [read_line(one) for one in (await read_form(request, Lines)).line]
            done = await self._series.book(who_is(request), _series_id(request), chosen)
        except (Conflict, Invalid) as refused:
            return await self._page(request, refused)
        return _told(request, "booked", done)

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /office/series/{series_id}/cancel: what is booked from one time on."""
        try:
            said = await read_form(request, Cancelling)
            done = await self._series.cancel_from(who_is(request), _series_id(request), said.number, said.reason)
        except (Conflict, Invalid) as refused:
            return await self._page(request, refused)
        return _told(request, "cancelled", done)

    async def stop(self, request: web.Request) -> web.Response:
        """POST /office/series/{series_id}/stop: nothing of it is to be booked any more."""
        try:
            said = await read_form(request, Stopping)
            done = await self._series.stop(who_is(request), _series_id(request), said.reason)
        except (Conflict, Invalid) as refused:
            return await self._page(request, refused)
        return _told(request, "stopped", done)

    async def _page(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        return await self._office.show(
            request,
            "series",
            status=refused.status if refused else 200,
            series=await self._series.view(who_is(request), _series_id(request)),
            refused=refused.message if refused else "",
            errors=refused.fields if refused else {},
            done=request.query.get("done", ""),
            count=_number(request, "count"),
            left=_number(request, "left"),
            written=written,
            empty_words=EMPTY_WORDS,
            reasons=WITHDRAW_REASONS,
        )


def written(promise_id: PromiseId, proposal: Proposal) -> str:
    """Return one line as the form sends it."""
    choice = proposal.choice
    named = (promise_id, choice.starts_at.isoformat(), choice.practitioner_id, choice.cabin_id, choice.health_worker_id)
    return " ".join("-" if one is None else str(one) for one in named)


def read_line(text: str) -> tuple[PromiseId, Choice]:
    """Return what a line of the form says, or raise Invalid."""
    try:
        promise, at, doctor, cabin, helper = text.split(" ")
        starts_at = datetime.fromisoformat(at)
        if starts_at.tzinfo is None:
            raise ValueError
        return PromiseId(UUID(promise)), Choice(
            starts_at,
            PractitionerId(UUID(doctor)),
            None if cabin == "-" else CabinId(UUID(cabin)),
            None if helper == "-" else HealthWorkerId(UUID(helper)),
        )
    except ValueError:
        raise Invalid(N_("Choisissez un des moments proposés.")) from None


def _told(request: web.Request, word: str, done: Done) -> web.Response:
    return go(f"/office/series/{_series_id(request)}?done={word}&count={done.changed}&left={done.left}")


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _series_id(request: web.Request) -> SeriesId:
    return SeriesId(path_id(request, "series_id"))
