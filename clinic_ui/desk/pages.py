"""The desk: one page for queue, call and note, so that a call never unloads; then the follow-ups and the agenda."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from aiohttp import web

from clinic_ui.dates import ZONE
from clinic_ui.desk import words
from clinic_ui.desk.desk import Desk
from clinic_ui.desk.documents import DocumentPieces
from clinic_ui.desk.measuring import INSTRUMENTS
from clinic_ui.desk.prescribing import Prescribing
from clinic_ui.desk.reporting import Reporting
from clinic_ui.desk.versions import VersionPieces
from clinic_ui.desk.visit import VisitPieces
from clinic_ui.follow_ups import OUTCOMES, WITHDRAW_REASONS
from server.encounters.views import QueueItem, QueueState
from server.kernel.words import N_
from server.people.rules import display_name
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.views import AppointmentLine
from server.web.keys import who_is
from server.web.routes import Routes


class DeskPages:
    """The pages behind the doctor's door."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pieces = VisitPieces(desk)

    def routes(self) -> Routes:
        """Return the routes of the desk."""
        return [
            ("GET", "/desk", self.workbench),
            ("GET", "/desk/queue", self.queue),
            ("GET", "/desk/planned", self.planned),
            ("GET", "/desk/follow-ups", self.follow_ups),
            ("GET", "/desk/agenda", self.agenda),
            ("GET", "/desk/notes", self.notes),
            *Prescribing(self._desk).routes(),
            *Reporting(self._desk).routes(),
            *self._pieces.routes(),
            *VersionPieces(self._desk).routes(),
            *DocumentPieces(self._desk).routes(),
        ]

    async def workbench(self, request: web.Request) -> web.Response:
        """GET /desk: the queue, and the visit that runs if there is one."""
        visit = await self._desk.queue.desk_visit(who_is(request))
        values: dict[str, object] = {"phase": words.phase_of(visit), "zone": ZONE.key}
        values["instruments"] = INSTRUMENTS
        values["planned"] = await self._today(request)
        if visit is not None:
            values |= await self._pieces.record_values(request, visit)
            values |= await self._pieces.measure_values(request, visit)
        values |= await self._pieces.alert_values(request, visit)
        values |= await self._queue_values(request)
        return await self._desk.show(request, "workbench", N_("Consultations"), **values)

    async def queue(self, request: web.Request) -> web.Response:
        """GET /desk/queue: who waits, fetched again at each nudge."""
        return self._desk.piece(request, "queue", **await self._queue_values(request))

    async def planned(self, request: web.Request) -> web.Response:
        """GET /desk/planned: who is expected today."""
        return self._desk.piece(request, "planned", planned=await self._today(request))

    async def follow_ups(self, request: web.Request) -> web.Response:
        """GET /desk/follow-ups: what I promised: late, to be booked, booked."""
        who = who_is(request)
        promises = await self._desk.follow_ups.open_worklist(who)
        booked = [one for one in await self._desk.follow_ups.upcoming(who) if one.promise_id is not None]
        late = [one for one in promises if one.is_late or one.status is PromiseStatus.MISSED]
        due = [one for one in promises if one not in late]
        return await self._desk.show(
            request,
            "follow_ups",
            N_("Suivis"),
            promises=promises,
            late=late,
            due=due,
            booked=booked,
            say=words,
            reasons=WITHDRAW_REASONS,
            outcomes=OUTCOMES,
            now=self._desk.now(),
            done=request.query.get("done", ""),
        )

    async def agenda(self, request: web.Request) -> web.Response:
        """GET /desk/agenda: who is expected today and in the next two weeks."""
        coming = await self._desk.follow_ups.upcoming(who_is(request))
        days = [(day, list(lines)) for day, lines in groupby(_in_order(coming), key=_day)]
        return await self._desk.show(request, "agenda", N_("Agenda"), days=days, today=self._desk.now(), say=words)

    async def notes(self, request: web.Request) -> web.Response:
        """GET /desk/notes: what I signed in the last weeks, to add to it or to say that it was an error."""
        found = await self._desk.notes.mine(who_is(request))
        given = await self._desk.prescriptions.mine(who_is(request))
        notes = [
            (display_name(patient.traits), note, [one for one in given if one.encounter_id == note.encounter_id])
            for patient, note in found
        ]
        return await self._desk.show(request, "notes", N_("Mes notes signées"), notes=notes)

    async def _queue_values(self, request: web.Request) -> dict[str, object]:
        items = await self._desk.queue.waiting(who_is(request))
        mine = [one for one in items if one.state is QueueState.MINE]
        return {
            "mine": mine,
            "waiting": [one for one in items if one.state in (QueueState.WAITING, QueueState.CABIN_BUSY)],
            "others": _others(items),
            "say": words,
        }

    async def _today(self, request: web.Request) -> list[AppointmentLine]:
        today = self._desk.now().astimezone(ZONE).date()
        coming = await self._desk.follow_ups.upcoming(who_is(request))
        return [one for one in _in_order(coming) if _day(one).date() == today]


def _others(items: Sequence[QueueItem]) -> list[QueueItem]:
    return [one for one in items if one.state is QueueState.WITH_OTHER]


def _in_order(lines: Sequence[AppointmentLine]) -> list[AppointmentLine]:
    return sorted(lines, key=lambda one: one.starts_at)


def _day(line: AppointmentLine) -> datetime:
    """Return the midnight of the local day of an appointment."""
    return line.starts_at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
