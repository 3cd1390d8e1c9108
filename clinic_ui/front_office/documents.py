"""Documents at the front office: sent to the doctor, seen again by who sent them, struck by who sent them."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.documents import WORDS, shown
from clinic_ui.forms import read_form
from clinic_ui.front_office.office import PATIENTS, Office, go, patient_id
from clinic_ui.front_office.office import WORDS as OFFICE_WORDS
from clinic_ui.front_office.sheet import sheet_of
from server.kernel.ids import DocumentId
from server.kernel.words import N_
from server.records.documents.service import Documents
from server.records.rules.note import StrikeReason
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id


class Struck(msgspec.Struct, frozen=True):
    """Why a document is an error."""

    reason: Annotated[StrikeReason, Meta(description=N_("Choisissez une réponse."))] = StrikeReason.OTHER


class DocumentPages:
    """The documents of one patient that one sent oneself."""

    def __init__(self, office: Office, documents: Documents) -> None:
        self._office = office
        self._documents = documents

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/patients/{patient_id}/documents", self.page),
            ("POST", "/office/patients/{patient_id}/documents/{document_id}/strike", self.strike),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/documents; asked by fragment.js, the list alone."""
        piece = "liste" in request.query
        found = await self._documents.of_patient(who_is(request), patient_id(request))
        sheet = await sheet_of(self._office, request)
        return await self._office.show(
            request,
            "document_list" if piece else "documents",
            piece=piece,
            sheet=sheet,
            encounter=sheet.visit.encounter_id if sheet.visit else "",
            documents=shown(found),
            words={**OFFICE_WORDS, **WORDS},
            done=request.query.get("done", ""),
        )

    async def strike(self, request: web.Request) -> web.Response:
        """POST …/documents/{document_id}/strike: it was an error; it stays, and is shown to nobody."""
        form = await read_form(request, Struck)
        document_id = DocumentId(path_id(request, "document_id"))
        await self._documents.strike(who_is(request), document_id, form.reason)
        return go(f"{PATIENTS}/{patient_id(request)}/documents?done=struck")
