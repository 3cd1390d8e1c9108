"""« Votre ordonnance » : what was signed, in plain words; printing gives the very paper, page by page."""

from aiohttp import web

from clinic_ui.cabin.booth import Booth
from clinic_ui.dates import ZONE
from clinic_ui.look import look_of
from clinic_ui.paper.prescription import prescription_sheet
from clinic_ui.paper.press import PRESS, page_answer
from clinic_ui.paper.words import MOMENTS, Tongue
from server.encounters.rules import Step
from server.kernel.errors import NotFound
from server.kernel.words import N_
from server.web.keys import who_is
from server.web.routes import Routes


class PrescriptionScreens:
    """After the doctor signed: read it, listen to it, print it."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth

    def routes(self) -> Routes:
        """Return the routes of these screens."""
        return [
            ("GET", "/cabin/ordonnance", self.words),
            ("GET", "/cabin/ordonnance/{page}", self.page),
        ]

    async def words(self, request: web.Request) -> web.Response:
        """GET /cabin/ordonnance: medicines with the moments of the day."""
        visit = await self._booth.visit(request, Step.SUMMARY)
        found = await self._booth.prescriptions.of_visit(who_is(request), visit.encounter_id)
        if not found:
            raise _none()
        pages = len(await self._drawn(request))
        return await self._booth.show(
            request,
            "prescription",
            visit=visit,
            prescriptions=found,
            pages=pages,
            moments=MOMENTS,
            tongue=Tongue(look_of(request).locale),
        )

    async def page(self, request: web.Request) -> web.Response:
        """GET /cabin/ordonnance/{page}: one page of the paper, from 1 on, for the printer."""
        drawn = await self._drawn(request, printing=True)
        number = request.match_info["page"]
        if not number.isascii() or not number.isdigit() or not 1 <= int(number[:4]) <= len(drawn):
            raise _none()
        return page_answer(drawn[int(number) - 1])

    async def _drawn(self, request: web.Request, *, printing: bool = False) -> list[bytes]:
        visit = await self._booth.visit(request, Step.SUMMARY)
        found = await self._booth.prescriptions.of_visit(who_is(request), visit.encounter_id, printing=printing)
        drawn: list[bytes] = []
        for one in found:
            signed_on = one.signed_at.astimezone(ZONE).date()
            drawn += await request.app[PRESS].draw(prescription_sheet(one.content, signed_on, "fr"), "svg")
        return drawn


def _none() -> NotFound:
    return NotFound(N_("Il n’y a pas d’ordonnance pour cette visite."))
