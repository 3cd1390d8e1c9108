"""« Remettre une copie du dossier »: asked, confirmed, noted; then one file to put on the person's own key or disk."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import Office, patient_id
from clinic_ui.front_office.sheet import sheet_of
from clinic_ui.i18n import OFFERED
from clinic_ui.look import look_of
from clinic_ui.paper.folder import packed
from server.interop.service import Copies
from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.web.keys import who_is
from server.web.routes import Routes


class GivenTo(StrEnum):
    """Who takes the copy. A code, for it stands in the log."""

    PERSON = "person"
    PARENT = "parent"
    PROXY = "proxy"


GIVEN_TO_WORDS = [
    (GivenTo.PERSON.value, N_("À la personne elle-même"), "", "user"),
    (GivenTo.PARENT.value, N_("À un parent, pour un enfant"), "", "users"),
    (GivenTo.PROXY.value, N_("À quelqu’un qu’elle a désigné par écrit"), "", "id-card"),
]


class Asked(msgspec.Struct, frozen=True):
    """To whom, and that their identity was seen."""

    given_to: Annotated[GivenTo, Meta(description=N_("Dites à qui vous remettez la copie."))]
    seen: Annotated[str, Meta(description=N_("Vérifiez d’abord une pièce d’identité."))]
    locale: Literal["fr", "en"] | None = None


class CopyPages:
    """Handing over a copy."""

    def __init__(self, office: Office, copies: Copies) -> None:
        self._office, self._copies = office, copies
        self._turn = asyncio.Lock()
        """One record is drawn at a time: each may take as much memory as a child has."""

    def routes(self) -> Routes:
        """Return the routes of this page."""
        return [
            ("GET", "/office/patients/{patient_id}/copy", self.page),
            ("POST", "/office/patients/{patient_id}/copy", self.hand_over),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/copy: what it holds, and to whom it goes."""
        return await self._show(request)

    async def hand_over(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/copy: the copy, as one file."""
        given = await answers(request)
        try:
            asked = await read_form(request, Asked)
        except Invalid as refused:
            return await self._show(request, given, refused)
        copy = await self._copies.of_patient(who_is(request), patient_id(request), asked.given_to.value)
        async with self._turn:
            file = await packed(copy, asked.locale or look_of(request).locale)
        manners = {"Content-Disposition": 'attachment; filename="dossier.zip"', "Cache-Control": "no-store"}
        return web.Response(body=file, content_type="application/zip", headers=manners)

    async def _show(
        self, request: web.Request, given: dict[str, str] | None = None, refused: Invalid | None = None
    ) -> web.Response:
        sheet = await sheet_of(self._office, request)
        return await self._office.show(
            request,
            "copy",
            status=refused.status if refused else 200,
            sheet=sheet,
            given=given or {},
            paper_languages=OFFERED.items(),
            errors=refused.fields if refused else {},
            given_to=GIVEN_TO_WORDS,
        )
