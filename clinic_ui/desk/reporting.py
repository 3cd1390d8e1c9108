"""Reports as paper at the desk: of a signed visit, and of the one that is about to be signed (the very paper)."""

from aiohttp import web

from clinic_ui.dates import ZONE
from clinic_ui.desk.desk import Desk
from clinic_ui.desk.report import facts
from clinic_ui.look import look_of
from clinic_ui.paper.press import PRESS, pdf_answer
from clinic_ui.paper.report import report_sheet
from clinic_ui.paper.sheets import Sheet
from server.kernel.errors import Conflict
from server.kernel.ids import EncounterId
from server.kernel.words import N_
from server.records.prescriptions.rules import PrescriptionStatus
from server.records.rules.note import SignedContent
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id


class Reporting:
    """The report as PDF."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> Routes:
        """Return the routes of reports."""
        return [
            ("GET", "/desk/report", self.preview),
            ("GET", "/desk/reports/{encounter_id}", self.paper),
        ]

    async def preview(self, request: web.Request) -> web.Response:
        """GET /desk/report: the paper as it would be signed today; the signed one has the same bytes."""
        who, visit = who_is(request), await self._desk.visit(request)
        draft = await self._desk.notes.draft(who, visit.encounter_id)
        known = facts(visit, await self._desk.doctor(request))
        if known.started_at is None or known.ended_at is None:
            raise Conflict(N_("Terminez d’abord l’appel : le compte rendu porte son heure de fin."))
        written = await self._desk.prescriptions.draft(who, visit.encounter_id)
        given = await self._desk.prescriptions.of_visit(who, visit.encounter_id)
        taken = await self._desk.measures.read(who, visit.patient.id, visit.encounter_id)
        content = SignedContent(draft.body, known.participants, known.started_at, known.ended_at, who.name)
        lines = [*(line for one in given for line in one.content.body.lines), *written.body.lines]
        today = self._desk.now().astimezone(ZONE).date()
        locale = look_of(request).locale
        drawn = report_sheet(content, visit.patient.traits, today, locale, observations=taken, prescribed=lines)
        return await _paper(request, drawn)

    async def paper(self, request: web.Request) -> web.Response:
        """GET /desk/reports/{encounter_id}: a signed report, with what was added to it since."""
        who, encounter_id = who_is(request), EncounterId(path_id(request, "encounter_id"))
        report = await self._desk.reports.printed(who, encounter_id)
        given = await self._desk.prescriptions.of_patient(who, report.patient.id)
        mine = [one for one in given if one.encounter_id == encounter_id and one.status is PrescriptionStatus.ACTIVE]
        drawn = report_sheet(
            report.content,
            report.patient.traits,
            report.signed_at.astimezone(ZONE).date(),
            look_of(request).locale,
            status=report.status,
            observations=report.observations,
            prescribed=[line for one in reversed(mine) for line in one.content.body.lines],
            additions=report.additions,
        )
        return await _paper(request, drawn)


async def _paper(request: web.Request, drawn: Sheet) -> web.Response:
    [pdf] = await request.app[PRESS].draw(drawn)
    return pdf_answer(pdf, "compte-rendu")
