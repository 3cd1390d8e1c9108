"""Follow-ups over JSON: read the words, call one service method, shape the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from server.kernel.errors import Invalid, NotFound
from server.kernel.ids import (
    AppointmentId,
    CabinId,
    EncounterId,
    HealthWorkerId,
    InstrumentId,
    PractitionerId,
    PromiseId,
)
from server.kernel.words import N_
from server.scheduler.rules.overbooking import OverbookReason
from server.scheduler.rules.search import PartOfDay
from server.scheduler.service.closing import Closing
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import CancelReason, Choice, Proposals, SlotTaken
from server.web.keys import LOCALE, TRANSLATE, who_is
from server.web.routes import View
from server.web.wire import Wire, path_id, read, reply

T = TypeVar("T")
Version = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 2)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class SignSaid(Wire, frozen=True):
    """The versions of note and prescription that the doctor has read and signs; 0: no prescription."""

    row_ver: Version
    prescription_ver: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 2)] = 0


class ChoiceSaid(Wire, frozen=True):
    """One of the proposals, sent back."""

    starts_at: Instant
    practitioner_id: PractitionerId
    cabin_id: CabinId | None = None
    health_worker_id: HealthWorkerId | None = None
    instrument_id: InstrumentId | None = None

    def choice(self) -> Choice:
        """Return it as the service takes it."""
        return Choice(self.starts_at, self.practitioner_id, self.cabin_id, self.health_worker_id, self.instrument_id)


class MoveSaid(Wire, frozen=True):
    """Where an appointment goes, and the version that was seen."""

    version: Version
    choice: ChoiceSaid


class CancelSaid(Wire, frozen=True):
    """Why an appointment is cancelled, and the version that was seen."""

    version: Version
    reason: CancelReason = CancelReason.PATIENT


class LateSaid(Wire, frozen=True):
    """By how many minutes somebody comes late, null to take it back, and the version that was seen."""

    version: Version
    minutes: int | None = None


class OverbookSaid(Wire, frozen=True):
    """A moment at which the doctor is taken, and why one more person is seen then."""

    choice: ChoiceSaid
    reason: OverbookReason


class VersionSaid(Wire, frozen=True):
    """The version that was seen."""

    version: Version


@dataclass(frozen=True, slots=True)
class FollowUpApi:
    """The routes of follow-ups and of the end of a visit."""

    follow_ups: FollowUps
    closing: Closing

    async def sign(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/sign"""
        sent = await read(request, SignSaid)
        encounter_id = EncounterId(path_id(request, "encounter_id"))
        closed = await self.closing.sign(who_is(request), encounter_id, sent.row_ver, sent.prescription_ver)
        return reply(closed)

    async def proposals(self, request: web.Request) -> web.Response:
        """GET /api/promises/{promise_id}/proposals?part=morning&after=…&wide=1"""
        return reply(await self._proposals(request, _promise(request)))

    async def book(self, request: web.Request) -> web.Response:
        """POST /api/promises/{promise_id}/book"""
        return await self._book(request, _promise(request))

    async def hold(self, request: web.Request) -> web.Response:
        """POST /api/promises/{promise_id}/hold: five minutes to say yes or no."""
        choice = (await read(request, ChoiceSaid)).choice()

        async def hold() -> object:
            return await self.follow_ups.hold(who_is(request), _promise(request), choice)

        return await _or_fresh(request, hold, 201)

    async def confirm(self, request: web.Request) -> web.Response:
        """POST /api/holds/{appointment_id}/confirm: yes. Again gives the same answer."""
        sent = await read(request, VersionSaid)

        async def confirm() -> object:
            return {
                "appointment_id": await self.follow_ups.confirm(who_is(request), _appointment(request), sent.version)
            }

        return await _or_fresh(request, confirm, 200)

    async def let_go(self, request: web.Request) -> web.Response:
        """POST /api/holds/{appointment_id}/let-go: no."""
        sent = await read(request, VersionSaid)
        await self.follow_ups.let_go(who_is(request), _appointment(request), sent.version)
        return reply({"noted": True})

    async def call_back(self, request: web.Request) -> web.Response:
        """POST /api/promises/{promise_id}/call-back"""
        await self.follow_ups.call_me_back(who_is(request), _promise(request))
        return reply({"noted": True})

    async def cabin_proposals(self, request: web.Request) -> web.Response:
        """GET /api/cabin/proposals: of the visit that sits in the caller's cabin."""
        return reply(await self._proposals(request, await self._visits_promise(request)))

    async def cabin_book(self, request: web.Request) -> web.Response:
        """POST /api/cabin/book"""
        return await self._book(request, await self._visits_promise(request))

    async def cabin_call_back(self, request: web.Request) -> web.Response:
        """POST /api/cabin/call-back"""
        await self.follow_ups.call_me_back(who_is(request), await self._visits_promise(request))
        return reply({"noted": True})

    async def cabin_expected(self, request: web.Request) -> web.Response:
        """GET /api/cabin/appointment"""
        return reply({"appointment": await self.follow_ups.for_cabin(who_is(request))})

    async def day(self, request: web.Request) -> web.Response:
        """GET /api/office/day?on=2026-10-20"""
        on = _read_query(request, "on", date.fromisoformat)
        if on is None:
            raise _unreadable("on")
        return reply({"on": on, "appointments": await self.follow_ups.day_sheet(who_is(request), on)})

    async def promises(self, request: web.Request) -> web.Response:
        """GET /api/office/promises and GET /api/desk/promises"""
        return reply({"promises": await self.follow_ups.due(who_is(request))})

    async def upcoming(self, request: web.Request) -> web.Response:
        """GET /api/desk/upcoming"""
        return reply({"appointments": await self.follow_ups.upcoming(who_is(request))})

    async def move(self, request: web.Request) -> web.Response:
        """POST /api/appointments/{appointment_id}/move"""
        sent = await read(request, MoveSaid)

        async def move() -> object:
            choice = sent.choice.choice()
            return {"version": await self.follow_ups.move(who_is(request), _appointment(request), sent.version, choice)}

        return await _or_fresh(request, move, 200)

    async def late(self, request: web.Request) -> web.Response:
        """POST /api/appointments/{appointment_id}/late"""
        sent = await read(request, LateSaid)
        version = await self.follow_ups.say_late(who_is(request), _appointment(request), sent.version, sent.minutes)
        return reply({"version": version})

    async def overbook(self, request: web.Request) -> web.Response:
        """POST /api/promises/{promise_id}/overbook: beside another appointment, with a reason."""
        sent = await read(request, OverbookSaid)
        choice = sent.choice.choice()
        booked = await self.follow_ups.overbook(who_is(request), _promise(request), choice, sent.reason)
        return reply({"appointment_id": booked}, 201)

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /api/appointments/{appointment_id}/cancel"""
        sent = await read(request, CancelSaid)
        return reply(await self.follow_ups.cancel(who_is(request), _appointment(request), sent.version, sent.reason))

    async def miss(self, request: web.Request) -> web.Response:
        """POST /api/appointments/{appointment_id}/miss"""
        sent = await read(request, VersionSaid)
        await self.follow_ups.miss(who_is(request), _appointment(request), sent.version)
        return reply({"noted": True})

    async def _proposals(self, request: web.Request, promise_id: PromiseId) -> Proposals:
        part = _read_query(request, "part", PartOfDay)
        wide = request.query.get("wide") == "1"
        after = request.query.get("after")
        return await self.follow_ups.proposals(who_is(request), promise_id, part, after, wide=wide)

    async def _book(self, request: web.Request, promise_id: PromiseId) -> web.Response:
        choice = (await read(request, ChoiceSaid)).choice()
        key = request.headers.get("Idempotency-Key", "")

        async def book() -> object:
            return {"appointment_id": await self.follow_ups.book(who_is(request), promise_id, choice, key)}

        return await _or_fresh(request, book, 201)

    async def _visits_promise(self, request: web.Request) -> PromiseId:
        line = await self.follow_ups.of_visit(who_is(request))
        if line is None:
            raise NotFound(N_("Le médecin n’a pas demandé de suivi pour cette visite."))
        return line.id


async def _or_fresh(request: web.Request, act: Callable[[], Awaitable[object]], status: int) -> web.Response:
    """Return what `act` gives; when somebody was faster, the refusal with the fresh proposals beside it."""
    try:
        return reply(await act(), status)
    except SlotTaken as taken:
        message = request.app[TRANSLATE](request[LOCALE], taken.message, taken.params)
        error = {"code": taken.code, "message": message, "fields": {}}
        return reply({"error": error, "proposals": taken.proposals}, taken.status)


def _read_query(request: web.Request, name: str, kind: Callable[[str], T]) -> T | None:
    """Return a query parameter, None when it is absent; raise Invalid when it makes no sense."""
    if not (text := request.query.get(name, "")):
        return None
    try:
        return kind(text)
    except ValueError:
        raise _unreadable(name) from None


def _unreadable(name: str) -> Invalid:
    sentence = N_("Cette information n’a pas la bonne forme.")
    return Invalid(N_("Une information n’a pas la bonne forme."), fields={name: sentence})


def _promise(request: web.Request) -> PromiseId:
    return PromiseId(path_id(request, "promise_id"))


def _appointment(request: web.Request) -> AppointmentId:
    return AppointmentId(path_id(request, "appointment_id"))


def routes(follow_ups: FollowUps, closing: Closing) -> list[tuple[str, str, View]]:
    """Return the routes of this subject."""
    api = FollowUpApi(follow_ups, closing)
    return [
        ("POST", "/api/encounters/{encounter_id}/sign", api.sign),
        ("GET", "/api/promises/{promise_id}/proposals", api.proposals),
        ("POST", "/api/promises/{promise_id}/book", api.book),
        ("POST", "/api/promises/{promise_id}/hold", api.hold),
        ("POST", "/api/holds/{appointment_id}/confirm", api.confirm),
        ("POST", "/api/holds/{appointment_id}/let-go", api.let_go),
        ("POST", "/api/promises/{promise_id}/call-back", api.call_back),
        ("GET", "/api/cabin/proposals", api.cabin_proposals),
        ("POST", "/api/cabin/book", api.cabin_book),
        ("POST", "/api/cabin/call-back", api.cabin_call_back),
        ("GET", "/api/cabin/appointment", api.cabin_expected),
        ("GET", "/api/office/day", api.day),
        ("GET", "/api/office/promises", api.promises),
        ("GET", "/api/desk/promises", api.promises),
        ("GET", "/api/desk/upcoming", api.upcoming),
        ("POST", "/api/appointments/{appointment_id}/move", api.move),
        ("POST", "/api/appointments/{appointment_id}/late", api.late),
        ("POST", "/api/promises/{promise_id}/overbook", api.overbook),
        ("POST", "/api/appointments/{appointment_id}/cancel", api.cancel),
        ("POST", "/api/appointments/{appointment_id}/miss", api.miss),
    ]
