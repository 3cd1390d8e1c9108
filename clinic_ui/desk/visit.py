"""The pieces around the visit that the doctor has taken: record, measures, history, incidents, alert and review."""

import msgspec
from aiohttp import web

from clinic_ui import i18n
from clinic_ui.charts import Band
from clinic_ui.dates import number, short_day
from clinic_ui.desk import words
from clinic_ui.desk.desk import Desk
from clinic_ui.desk.measuring import courses, tiles
from clinic_ui.desk.report import facts, incident_lines, wish_kind
from clinic_ui.early_warning import early_warning
from clinic_ui.look import look_of
from clinic_ui.paper.words import Tongue
from server.encounters.views import DeskVisit
from server.kernel.words import N_
from server.people.rules import display_name
from server.records.rules.measures import MEASURES as TABLE
from server.records.rules.measures import MeasureName
from server.records.rules.note import missing_items
from server.records.service.measures import Observation
from server.web.keys import who_is
from server.web.routes import Routes

CHARTED = (MeasureName.SYSTOLIC, MeasureName.WEIGHT, MeasureName.GLUCOSE)


class VisitPieces:
    """Pieces that the desk fetches once a visit is taken, and again when it moves."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> Routes:
        """Return the routes of the pieces."""
        return [
            ("GET", "/desk/record", self.record),
            ("GET", "/desk/measures", self.measures),
            ("GET", "/desk/history", self.history),
            ("GET", "/desk/background", self.background),
            ("GET", "/desk/incidents", self.incidents),
            ("GET", "/desk/alert", self.alert),
            ("GET", "/desk/phones", self.phones),
            ("GET", "/desk/review", self.review),
        ]

    async def record(self, request: web.Request) -> web.Response:
        """GET /desk/record: who, what is known, why, and the note."""
        visit = await self._desk.visit(request)
        return self._desk.piece(request, "record", **await self.record_values(request, visit))

    async def record_values(self, request: web.Request, visit: DeskVisit) -> dict[str, object]:
        """Return what the record panel shows."""
        who = who_is(request)
        draft = await self._desk.notes.draft(who, visit.encounter_id)
        sheet = await self._desk.background.read(who, visit.patient.id)
        wish = draft.body.follow_up
        shown = [days for days, _words in words.INTERVALS]
        return {
            "visit": visit,
            "name": display_name(visit.patient.traits),
            "draft": draft,
            "body_json": msgspec.json.encode(draft.body).decode(),
            "sheet": sheet,
            "wish": wish,
            "wish_kind": wish_kind(wish),
            "interval": 7 if wish is None else wish.in_days if wish.in_days in shown else 0,
            "say": words,
            "lines": self._lines(request, visit),
            "plans": self._desk.plans,
        }

    async def background(self, request: web.Request) -> web.Response:
        """GET /desk/background: who it is and what is known beforehand, after it was changed."""
        visit = await self._desk.visit(request)
        sheet = await self._desk.background.read(who_is(request), visit.patient.id)
        name = display_name(visit.patient.traits)
        return self._desk.piece(request, "background", visit=visit, name=name, sheet=sheet, say=words)

    async def measures(self, request: web.Request) -> web.Response:
        """GET /desk/measures: the newest of each kind, with the way it came."""
        visit = await self._desk.visit(request)
        return self._desk.piece(request, "measures", **await self.measure_values(request, visit))

    async def measure_values(self, request: web.Request, visit: DeskVisit) -> dict[str, object]:
        """Return what the measures panel shows."""
        found = await self._desk.measures.read(who_is(request), visit.patient.id)
        shown = tiles(found, look_of(request).locale)
        newest = max((tile.taken_at for tile in shown), default=None)
        fresh = newest is not None and newest >= visit.arrived_at
        sheet = await self._desk.background.read(who_is(request), visit.patient.id)
        warning = early_warning(found, visit.arrived_at, visit.patient.traits, sheet.body)
        return {"tiles": shown, "newest": newest, "fresh": fresh, "warning": warning}

    async def history(self, request: web.Request) -> web.Response:
        """GET /desk/history: the signed notes and the measures of before, newest first."""
        visit, who = await self._desk.visit(request), who_is(request)
        past = await self._desk.notes.history(who, visit.patient.id)
        taken = await self._desk.measures.read(who, visit.patient.id)
        charts = [self._chart(request, name, course) for name, course in courses(taken, CHARTED).items()]
        locale = look_of(request).locale
        visits = [(one, tiles(one.observations, locale)) for one in past]
        return self._desk.piece(request, "history", visits=visits, charts=charts, say=words)

    async def incidents(self, request: web.Request) -> web.Response:
        """GET /desk/incidents: what the call's log says went wrong."""
        visit = await self._desk.visit(request)
        return self._desk.piece(request, "incidents", lines=self._lines(request, visit), visit=visit)

    async def alert(self, request: web.Request) -> web.Response:
        """GET /desk/alert: what to say to the SAMU of the place where the patient is."""
        visit = await self._desk.queue.desk_visit(who_is(request))
        return self._desk.piece(request, "alert", **await self.alert_values(request, visit))

    async def phones(self, request: web.Request) -> web.Response:
        """GET /desk/phones: the numbers by which the visit goes on when the line does not."""
        return self._desk.piece(request, "phones", visit=await self._desk.visit(request))

    async def alert_values(self, request: web.Request, visit: DeskVisit | None) -> dict[str, object]:
        """Return what the emergency sheet shows."""
        if visit is None:
            return {"visit": None, "site": None, "cabin": None}
        doctor = await self._desk.doctor(request)
        name = display_name(visit.patient.traits)
        return {"visit": visit, "site": visit.site, "cabin": visit.cabin, "doctor": doctor, "name": name, "say": words}

    async def review(self, request: web.Request) -> web.Response:
        """GET /desk/review: the note as it would be signed, and which of the five items still lack."""
        visit = await self._desk.visit(request)
        draft = await self._desk.notes.draft(who_is(request), visit.encounter_id)
        known = facts(visit, await self._desk.doctor(request))
        locale = look_of(request).locale
        written = await self._desk.prescriptions.draft(who_is(request), visit.encounter_id)
        given = await self._desk.prescriptions.of_visit(who_is(request), visit.encounter_id)
        prescribed = bool(written.body.lines or given)
        missing = missing_items(draft.body, known, prescribed=prescribed)
        if written.body.lines and written.missing:
            missing["acts"] = N_("L’ordonnance n’est pas complète : ouvrez l’onglet « Ordonnance ».")
        lacks = {name: i18n.translate(locale, why) for name, why in missing.items()}
        name, wish = display_name(visit.patient.traits), draft.body.follow_up
        return self._desk.piece(
            request,
            "review",
            visit=visit,
            name=name,
            draft=draft,
            facts=known,
            lacks=lacks,
            say=words,
            wish=wish,
            written=written,
            prescribed=[line for one in given for line in one.content.body.lines],
            tongue=Tongue(locale),
        )

    def _lines(self, request: web.Request, visit: DeskVisit) -> list[str]:
        locale = look_of(request).locale
        return incident_lines(visit.incidents, locale, lambda text: i18n.translate(locale, text))

    @staticmethod
    def _chart(request: web.Request, name: MeasureName, course: list[Observation]) -> dict[str, object]:
        locale, measure = look_of(request).locale, TABLE[name]
        label = i18n.translate(locale, measure.label)
        first, last = course[0], course[-1]
        caption = i18n.translate(
            locale,
            N_("%(label)s : %(last)s %(unit)s, contre %(first)s le %(day)s"),
            label=label,
            last=number(last.shown, locale, measure.shown_digits),
            first=number(first.shown, locale, measure.shown_digits),
            unit=measure.shown_unit,
            day=short_day(first.taken_at, locale),
        )
        usual = measure.usual
        band = None
        if usual and usual[0] is not None and usual[1] is not None:
            band = Band(usual[0] * measure.shown_per_unit, usual[1] * measure.shown_per_unit)
        points = [(short_day(one.taken_at, locale), one.shown) for one in course[-20:]]
        return {"caption": caption, "points": points, "label": label, "unit": measure.shown_unit, "band": band}
