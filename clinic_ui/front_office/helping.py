"""The site's calls for help, at the top of every page of the front office: which cabin, since when, and who goes."""

from aiohttp import web

from clinic_ui.front_office.office import HOME, Office, go
from clinic_ui.render import wants_fragment
from server.kernel.ids import CabinId
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id


class HelpPages:
    """The piece with the calls, and « J’y vais »."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of the calls for help."""
        return [("GET", "/office/help", self.piece), ("POST", "/office/help/{cabin_id}", self.answer)]

    async def piece(self, request: web.Request) -> web.Response:
        """GET /office/help: the living part, fetched again when a cabin of the site asks or is answered."""
        return await self._office.show(request, "help_calls", piece=True)

    async def answer(self, request: web.Request) -> web.Response:
        """POST /office/help/{cabin_id}: « J’y vais ». With scripts the page stays, and what is typed in it."""
        await self._office.help_calls.answer(who_is(request), CabinId(path_id(request, "cabin_id")))
        return await self.piece(request) if wants_fragment(request) else go(HOME)
