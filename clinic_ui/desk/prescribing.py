"""Prescriptions at the desk: the sheet in which one is written, its preview (the very paper), and what was signed."""

from datetime import date

import msgspec
from aiohttp import web

from clinic_ui.dates import ZONE
from clinic_ui.desk.desk import Desk
from clinic_ui.look import look_of
from clinic_ui.paper.prescription import prescription_sheet
from clinic_ui.paper.press import PRESS, pdf_answer
from clinic_ui.paper.sheets import Sheet
from clinic_ui.paper.words import MOMENTS, ROUTES, Tongue
from server.kernel.ids import EncounterId, PatientId, PrescriptionId
from server.kernel.words import N_
from server.records.prescriptions.api import alerts_shown
from server.records.prescriptions.rules import PrescriptionStatus, SignedPrescription
from server.records.prescriptions.service import Draft, Prescription
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

FORMS = ("comprimé", "gélule", "sachet", "sirop", "gouttes", "crème", "collyre", "aérosol", "patch", "suppositoire")


class Prescribing:
    """The tab « Ordonnance », and papers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> Routes:
        """Return the routes of prescriptions at the desk."""
        return [
            ("GET", "/desk/prescription", self.sheet),
            ("GET", "/desk/visits/{encounter_id}/prescription", self.page),
            ("GET", "/desk/visits/{encounter_id}/prescription/preview", self.preview),
            ("GET", "/desk/prescriptions/{prescription_id}", self.paper),
        ]

    async def sheet(self, request: web.Request) -> web.Response:
        """GET /desk/prescription: the draft of the visit that runs, and what this person was prescribed before."""
        visit = await self._desk.visit(request)
        values = await self._values(request, visit.encounter_id, visit.patient.id)
        return self._desk.piece(request, "prescription", **values)

    async def page(self, request: web.Request) -> web.Response:
        """GET …/prescription: a draft in place of a signed one, after the visit."""
        values = await self._values(request, _encounter(request), None)
        return await self._desk.show(request, "prescription_page", N_("Ordonnance"), **values)

    async def preview(self, request: web.Request) -> web.Response:
        """GET …/prescription/preview: the paper as it would be signed today; the signed one has the same bytes."""
        drawn = await self._desk.prescriptions.draft(who_is(request), _encounter(request))
        content = SignedPrescription(drawn.body, drawn.known.prescriber, drawn.known.treated)
        return await self._paper(request, prescription_sheet(content, self._today(), _tongue(request)))

    async def paper(self, request: web.Request) -> web.Response:
        """GET /desk/prescriptions/{prescription_id}: a signed one as PDF."""
        prescription_id = PrescriptionId(path_id(request, "prescription_id"))
        found = await self._desk.prescriptions.printed(who_is(request), prescription_id)
        return await self._paper(request, sheet_of(found, _tongue(request)))

    @staticmethod
    async def _paper(request: web.Request, drawn: Sheet) -> web.Response:
        [pdf] = await request.app[PRESS].draw(drawn)
        return pdf_answer(pdf, "ordonnance")

    def _today(self) -> date:
        return self._desk.now().astimezone(ZONE).date()

    async def _values(
        self, request: web.Request, encounter_id: EncounterId, patient_id: PatientId | None
    ) -> dict[str, object]:
        who, locale = who_is(request), look_of(request).locale
        drawn = await self._desk.prescriptions.draft(who, encounter_id)
        before = await self._desk.prescriptions.of_patient(who, patient_id) if patient_id else []
        here = [one for one in before if one.encounter_id == encounter_id]
        last = next((one for one in before if one.status is PrescriptionStatus.ACTIVE), None)
        return {
            "draft": drawn,
            "rules": self._desk.prescriptions.rules,
            "drawn_json": drawn_json(drawn, locale),
            "signed": here,
            "last": last,
            "last_json": msgspec.json.encode(last.content.body.lines).decode() if last else "",
            "routes": ROUTES,
            "moments": MOMENTS,
            "forms": FORMS,
            "tongue": Tongue(locale),
        }


def drawn_json(drawn: Draft, locale: str) -> str:
    """Return a draft with what the rules say of it, as the script of the page reads it."""
    missing = {name: Tongue(locale).say(words) for name, words in drawn.missing.items()}
    shown = {"body": drawn.body, "alerts": alerts_shown(drawn, locale), "missing": missing}
    return msgspec.json.encode(shown).decode()


def sheet_of(found: Prescription, locale: str) -> Sheet:
    """Return the paper of a signed prescription, dated where the patient lives."""
    cancelled = found.cancelled_at.astimezone(ZONE).date() if found.cancelled_at else None
    return prescription_sheet(found.content, found.signed_at.astimezone(ZONE).date(), locale, cancelled)


def _tongue(request: web.Request) -> str:
    """A prescription is for a pharmacy: it is in the language of the country unless another is asked (`?lang=en`)."""
    return "en" if request.query.get("lang") == "en" else "fr"


def _encounter(request: web.Request) -> EncounterId:
    return EncounterId(path_id(request, "encounter_id"))
