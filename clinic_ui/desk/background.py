"""« Versions » of the sheet of allergies, conditions and medications: who changed what and when, and one taken back."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.desk import words
from clinic_ui.desk.desk import Desk
from clinic_ui.forms import read_form
from server.kernel.errors import Conflict
from server.kernel.ids import PatientId
from server.kernel.words import N_
from server.people.rules import display_name
from server.people.service import People
from server.records.rules.background import BackgroundBody
from server.records.service.background import SheetVersion
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

PAGE = "/desk/records/{patient_id}/background"


class Wished(msgspec.Struct, frozen=True):
    """The version to take back (whose record, which number), and the version that was seen as the newest."""

    record_id: PatientId
    version: Annotated[int, Meta(ge=1, le=2**31 - 2)]
    row_ver: Annotated[int, Meta(ge=0, le=2**31 - 2)]


class BackgroundPages:
    """The versions of a sheet: as a page of a record, and as a piece beside the visit that runs."""

    def __init__(self, desk: Desk, people: People) -> None:
        self._desk = desk
        self._people = people

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/desk/background/versions", self.piece),
            ("GET", PAGE, self.page),
            ("POST", PAGE, self.take_back),
        ]

    async def piece(self, request: web.Request) -> web.Response:
        """GET /desk/background/versions: of the present visit's patient; what is taken back fills the form."""
        visit = await self._desk.visit(request)
        versions = await self._desk.background.versions(who_is(request), visit.patient.id)
        bodies = [msgspec.json.encode(one.body).decode() for one in versions]
        return self._desk.piece(request, "background_list", versions=versions, bodies=bodies, say=words)

    async def page(self, request: web.Request) -> web.Response:
        """GET /desk/records/{patient_id}/background"""
        return await self._page(request)

    async def take_back(self, request: web.Request) -> web.Response:
        """POST /desk/records/{patient_id}/background: save an earlier version; or show both when it moved meanwhile."""
        patient_id, wished = _patient(request), await read_form(request, Wished)
        version = (wished.record_id, wished.version)
        try:
            await self._desk.background.take_back(who_is(request), patient_id, version, wished.row_ver)
        except Conflict as clash:
            return await self._page(request, clash, version)
        path = f"/desk/records/{patient_id}/background"
        return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})

    async def _page(
        self, request: web.Request, clash: Conflict | None = None, wished: tuple[PatientId, int] | None = None
    ) -> web.Response:
        who, patient_id = who_is(request), _patient(request)
        patient = await self._people.read(who, patient_id)
        sheet = await self._desk.background.read(who, patient_id)
        versions = await self._desk.background.versions(who, patient_id)
        shown = await self._desk.show(
            request,
            "background_page",
            N_("Versions de la fiche"),
            patient=patient,
            name=display_name(patient.traits),
            sheet=sheet,
            versions=versions,
            bodies=[],
            clash=clash,
            both=_both(versions, sheet.body, wished) if wished else None,
            say=words,
        )
        if clash is not None:
            shown.set_status(clash.status)
        return shown


def _both(
    versions: list[SheetVersion], saved: BackgroundBody, wished: tuple[PatientId, int]
) -> tuple[SheetVersion, BackgroundBody] | None:
    """Return the version that was wished for, and what stands there since."""
    found = [one for one in versions if (one.record_id, one.row_ver) == wished]
    return (found[0], saved) if found else None


def _patient(request: web.Request) -> PatientId:
    return PatientId(path_id(request, "patient_id"))
