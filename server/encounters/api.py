"""Visits over JSON: read the words, call one service method, shape the answer."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from aiohttp import web

from server.encounters.quality_rules import Report, Spread, side_of
from server.encounters.rules import Accompanied, CancelReason, ConsentMode, IncidentKind, Reason, RedFlag
from server.encounters.service import Beginning, Calls, ConsentSaid, Duty, FrontOffice, Intake, Placement, Queue
from server.encounters.views import CabinVisit
from server.kernel.ids import AppointmentId, CabinId, EncounterId, PatientId
from server.web.keys import who_is
from server.web.routes import View
from server.web.wire import Wire, path_id, read, reply
from signalling.ladder import Rung
from signalling.protocol import Page, Seat


class Arrival(Wire, frozen=True):
    """Who comes: recognised before by their code or name."""

    patient_id: PatientId
    accompanied: Accompanied = Accompanied.ALONE
    companion: str = ""
    locale: str = "fr"
    appointment_id: AppointmentId | None = None


class ReasonSaid(Wire, frozen=True):
    """Why the patient comes."""

    reason: Reason
    words: str = ""


class FlagsSaid(Wire, frozen=True):
    """Answers to some or all of the four questions."""

    flags: dict[RedFlag, bool]


class ConsentBody(Wire, frozen=True):
    """The answer to the consent question."""

    given: bool
    text_version: str
    mode: ConsentMode = ConsentMode.TOUCH
    witness: str = ""


class Pressed(Wire, frozen=True):
    """Where « Prendre » was pressed: the exchange's names of that page's connection and of its call."""

    connection: str = ""
    page: Page = ""


class Leaving(Wire, frozen=True):
    """Why the patient leaves."""

    reason: CancelReason = CancelReason.GAVE_UP


class Goodbye(Wire, frozen=True):
    """The smiley, 1 to 3, or none."""

    face: int | None = None


class IncidentSaid(Wire, frozen=True):
    """What went wrong in the call, and for how many seconds."""

    kind: IncidentKind
    seconds: int = 0


class QualitySaid(Wire, frozen=True):
    """What an end says of its call so far; each pair is what half and what 95 % of the seconds did not exceed."""

    id: UUID
    seconds: dict[Rung, int]
    weak: dict[Literal["mine", "theirs", "both"], int]
    cuts: int
    cut_for: int
    delay: tuple[int, int]
    jitter: tuple[int, int]
    lost: tuple[int, int]
    hidden: tuple[int, int]

    def report(self, seat: Seat) -> Report:
        """Return it in the words of the visit: a side is the cabin's or the doctor's."""
        return Report(
            self.id,
            self.seconds,
            {side_of(whose, seat): seconds for whose, seconds in self.weak.items()},
            self.cuts,
            self.cut_for,
            Spread(*self.delay),
            Spread(*self.jitter),
            Spread(*self.lost),
            Spread(*self.hidden),
        )


class DutySaid(Wire, frozen=True):
    """« Je suis là », or not."""

    here: bool


class PlacementBody(Wire, frozen=True):
    """A patient for the queue, with the consent that the worker heard."""

    patient_id: PatientId
    cabin_id: CabinId
    reason: Reason
    flags: dict[RedFlag, bool]
    consent_given: bool
    text_version: str
    words: str = ""
    urgent_acknowledged: bool = False
    accompanied: Accompanied = Accompanied.ALONE
    companion: str = ""
    locale: str = "fr"
    appointment_id: AppointmentId | None = None


@dataclass(frozen=True, slots=True)
class CabinApi:
    """The routes of the cabin. Each answers with the visit that is in it afterwards."""

    intake: Intake
    calls: Calls

    async def visit(self, request: web.Request) -> web.Response:
        """GET /api/cabin/visit"""
        return _visit(await self.intake.current(who_is(request)))

    async def arrive(self, request: web.Request) -> web.Response:
        """POST /api/cabin/arrive"""
        body = await read(request, Arrival)
        beginning = Beginning(body.patient_id, body.accompanied, body.companion, body.locale, body.appointment_id)
        encounter_id = await self.intake.arrive(who_is(request), beginning)
        return reply({"encounter_id": encounter_id}, 201)

    async def reason(self, request: web.Request) -> web.Response:
        """POST /api/cabin/reason"""
        body = await read(request, ReasonSaid)
        return _visit(await self.intake.say_reason(who_is(request), body.reason, body.words))

    async def flags(self, request: web.Request) -> web.Response:
        """POST /api/cabin/flags"""
        body = await read(request, FlagsSaid)
        return _visit(await self.intake.answer_flags(who_is(request), body.flags))

    async def go_on(self, request: web.Request) -> web.Response:
        """POST /api/cabin/go-on"""
        return _visit(await self.intake.go_on(who_is(request)))

    async def consent(self, request: web.Request) -> web.Response:
        """POST /api/cabin/consent"""
        body = await read(request, ConsentBody)
        said = ConsentSaid(body.given, body.text_version, body.mode, body.witness)
        return _visit(await self.intake.consent(who_is(request), said))

    async def leave(self, request: web.Request) -> web.Response:
        """POST /api/cabin/leave"""
        return _visit(await self.intake.leave(who_is(request), (await read(request, Leaving)).reason))

    async def step_out(self, request: web.Request) -> web.Response:
        """POST /api/cabin/step-out"""
        return _visit(await self.intake.step_out(who_is(request)))

    async def come_back(self, request: web.Request) -> web.Response:
        """POST /api/cabin/come-back"""
        return _visit(await self.intake.come_back(who_is(request)))

    async def goodbye(self, request: web.Request) -> web.Response:
        """POST /api/cabin/goodbye"""
        return _visit(await self.intake.goodbye(who_is(request), (await read(request, Goodbye)).face))

    async def seat(self, request: web.Request) -> web.Response:
        """POST /api/cabin/seat"""
        return reply({"ticket": await self.calls.seat_ticket(who_is(request))}, 201)

    async def connected(self, request: web.Request) -> web.Response:
        """POST /api/cabin/connected"""
        await self.calls.connected(who_is(request))
        return reply({})

    async def hang_up(self, request: web.Request) -> web.Response:
        """POST /api/cabin/hang-up"""
        await self.calls.hang_up(who_is(request))
        return reply({})

    async def incident(self, request: web.Request) -> web.Response:
        """POST /api/cabin/incidents"""
        body = await read(request, IncidentSaid)
        await self.calls.incident(who_is(request), body.kind, body.seconds)
        return reply({}, 201)

    async def quality(self, request: web.Request) -> web.Response:
        """POST /api/cabin/quality"""
        body = await read(request, QualitySaid)
        await self.calls.quality(who_is(request), body.report(Seat.PATIENT))
        return reply({})


@dataclass(frozen=True, slots=True)
class DeskApi:
    """The routes of the doctor's desk."""

    queue: Queue
    calls: Calls
    duty: Duty

    async def waiting(self, request: web.Request) -> web.Response:
        """GET /api/queue"""
        return reply({"queue": await self.queue.waiting(who_is(request))})

    async def visit(self, request: web.Request) -> web.Response:
        """GET /api/desk/visit"""
        return reply({"visit": await self.queue.desk_visit(who_is(request))})

    async def lobby(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/lobby: the doctor reads the card of who waits"""
        return reply({"ticket": await self.calls.lobby_ticket(who_is(request), _encounter_id(request))}, 201)

    async def claim(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/claim"""
        body = await read(request, Pressed) if request.can_read_body else Pressed()
        given = await self.queue.claim(who_is(request), _encounter_id(request), body.connection, body.page)
        return reply({"encounter_id": given.encounter.id, "fence": given.encounter.fence, "ticket": given.ticket}, 201)

    async def release(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/release"""
        await self.queue.release(who_is(request), _encounter_id(request))
        return reply({})

    async def ring(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/ring"""
        return reply({"ticket": await self.queue.ring(who_is(request), _encounter_id(request))}, 201)

    async def hang_up(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/hang-up"""
        await self.calls.hang_up(who_is(request), _encounter_id(request))
        return reply({})

    async def seat(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/seat"""
        return reply({"ticket": await self.calls.seat_ticket(who_is(request), _encounter_id(request))}, 201)

    async def connected(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/connected"""
        await self.calls.connected(who_is(request), _encounter_id(request))
        return reply({})

    async def incident(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/incidents"""
        body = await read(request, IncidentSaid)
        await self.calls.incident(who_is(request), body.kind, body.seconds, _encounter_id(request))
        return reply({}, 201)

    async def quality(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/quality"""
        body = await read(request, QualitySaid)
        await self.calls.quality(who_is(request), body.report(Seat.PRACTITIONER), _encounter_id(request))
        return reply({})

    async def say_duty(self, request: web.Request) -> web.Response:
        """POST /api/duty"""
        if not (await read(request, DutySaid)).here:
            await self.duty.away(who_is(request))
            return reply({"duty": None})
        return reply({"duty": await self.duty.here(who_is(request))})


@dataclass(frozen=True, slots=True)
class OfficeApi:
    """The routes of the front office."""

    office: FrontOffice

    async def put(self, request: web.Request) -> web.Response:
        """POST /api/office/queue"""
        body = await read(request, PlacementBody)
        placement = Placement(
            Beginning(body.patient_id, body.accompanied, body.companion, body.locale, body.appointment_id),
            body.cabin_id,
            body.reason,
            body.consent_given,
            body.text_version,
            body.words,
            body.flags,
            body.urgent_acknowledged,
        )
        return reply({"encounter_id": await self.office.put_in_queue(who_is(request), placement)}, 201)


def routes(intake: Intake, queue: Queue, calls: Calls, duty: Duty, office: FrontOffice) -> list[tuple[str, str, View]]:
    """Return `(method, path, view)` of all routes of the visits."""
    cabin, desk, front = CabinApi(intake, calls), DeskApi(queue, calls, duty), OfficeApi(office)
    visit = "/api/encounters/{encounter_id}"
    return [
        ("GET", "/api/cabin/visit", cabin.visit),
        ("POST", "/api/cabin/arrive", cabin.arrive),
        ("POST", "/api/cabin/reason", cabin.reason),
        ("POST", "/api/cabin/flags", cabin.flags),
        ("POST", "/api/cabin/go-on", cabin.go_on),
        ("POST", "/api/cabin/consent", cabin.consent),
        ("POST", "/api/cabin/leave", cabin.leave),
        ("POST", "/api/cabin/step-out", cabin.step_out),
        ("POST", "/api/cabin/come-back", cabin.come_back),
        ("POST", "/api/cabin/goodbye", cabin.goodbye),
        ("POST", "/api/cabin/seat", cabin.seat),
        ("POST", "/api/cabin/connected", cabin.connected),
        ("POST", "/api/cabin/hang-up", cabin.hang_up),
        ("POST", "/api/cabin/incidents", cabin.incident),
        ("POST", "/api/cabin/quality", cabin.quality),
        ("GET", "/api/queue", desk.waiting),
        ("GET", "/api/desk/visit", desk.visit),
        ("POST", "/api/duty", desk.say_duty),
        ("POST", f"{visit}/lobby", desk.lobby),
        ("POST", f"{visit}/claim", desk.claim),
        ("POST", f"{visit}/release", desk.release),
        ("POST", f"{visit}/ring", desk.ring),
        ("POST", f"{visit}/hang-up", desk.hang_up),
        ("POST", f"{visit}/seat", desk.seat),
        ("POST", f"{visit}/connected", desk.connected),
        ("POST", f"{visit}/incidents", desk.incident),
        ("POST", f"{visit}/quality", desk.quality),
        ("POST", "/api/office/queue", front.put),
    ]


def _encounter_id(request: web.Request) -> EncounterId:
    return EncounterId(path_id(request, "encounter_id"))


def _visit(visit: CabinVisit | None) -> web.Response:
    return reply({"visit": visit})
