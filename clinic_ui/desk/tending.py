"""What a doctor says of a follow-up: this person came, did not come; or it is withdrawn, and why."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import read_form
from server.kernel.ids import AppointmentId, PromiseId
from server.kernel.words import N_
from server.scheduler.promises.rules import WithdrawReason
from server.scheduler.promises.service import Promises
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

PAGE = "/desk/follow-ups"


class Came(msgspec.Struct, frozen=True):
    """Whether the person came, and the version that was seen."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 2)]
    came: bool


class Withdrawing(msgspec.Struct, frozen=True):
    """Why nobody will keep it."""

    reason: Annotated[WithdrawReason, Meta(description=N_("Choisissez pourquoi."))]


class TendingForms:
    """The forms on the page of follow-ups; each leads back there."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises

    def routes(self) -> Routes:
        """Return where these forms go."""
        return [
            ("POST", f"{PAGE}/appointments/{{appointment_id}}", self.mark),
            ("POST", f"{PAGE}/{{promise_id}}/withdraw", self.withdraw),
        ]

    async def mark(self, request: web.Request) -> web.Response:
        """POST /desk/follow-ups/appointments/{appointment_id}: seen, or not come."""
        said = await read_form(request, Came)
        appointment = AppointmentId(path_id(request, "appointment_id"))
        await self._promises.mark(who_is(request), appointment, said.version, came=said.came)
        return _back("seen" if said.came else "missed")

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST /desk/follow-ups/{promise_id}/withdraw: with a reason."""
        said = await read_form(request, Withdrawing)
        await self._promises.withdraw(who_is(request), PromiseId(path_id(request, "promise_id")), said.reason)
        return _back("withdrawn")


def _back(done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{PAGE}?done={done}", "Cache-Control": "no-store"})
