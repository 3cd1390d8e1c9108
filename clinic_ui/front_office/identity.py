"""Making sure who somebody is: the document that was seen, INSi's answer, a doubt; and a new paper for a lost one."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import PATIENTS, Office, go, patient_id
from clinic_ui.front_office.sheet import sheet_of
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.words import N_
from server.people.identity import Move
from server.people.rules import DocumentKind
from server.web.keys import who_is
from server.web.routes import Routes

DOCUMENT_WORDS = {
    DocumentKind.ID_CARD: N_("Carte nationale d’identité"),
    DocumentKind.PASSPORT: N_("Passeport"),
    DocumentKind.RESIDENCE: N_("Titre de séjour"),
    DocumentKind.CHILD: N_("Enfant : acte de naissance ou livret de famille, avec la pièce d’un parent"),
}


class Evidence(msgspec.Struct, frozen=True):
    """What was done, over the version that was seen."""

    move: Annotated[Move, Meta(description=N_("Choisissez une réponse."))]
    row_ver: int
    document: Annotated[str, Meta(max_length=30)] = ""
    ins: Annotated[str, Meta(max_length=30, description=N_("Le matricule a 15 caractères."))] = ""


class IdentityPages:
    """A patient's identity."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/patients/{patient_id}/identity", self.page),
            ("POST", "/office/patients/{patient_id}/identity", self.keep),
            ("POST", "/office/patients/{patient_id}/code", self.renew_code),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/identity"""
        return await self._show(request)

    async def keep(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/identity: keep the evidence, or say what is wrong with it."""
        given = await answers(request)
        try:
            typed = await read_form(request, Evidence)
            document = DocumentKind(typed.document) if typed.document in set(DocumentKind) else None
            await self._office.people.identify(
                who_is(request), patient_id(request), typed.move, typed.row_ver, document=document, ins=typed.ins
            )
        except (Invalid, Conflict) as refused:
            return await self._show(request, given, refused)
        return go(f"{PATIENTS}/{patient_id(request)}?done=identity")

    async def renew_code(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/code: a new paper, shown once; the lost one opens nothing any more."""
        who = who_is(request)
        made = await self._office.people.renew_code(who, patient_id(request))
        patient = await self._office.patient(request)
        return await self._office.show(
            request, "code", code=made.code, traits=patient.traits, made=made, is_renewed=True
        )

    async def _show(
        self, request: web.Request, given: dict[str, str] | None = None, refused: ClinicError | None = None
    ) -> web.Response:
        return await self._office.show(
            request,
            "identity",
            status=refused.status if refused else 200,
            sheet=await sheet_of(self._office, request),
            given=given or {},
            refused=refused,
            errors=refused.fields if isinstance(refused, Invalid) else {},
            documents=DOCUMENT_WORDS,
        )
