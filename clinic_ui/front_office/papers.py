"""What the health worker prints for a patient: signed prescriptions, and the card of an appointment."""

from aiohttp import web

from clinic_ui.dates import ZONE
from clinic_ui.front_office.office import Office, appointment_id, site_of
from clinic_ui.look import look_of
from clinic_ui.paper.card import appointment_card
from clinic_ui.paper.prescription import prescription_sheet
from clinic_ui.paper.press import PRESS, pdf_answer
from server.kernel.ids import PrescriptionId
from server.records.prescriptions.service import Prescriptions
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id


class PaperPages:
    """Papers of the front office."""

    def __init__(self, office: Office, prescriptions: Prescriptions) -> None:
        self._office = office
        self._prescriptions = prescriptions

    def routes(self) -> Routes:
        """Return the routes of papers."""
        return [
            ("GET", "/office/patients/{patient_id}/prescriptions", self.prescriptions),
            ("GET", "/office/prescriptions/{prescription_id}", self.prescription),
            ("GET", "/office/appointments/{appointment_id}/card", self.card),
        ]

    async def prescriptions(self, request: web.Request) -> web.Response:
        """GET …/prescriptions: what was signed for this patient, to be printed."""
        patient = await self._office.patient(request)
        found = await self._prescriptions.of_patient(who_is(request), patient.id)
        return await self._office.show(request, "prescriptions", patient=patient, found=found)

    async def prescription(self, request: web.Request) -> web.Response:
        """GET /office/prescriptions/{prescription_id}: one of them as PDF, in the language of pharmacies."""
        found = await self._prescriptions.printed(who_is(request), PrescriptionId(path_id(request, "prescription_id")))
        cancelled = found.cancelled_at.astimezone(ZONE).date() if found.cancelled_at else None
        signed_on = found.signed_at.astimezone(ZONE).date()
        [pdf] = await request.app[PRESS].draw(prescription_sheet(found.content, signed_on, "fr", cancelled))
        return pdf_answer(pdf, "ordonnance")

    async def card(self, request: web.Request) -> web.Response:
        """GET …/card: when, with whom and where, as a small PDF."""
        who = who_is(request)
        line = await self._office.view.appointment(who, appointment_id(request))
        site = await self._office.places.site(who, site_of(who))
        [pdf] = await request.app[PRESS].draw(appointment_card(line, site, look_of(request).locale))
        return pdf_answer(pdf, "rendez-vous")
