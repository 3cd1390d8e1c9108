"""« Qui a ouvert ce dossier ? » at the health worker's desk, to read together with the patient or to print."""

from zoneinfo import ZoneInfo

from aiohttp import web

from clinic_ui.accesses import DAYS_AT_THE_DESK, Told, before
from clinic_ui.front_office.office import Office, patient_id, site_of
from clinic_ui.front_office.sheet import sheet_of
from server.encounters.service.accesses import AccessBook
from server.web.keys import who_is
from server.web.routes import Routes


class AccessPages:
    """Who opened a patient's record."""

    def __init__(self, office: Office, book: AccessBook) -> None:
        self._office = office
        self._book = book

    def routes(self) -> Routes:
        """Return the routes of this page."""
        return [("GET", "/office/patients/{patient_id}/accesses", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/accesses: `avant` turns the page to the days before one."""
        who = who_is(request)
        site = await self._office.places.site(who, site_of(who))
        accesses = await self._book.of_patient(
            who, patient_id(request), ZoneInfo(site.zone), before(request), days=DAYS_AT_THE_DESK
        )
        sheet = await sheet_of(self._office, request)
        return await self._office.show(
            request, "accesses", sheet=sheet, later="avant" in request.query, told=Told(accesses)
        )
