"""The day sheet: who comes when, who waits in which cabin, and taking somebody out of the queue."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import read_form
from clinic_ui.front_office.office import HOME, Office, go, site_of
from clinic_ui.look import look_of
from clinic_ui.readiness import Shown, shown
from server.encounters.rules import CallStatus, CancelReason, EncounterStatus
from server.encounters.views import LineItem
from server.kernel.errors import Invalid, NotFound
from server.kernel.ids import EncounterId
from server.kernel.words import N_
from server.people.rules import Cabin
from server.records.rules.note import Modality
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.late import expected_at, may_be_said
from server.scheduler.service.views import AppointmentLine
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

FARTHEST = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment of the day sheet, and what can be done with it now."""

    line: AppointmentLine
    visit: LineItem | None
    state: str
    kind: str
    may_arrive: bool
    may_miss: bool
    may_be_late: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nobody is expected any more."""
        return self.line.status not in (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)


@dataclass(frozen=True, slots=True)
class Booth:
    """A cabin of the site: whether it is ready, who sits in it, and who waits for it."""

    cabin: Cabin
    ready: Shown
    seated: LineItem | None
    waiting: tuple[LineItem, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the site. `booths` only on the day itself."""

    on: date
    before: date
    after: date
    is_today: bool
    rows: tuple[Row, ...]
    booths: tuple[Booth, ...]


class OutReason(msgspec.Struct, frozen=True):
    """Why somebody leaves the queue before a doctor took them."""

    reason: Annotated[CancelReason, Meta(description=N_("Choisissez pourquoi."))]


STATE_WORDS = {
    AppointmentStatus.BOOKED: (N_("Prévu"), "info"),
    AppointmentStatus.ARRIVED: (N_("Arrivé(e)"), "brand"),
    AppointmentStatus.FULFILLED: (N_("Vu(e)"), "ok"),
    AppointmentStatus.CANCELLED: (N_("Annulé"), ""),
    AppointmentStatus.NOSHOW: (N_("Pas venu(e)"), "danger"),
}
WAITING, WITH_DOCTOR, INTAKE = N_("Attend le médecin"), N_("Avec le médecin"), N_("Répond aux questions")
AWAY, ENDING = N_("Sorti(e) un moment"), N_("Le médecin termine d’écrire")


class DayPages:
    """The first page of the front office."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of the day sheet."""
        return [
            ("GET", "/office", self.page),
            ("GET", "/office/day", self.piece),
            ("GET", "/office/visits/{encounter_id}/out", self.ask_out),
            ("POST", "/office/visits/{encounter_id}/out", self.take_out),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office?on=2026-10-20: today's sheet, or another day's."""
        done = request.query.get("done", "")
        return await self._office.show(request, "day", day=await self._day(request), done=done, item_state=item_state)

    async def piece(self, request: web.Request) -> web.Response:
        """GET /office/day?on=…: the living part, fetched again when something moved."""
        return await self._office.show(
            request, "day_sheet", piece=True, day=await self._day(request), item_state=item_state
        )

    async def ask_out(self, request: web.Request) -> web.Response:
        """GET /office/visits/{encounter_id}/out: why? On a page of its own, for the line moves while one chooses."""
        return await self._ask_out(request)

    async def take_out(self, request: web.Request) -> web.Response:
        """POST /office/visits/{encounter_id}/out: somebody goes before a doctor took them."""
        try:
            said = await read_form(request, OutReason)
        except Invalid as refused:
            return await self._ask_out(request, refused)
        await self._office.front_office.take_out(who_is(request), _visit_id(request), said.reason)
        return go(f"{HOME}?done=out")

    async def _ask_out(self, request: web.Request, refused: Invalid | None = None) -> web.Response:
        line = await self._office.front_office.line(who_is(request))
        item = next((one for one in line if one.encounter_id == _visit_id(request)), None)
        if item is None:
            raise NotFound(N_("Cette personne n’est plus dans la file."))
        errors = refused.fields if refused else {}
        return await self._office.show(request, "out", status=422 if refused else 200, item=item, errors=errors)

    async def _day(self, request: web.Request) -> Day:
        who = who_is(request)
        site = await self._office.places.site(who, site_of(who))
        now = self._office.now()
        today = now.astimezone(ZoneInfo(site.zone)).date()
        on = asked_day(request.query.get("on", ""), today)
        line = await self._office.front_office.line(who) if on == today else ()
        visits = {item.patient_id: item for item in line}
        sheet = await self._office.follow_ups.day_sheet(who, on)
        rows = tuple(row_of(one, visits.get(one.patient_id), now, is_today=on == today) for one in sheet)
        cabins = await self._office.places.cabins(who, site.id) if on == today else []
        booths = tuple(_booth(cabin, ready, line) for cabin, ready in await self._ready(request, cabins))
        return Day(on, on - timedelta(days=1), on + timedelta(days=1), on == today, rows, booths)

    async def _ready(self, request: web.Request, cabins: list[Cabin]) -> list[tuple[Cabin, Shown]]:
        known = await self._office.readiness.of_cabins(who_is(request), [one.id for one in cabins])
        locale, whom = look_of(request).locale, self._office.whom.support
        return [(one, shown(known[one.id], locale, whom)) for one in cabins]


def _visit_id(request: web.Request) -> EncounterId:
    return EncounterId(path_id(request, "encounter_id"))


def asked_day(text: str, today: date) -> date:
    """Return the day that an address names; one that makes no sense or lies far off means today."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return today
    return on if abs(on - today) <= FARTHEST else today


def row_of(line: AppointmentLine, visit: LineItem | None, now: datetime, *, is_today: bool) -> Row:
    """Return one appointment with its state in words and what can be done with it."""
    booked = line.status is AppointmentStatus.BOOKED
    expected = booked or line.status is AppointmentStatus.ARRIVED
    state, kind = STATE_WORDS.get(line.status, (line.status.value, ""))
    if visit is not None and expected:
        state, kind = item_state(visit)
    return Row(
        line,
        visit if expected else None,
        state,
        kind,
        may_arrive=booked and is_today and visit is None and line.modality is Modality.REMOTE,
        may_miss=booked and visit is None and expected_at(line.starts_at, line.late_min) <= now,
        may_be_late=booked and visit is None and may_be_said(line.starts_at, now),
    )


def item_state(item: LineItem) -> tuple[str, str]:
    """Return where somebody of the line stands, in words, and the kind of its tag."""
    if item.status is EncounterStatus.ARRIVED:
        return INTAKE, "info"
    if item.status is EncounterStatus.ON_LEAVE:
        return AWAY, ""
    if item.status is EncounterStatus.IN_PROGRESS:
        return (ENDING, "ok") if item.call is CallStatus.ENDED else (WITH_DOCTOR, "ok")
    return WAITING, "warn"


def _booth(cabin: Cabin, ready: Shown, line: tuple[LineItem, ...]) -> Booth:
    here = [item for item in line if item.cabin_id == cabin.id]
    seated = next((item for item in here if item.seated), None)
    return Booth(cabin, ready, seated, tuple(item for item in here if item is not seated))
