"""« Versions » at the desk: the hours at which the draft was saved, and one of them opened."""

import msgspec
from aiohttp import web

from clinic_ui.desk.desk import Desk
from server.kernel.errors import NotFound
from server.kernel.words import N_
from server.web.keys import who_is
from server.web.routes import Routes

PARTS = (
    ("examination", N_("Examen")),
    ("conclusion", N_("Conclusion")),
    ("acts", N_("Actes et prescriptions")),
    ("advice", N_("Conseils pour la personne")),
    ("incidents", N_("Incidents techniques")),
)


class VersionPieces:
    """Pieces of the sheet in which a doctor reads what the note was before."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> Routes:
        """Return the routes of the pieces."""
        return [("GET", "/desk/versions", self.versions), ("GET", "/desk/versions/{row_ver}", self.version)]

    async def versions(self, request: web.Request) -> web.Response:
        """GET /desk/versions: when the note of the present visit was saved, newest first."""
        visit = await self._desk.visit(request)
        saved = await self._desk.notes.versions.of_visit(who_is(request), visit.encounter_id)
        return self._desk.piece(request, "versions", saved=saved)

    async def version(self, request: web.Request) -> web.Response:
        """GET /desk/versions/{row_ver}: the note as it was then."""
        visit = await self._desk.visit(request)
        asked = request.match_info["row_ver"]
        if not asked.isascii() or not asked.isdigit() or len(asked) > 9:
            raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
        found = await self._desk.notes.versions.read(who_is(request), visit.encounter_id, int(asked))
        shown = [(words, getattr(found.body, name)) for name, words in PARTS]
        body_json = msgspec.json.encode(found.body).decode()
        return self._desk.piece(request, "version", version=found, shown=shown, body_json=body_json)
