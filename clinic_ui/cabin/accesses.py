"""« Qui a ouvert mon dossier ? » in the cabin: big words, a few days at a time, only for who sits there."""

from zoneinfo import ZoneInfo

from aiohttp import web

from clinic_ui.accesses import DAYS_IN_THE_CABIN, Told, before
from clinic_ui.cabin.booth import ASKING, Booth, screen_of
from server.encounters.rules import Step
from server.encounters.service.accesses import AccessBook
from server.web.keys import who_is
from server.web.routes import Routes


class AccessPages:
    """Who opened the record of the patient in the cabin."""

    def __init__(self, booth: Booth, book: AccessBook) -> None:
        self._booth = booth
        self._book = book

    def routes(self) -> Routes:
        """Return the routes of this screen."""
        return [("GET", "/cabin/acces", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /cabin/acces: before the waiting room or after the visit; `avant` turns to older days."""
        visit = await self._booth.visit(request, *ASKING, Step.SUMMARY)
        zone = ZoneInfo((await self._booth.here(request)).site.zone)
        accesses = await self._book.mine(who_is(request), zone, before(request), days=DAYS_IN_THE_CABIN)
        later = "avant" in request.query
        back = "/cabin/acces" if later else screen_of(visit)
        return await self._booth.show(request, "accesses", visit=visit, back_to=back, later=later, told=Told(accesses))
