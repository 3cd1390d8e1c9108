"""What all pages of the desk share: the services they ask, the frame around them, and the visit of the caller."""

from dataclasses import dataclass

from aiohttp import web

from clinic_ui import i18n
from clinic_ui.desk.words import SCRIPT
from clinic_ui.documents import WORDS
from clinic_ui.look import look_of
from clinic_ui.render import fragment, render
from server.encounters.service import Duty, Queue
from server.encounters.views import DeskVisit
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.words import N_
from server.people.places import Places
from server.people.rules import Practitioner
from server.records.documents.service import Documents
from server.records.prescriptions.service import Prescriptions
from server.records.service import Background, Measures, Notes
from server.records.service.reports import Reports
from server.scheduler.promises.plans import Plans
from server.scheduler.service.follow_ups import FollowUps
from server.web.keys import who_is


@dataclass(frozen=True, slots=True)
class Desk:
    """The services behind the desk's pages."""

    queue: Queue
    duty: Duty
    notes: Notes
    prescriptions: Prescriptions
    reports: Reports
    measures: Measures
    background: Background
    follow_ups: FollowUps
    places: Places
    documents: Documents
    now: Clock
    plans: Plans

    async def show(self, request: web.Request, name: str, title: str, /, **values: object) -> web.Response:
        """Return a whole page in the desk's frame: duty, and how many follow-ups are to be seen to."""
        return render(
            request,
            f"desk/{name}.html",
            status=200,
            title=i18n.translate(look_of(request).locale, title),
            **{**await self.around(request, promises=values.get("promises")), **values},
        )

    async def around(self, request: web.Request, *, promises: object = None) -> dict[str, object]:
        """Return what the frame of a page needs; `promises` spares a look when they are known."""
        who = who_is(request)
        return {
            "duty": await self.duty.current(who),
            "promises": await self.follow_ups.due(who) if promises is None else promises,
            "words": {**SCRIPT, **WORDS},
            "site": None,
            "cabin": None,
            "visit": None,
        }

    @staticmethod
    def piece(request: web.Request, name: str, /, **values: object) -> web.Response:
        """Return a piece of a page."""
        return fragment(request, f"desk/{name}.html", status=200, **values)

    async def visit(self, request: web.Request) -> DeskVisit:
        """Return the visit that the caller has taken; NotFound when there is none."""
        visit = await self.queue.desk_visit(who_is(request))
        if visit is None:
            raise NotFound(N_("Vous n’avez pas de visite en cours."))
        return visit

    async def doctor(self, request: web.Request) -> Practitioner:
        """Return the caller as a practitioner."""
        who = who_is(request)
        found = [one for one in await self.places.practitioners(who) if one.id == who.practitioner_id]
        if not found:
            raise NotFound(N_("Votre compte n’est pas celui d’un médecin."))
        return found[0]
