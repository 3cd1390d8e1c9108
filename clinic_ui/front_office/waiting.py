"""The waiting list at the front office: who waits for an earlier moment, who is asked just now, and their answers."""

from datetime import date
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.follow_ups import WEEKDAYS
from clinic_ui.front_office.office import Office, go, promise_id
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.ids import WaitingEntryId, WaitingOfferId
from server.kernel.words import N_
from server.scheduler.rules.search import PartOfDay
from server.scheduler.waiting.rules import Wish
from server.scheduler.waiting.service import WaitingList
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

LIST = "/office/waiting"


class Wanted(msgspec.Struct, frozen=True):
    """What the person would take."""

    from_on: Annotated[date, Meta(description=N_("Écrivez une date : jour, mois, année."))]
    until_on: Annotated[date, Meta(description=N_("Écrivez une date : jour, mois, année."))]
    weekday: list[Annotated[int, Meta(ge=0, le=6)]] = []
    part: PartOfDay | None = None
    same_doctor: bool = False


class Answered(msgspec.Struct, frozen=True):
    """What the person said by telephone."""

    yes: Annotated[bool, Meta(description=N_("Choisissez une des réponses."))]


class WaitingPages:
    """The list, the form that puts somebody on it, and the answers."""

    def __init__(self, office: Office, waiting: WaitingList) -> None:
        self._office = office
        self._waiting = waiting

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", LIST, self.page),
            ("GET", "/office/promises/{promise_id}/waiting", self.ask),
            ("POST", "/office/promises/{promise_id}/waiting", self.add),
            ("POST", f"{LIST}/{{entry_id}}/withdraw", self.withdraw),
            ("POST", f"{LIST}/{{entry_id}}/restore", self.restore),
            ("POST", f"{LIST}/offers/{{offer_id}}", self.answer),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/waiting: who is asked just now, who waits, and who was taken off of late."""
        return await self._list(request)

    async def ask(self, request: web.Request) -> web.Response:
        """GET /office/promises/{promise_id}/waiting: on which days, when, and with whom?"""
        return await self._form(request)

    async def add(self, request: web.Request) -> web.Response:
        """POST /office/promises/{promise_id}/waiting"""
        line = await self._office.view.promise(who_is(request), promise_id(request))
        try:
            said = await read_form(request, Wanted)
            days = sum(1 << day for day in set(said.weekday))
            doctor = line.practitioner.id if said.same_doctor else None
            wish = Wish(said.from_on, said.until_on, days, said.part, doctor)
            await self._waiting.add(who_is(request), line.id, wish)
        except (Conflict, Invalid) as refused:
            return await self._form(request, refused)
        return go(f"{LIST}?done=added")

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST /office/waiting/{entry_id}/withdraw: can be undone for a week."""
        return await self._change(request, restore=False)

    async def restore(self, request: web.Request) -> web.Response:
        """POST /office/waiting/{entry_id}/restore"""
        return await self._change(request, restore=True)

    async def answer(self, request: web.Request) -> web.Response:
        """POST /office/waiting/offers/{offer_id}: yes or no, said by telephone."""
        try:
            said = await read_form(request, Answered)
            offer_id = WaitingOfferId(path_id(request, "offer_id"))
            booked = await self._waiting.answer(who_is(request), offer_id, yes=said.yes)
        except (Conflict, Invalid) as refused:
            return await self._list(request, refused)
        return go(f"/office/appointments/{booked}?done=booked" if booked else f"{LIST}?done=declined")

    async def _change(self, request: web.Request, *, restore: bool) -> web.Response:
        entry_id = WaitingEntryId(path_id(request, "entry_id"))
        act = self._waiting.restore if restore else self._waiting.withdraw
        try:
            await act(who_is(request), entry_id)
        except Conflict as refused:
            return await self._list(request, refused)
        return go(f"{LIST}?done={'restored' if restore else 'withdrawn'}")

    async def _list(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        return await self._office.show(
            request,
            "waiting",
            status=refused.status if refused else 200,
            lines=await self._waiting.lines(who_is(request)),
            weekdays=WEEKDAYS,
            refused=refused.message if refused else "",
            done=request.query.get("done", ""),
        )

    async def _form(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        line = await self._office.view.promise(who_is(request), promise_id(request))
        form = await request.post()
        return await self._office.show(
            request,
            "waiting_form",
            status=refused.status if refused else 200,
            line=line,
            weekdays=WEEKDAYS,
            chosen=[str(day) for day in form.getall("weekday", [])] if refused else list("0123456"),
            given=await answers(request) if refused else {},
            errors=refused.fields if refused else {},
            refused=refused.message if refused else "",
        )
