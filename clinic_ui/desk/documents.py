"""Documents at the desk: the tab beside the note, fetched when it is opened and when something came."""

from aiohttp import web

from clinic_ui.desk.desk import Desk
from clinic_ui.documents import shown
from server.web.keys import who_is
from server.web.routes import Routes


class DocumentPieces:
    """The tab « Documents » of the visit that runs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> Routes:
        """Return the route of the tab."""
        return [("GET", "/desk/documents", self.tab)]

    async def tab(self, request: web.Request) -> web.Response:
        """GET /desk/documents: all documents of the patient of one's visit, newest first."""
        visit = await self._desk.visit(request)
        found = await self._desk.documents.of_patient(who_is(request), visit.patient.id)
        return self._desk.piece(request, "documents", visit=visit, documents=shown(found))
