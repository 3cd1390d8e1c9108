"""Booking a follow-up: three moments in words, never a grid; and an appointment's own page: move, cancel, undo."""

from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.choosing import Chosen
from clinic_ui.desk.words import INSTRUMENTS, INSTRUMENTS_TAKEN
from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.day import row_of
from clinic_ui.front_office.office import PROMISES, Office, appointment_id, go, promise_id
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import PromiseId
from server.kernel.words import N_
from server.scheduler.rules.late import MINUTES
from server.scheduler.rules.promise import OPEN, PromiseStatus
from server.scheduler.rules.search import PartOfDay, WhyEmpty
from server.scheduler.series.service import Series
from server.scheduler.service.views import (
    AppointmentLine,
    CancelReason,
    PromiseLine,
    Proposals,
    Reason,
    SlotTaken,
    Why,
)
from server.web.keys import who_is
from server.web.routes import Routes

WHY_WORDS = {
    Why.ASKED: N_("Le médecin qui a demandé ce suivi."),
    Why.TREATING: N_("Le médecin traitant."),
    Why.KNOWN: N_("Un médecin que la personne a déjà vu."),
    Why.VILLAGE: N_("Un médecin qui consulte déjà pour le village."),
    Why.ANOTHER: N_("Un autre médecin : les premiers ne sont pas libres."),
}
REASON_WORDS = {
    Reason.DUE_DAY: N_("Le jour prévu."),
    Reason.SNUG: N_("À côté d’un autre rendez-vous du médecin."),
    Reason.ROOMIER: N_("Ce médecin a plus de place que d’autres ces quatre semaines."),
    Reason.VILLAGE_WAITS: N_("Ce village attend depuis longtemps : un médecin d’ailleurs peut aider."),
    Reason.USUAL_WORKER: N_("La même personne que d’habitude accompagne."),
    Reason.OTHER_WORKER: N_("Une autre personne que d’habitude accompagne."),
}
EMPTY_WORDS = {
    WhyEmpty.WINDOW_OVER: N_("Le délai demandé par le médecin est passé."),
    WhyEmpty.CLOSED: N_("Le site est fermé pendant ce délai."),
    WhyEmpty.NO_PRACTITIONER: N_("Aucun médecin n’est libre pendant ce délai."),
    WhyEmpty.NO_CABIN: N_("La cabine n’est pas libre pendant ce délai."),
    WhyEmpty.CABIN_DOWN: N_("La cabine est en panne : son dernier contrôle est rouge. Vérifiez-la, puis réservez."),
    WhyEmpty.BUS_LATER: N_("Le médicobus ne passe pas ici pendant ce délai."),
    WhyEmpty.NO_HEALTH_WORKER: N_("Personne n’est libre pour accompagner pendant ce délai."),
    WhyEmpty.NO_INSTRUMENT: N_("L’instrument est pris, ou il n’y en a pas ici."),
    WhyEmpty.PATIENT_BUSY: N_("La personne a déjà d’autres rendez-vous à ces moments."),
    WhyEmpty.NOT_THEN: N_("Rien n’est libre dans cette demi-journée."),
    WhyEmpty.NO_MORE: N_("Vous avez vu tous les moments libres."),
}
CLOSED_WORDS = {
    WhyEmpty.NO_PRACTITIONER: N_("Aucun médecin : %(days)s."),
    WhyEmpty.NO_CABIN: N_("Cabine fermée : %(days)s."),
    WhyEmpty.NO_HEALTH_WORKER: N_("Personne pour accompagner : %(days)s."),
    WhyEmpty.NO_INSTRUMENT: N_("Instrument absent : %(days)s."),
}
WEEKDAYS = (N_("lundi"), N_("mardi"), N_("mercredi"), N_("jeudi"), N_("vendredi"), N_("samedi"), N_("dimanche"))
BOOKABLE = (*OPEN, PromiseStatus.MISSED)


class Picked(Chosen, frozen=True):
    """One of the proposals, sent back; `version` with a move, `key` with a booking."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 2)] = 1
    key: str = ""
    following: bool = False
    """With a move: the later times of its series too."""


class Version(msgspec.Struct, frozen=True):
    """The version that was seen."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 2)]


class Late(Version, frozen=True):
    """By how many minutes; none: in time after all."""

    minutes: int | None = None


class Cancelling(msgspec.Struct, frozen=True):
    """Why an appointment is cancelled, and the version that was seen."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 2)]
    reason: Annotated[CancelReason, Meta(description=N_("Choisissez pourquoi."))]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which proposals are wanted."""

    part: PartOfDay | None
    after: str
    wide: bool


class PromisePages:
    """The worklist, and choosing a moment for one follow-up."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/promises", self.worklist),
            ("GET", "/office/promises/{promise_id}", self.choose),
            ("POST", "/office/promises/{promise_id}/book", self.book),
            ("POST", "/office/promises/{promise_id}/hold", self.hold),
            ("POST", "/office/holds/{appointment_id}/confirm", self.confirm),
            ("POST", "/office/holds/{appointment_id}/let-go", self.let_go),
            ("POST", "/office/promises/{promise_id}/call-back", self.call_back),
        ]

    async def worklist(self, request: web.Request) -> web.Response:
        """GET /office/promises: what still needs a moment, the most urgent first."""
        lines = await self._office.follow_ups.open_worklist(who_is(request))
        done = request.query.get("done", "")
        return await self._office.show(request, "promises", lines=lines, done=done)

    async def choose(self, request: web.Request) -> web.Response:
        """GET /office/promises/{promise_id}?part=morning&after=…&wide=1"""
        line = await self._office.view.promise(who_is(request), promise_id(request))
        asked = asked_of(request, late=line.is_late)
        found = await self._proposals(request, line, asked) if line.status in BOOKABLE else None
        return await self._page(request, line, found, asked)

    async def book(self, request: web.Request) -> web.Response:
        """POST /office/promises/{promise_id}/book: once, even when it is sent twice."""
        who, promise = who_is(request), promise_id(request)
        try:
            chosen = await read_form(request, Picked)
            booked = await self._office.follow_ups.book(who, promise, chosen.choice, chosen.key)
        except (Conflict, Invalid) as refused:
            return await self._refused(request, promise, refused)
        return go(f"/office/appointments/{booked}?done=booked")

    async def hold(self, request: web.Request) -> web.Response:
        """POST /office/promises/{promise_id}/hold: keep a moment for five minutes, while the person is asked."""
        promise = promise_id(request)
        try:
            chosen = await read_form(request, Picked)
            await self._office.follow_ups.hold(who_is(request), promise, chosen.choice)
        except (Conflict, Invalid) as refused:
            return await self._refused(request, promise, refused)
        return go(f"/office/promises/{promise}")

    async def confirm(self, request: web.Request) -> web.Response:
        """POST /office/holds/{appointment_id}/confirm: book what is kept, or move there what was booked."""
        held = appointment_id(request)
        line = await self._office.view.appointment(who_is(request), held)
        try:
            said = await read_form(request, Version)
            booked = await self._office.follow_ups.confirm(who_is(request), held, said.version)
        except (Conflict, Invalid) as refused:
            return await self._refused(request, _promise_of(line), refused)
        return go(f"/office/appointments/{booked}?done={'booked' if booked == held else 'moved'}")

    async def let_go(self, request: web.Request) -> web.Response:
        """POST /office/holds/{appointment_id}/let-go: the moment is free again."""
        line = await self._office.view.appointment(who_is(request), appointment_id(request))
        said = await read_form(request, Version)
        await self._office.follow_ups.let_go(who_is(request), line.id, said.version)
        return go(f"/office/promises/{_promise_of(line)}")

    async def _refused(self, request: web.Request, promise: PromiseId, refused: Conflict | Invalid) -> web.Response:
        line = await self._office.view.promise(who_is(request), promise)
        asked = Asked(None, "", line.is_late)
        if isinstance(refused, SlotTaken):
            return await self._page(request, line, refused.proposals, asked, refused)
        found = await self._proposals(request, line, asked) if line.status in BOOKABLE else None
        return await self._page(request, line, found, asked, refused)

    async def call_back(self, request: web.Request) -> web.Response:
        """POST /office/promises/{promise_id}/call-back: nothing was chosen; somebody calls the person."""
        await self._office.follow_ups.call_me_back(who_is(request), promise_id(request))
        return go(f"{PROMISES}?done=call-back")

    async def _proposals(self, request: web.Request, line: PromiseLine, asked: Asked) -> Proposals:
        return await self._office.follow_ups.proposals(
            who_is(request), line.id, asked.part, asked.after or None, wide=asked.wide
        )

    async def _page(
        self,
        request: web.Request,
        line: PromiseLine,
        found: Proposals | None,
        asked: Asked,
        refused: Conflict | Invalid | None = None,
    ) -> web.Response:
        return await self._office.show(
            request,
            "booking",
            status=refused.status if refused else 200,
            line=line,
            found=found,
            asked=asked,
            held=await self._office.follow_ups.held(who_is(request), line.id),
            refused=refused.message if refused else "",
            taken=refused is not None and refused.code == SlotTaken.code,
            why_words=WHY_WORDS,
            reason_words=REASON_WORDS,
            empty_words=EMPTY_WORDS,
            closed_words=CLOSED_WORDS,
            taken_words=INSTRUMENTS_TAKEN,
            instrument_words=INSTRUMENTS,
            weekdays=WEEKDAYS,
        )


class AppointmentPages:
    """One appointment: what it is now, and what can be done with it."""

    def __init__(self, office: Office, series: Series) -> None:
        self._office = office
        self._series = series

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/appointments/{appointment_id}", self.page),
            ("GET", "/office/appointments/{appointment_id}/move", self.choose),
            ("POST", "/office/appointments/{appointment_id}/move", self.move),
            ("GET", "/office/appointments/{appointment_id}/cancel", self.ask_cancel),
            ("POST", "/office/appointments/{appointment_id}/cancel", self.cancel),
            ("POST", "/office/appointments/{appointment_id}/miss", self.miss),
            ("POST", "/office/appointments/{appointment_id}/late", self.late),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/appointments/{appointment_id}"""
        return await self._page(request)

    async def choose(self, request: web.Request) -> web.Response:
        """GET /office/appointments/{appointment_id}/move?part=morning&after=…&wide=1"""
        line = await self._line(request)
        asked = asked_of(request, late=False)
        found = await self._office.follow_ups.proposals(
            who_is(request), _promise_of(line), asked.part, asked.after or None, wide=asked.wide
        )
        return await self._choose(request, line, found, asked)

    async def move(self, request: web.Request) -> web.Response:
        """POST /office/appointments/{appointment_id}/move: the new moment is kept beside the old one until a yes."""
        line = await self._line(request)
        try:
            chosen = await read_form(request, Picked)
            if chosen.following:
                moved = await self._series.move_following(who_is(request), line.id, chosen.version, chosen.choice)
                whole = (await self._office.view.promise(who_is(request), _promise_of(line))).series_id
                return go(f"/office/series/{whole}?done=moved&count={moved.changed}&left={moved.left}")
            await self._office.follow_ups.hold(who_is(request), _promise_of(line), chosen.choice)
        except SlotTaken as taken:
            return await self._choose(request, line, taken.proposals, Asked(None, "", wide=False), taken)
        except Conflict as changed:
            return await self._page(request, changed)
        return go(f"/office/appointments/{line.id}/move")

    async def ask_cancel(self, request: web.Request) -> web.Response:
        """GET /office/appointments/{appointment_id}/cancel: why? and are you sure?"""
        return await self._office.show(request, "cancel", line=await self._line(request), given={})

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /office/appointments/{appointment_id}/cancel: the moment is free, the follow-up due again."""
        line = await self._line(request)
        try:
            said = await read_form(request, Cancelling)
            await self._office.follow_ups.cancel(who_is(request), line.id, said.version, said.reason)
        except Invalid as refused:
            given = await answers(request)
            return await self._office.show(request, "cancel", status=422, line=line, given=given, errors=refused.fields)
        except Conflict as changed:
            return await self._page(request, changed)
        return go(f"/office/appointments/{line.id}?done=cancelled")

    async def miss(self, request: web.Request) -> web.Response:
        """POST /office/appointments/{appointment_id}/miss: the person did not come."""
        line = await self._line(request)
        try:
            said = await read_form(request, Version)
            await self._office.follow_ups.miss(who_is(request), line.id, said.version)
        except Conflict as changed:
            return await self._page(request, changed)
        return go(f"/office/appointments/{line.id}?done=missed")

    async def late(self, request: web.Request) -> web.Response:
        """POST /office/appointments/{appointment_id}/late: the person telephones that they come later, or not late."""
        line = await self._line(request)
        try:
            said = await read_form(request, Late)
            await self._office.follow_ups.say_late(who_is(request), line.id, said.version, said.minutes)
        except Conflict as changed:
            return await self._page(request, changed)
        return go(f"/office/appointments/{line.id}?done={'late' if said.minutes else 'in-time'}")

    async def _line(self, request: web.Request) -> AppointmentLine:
        return await self._office.view.appointment(who_is(request), appointment_id(request))

    async def _page(self, request: web.Request, changed: Conflict | None = None) -> web.Response:
        line = await self._line(request)
        visit = await self._office.visit_of(who_is(request), line.patient_id)
        now, zone = self._office.now(), ZoneInfo(line.zone)
        is_today = line.starts_at.astimezone(zone).date() == now.astimezone(zone).date()
        row = row_of(line, visit, now, is_today=is_today)
        promise = await self._office.view.promise(who_is(request), line.promise_id) if line.promise_id else None
        return await self._office.show(
            request,
            "appointment",
            status=changed.status if changed else 200,
            row=row,
            line=line,
            promise=promise,
            bookable=promise is not None and promise.status in BOOKABLE,
            done=request.query.get("done", ""),
            late_minutes=MINUTES if row.may_be_late else (),
            changed=changed.message if changed else "",
            key=uuid4().hex,
        )

    async def _choose(
        self,
        request: web.Request,
        line: AppointmentLine,
        found: Proposals,
        asked: Asked,
        taken: SlotTaken | None = None,
    ) -> web.Response:
        promise = await self._office.view.promise(who_is(request), _promise_of(line))
        return await self._office.show(
            request,
            "booking",
            status=taken.status if taken else 200,
            line=promise,
            moving=line,
            found=found,
            asked=asked,
            held=await self._office.follow_ups.held(who_is(request), _promise_of(line)),
            refused=taken.message if taken else "",
            taken=taken is not None,
            why_words=WHY_WORDS,
            reason_words=REASON_WORDS,
            empty_words=EMPTY_WORDS,
            closed_words=CLOSED_WORDS,
            taken_words=INSTRUMENTS_TAKEN,
            instrument_words=INSTRUMENTS,
            weekdays=WEEKDAYS,
        )


def asked_of(request: web.Request, *, late: bool) -> Asked:
    """Return which proposals an address asks for; a half-day that does not exist means any."""
    known = {part.value: part for part in PartOfDay}
    part = known.get(request.query.get("part", ""))
    return Asked(part, request.query.get("after", ""), late or request.query.get("wide") == "1")


def _promise_of(line: AppointmentLine) -> PromiseId:
    if line.promise_id is None:
        raise NotFound(N_("Ce rendez-vous ne vient pas d’un suivi : il se déplace là où il a été pris."))
    return line.promise_id
