"""What every page of the front office stands on: the services, the site, and the drawing of one page."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiohttp import web

from clinic_ui.render import fragment, render
from server.encounters.service import FrontOffice, HelpCalls
from server.encounters.views import LineItem
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import AppointmentId, PatientId, PromiseId, SiteId
from server.kernel.words import N_
from server.people.places import Places
from server.people.rules import Patient
from server.people.service import People
from server.readiness.faults import Whom
from server.readiness.service import Readiness
from server.records.service import Background, Measures
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.office_view import OfficeView
from server.web.keys import who_is
from server.web.wire import path_id

HOME = "/office"
PATIENTS = "/office/patients"
PROMISES = "/office/promises"

WORDS = {
    "notSent": N_("Plus de réseau. Ce que vous avez écrit reste ici. Envoyez quand le réseau revient."),
    "away": N_("Plus de réseau. Ce qui est affiché peut dater."),
}


@dataclass(frozen=True, slots=True)
class Office:
    """The services behind the pages, and how a page is drawn."""

    people: People
    places: Places
    measures: Measures
    background: Background
    front_office: FrontOffice
    help_calls: HelpCalls
    follow_ups: FollowUps
    view: OfficeView
    readiness: Readiness
    whom: Whom
    now: Clock

    async def show(
        self, request: web.Request, template: str, *, status: int = 200, piece: bool = False, **values: object
    ) -> web.Response:
        """Draw a page (or a piece of one): with the site, its hour, who calls for help, and what is still to book."""
        draw = fragment if piece else render
        return draw(request, f"front_office/{template}.html", status=status, **{**await self.around(request), **values})

    async def around(self, request: web.Request) -> dict[str, object]:
        """Return what the frame of a page needs."""
        who = who_is(request)
        site = await self.places.site(who, site_of(who))
        zone = ZoneInfo(site.zone)
        now = self.now()
        return {
            "site": site,
            "zone": zone,
            "now": now,
            "today": now.astimezone(zone).date(),
            "help_calls": await self.help_calls.waiting(who),
            "to_book": await self.view.to_book(who),
            "words": WORDS,
        }

    async def patient(self, request: web.Request) -> Patient:
        """Return the patient in the path, if they belong to the caller's site."""
        return await self.people.read(who_is(request), patient_id(request))

    async def visit_of(self, who: Identity, patient_id: PatientId) -> LineItem | None:
        """Return the visit in which this patient waits or is seen now."""
        line = await self.front_office.line(who)
        return next((item for item in line if item.patient_id == patient_id), None)


def site_of(who: Identity) -> SiteId:
    """Return the site where the caller works."""
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id


def patient_id(request: web.Request) -> PatientId:
    """Return the patient's id in the path."""
    return PatientId(path_id(request, "patient_id"))


def promise_id(request: web.Request) -> PromiseId:
    """Return the follow-up's id in the path."""
    return PromiseId(path_id(request, "promise_id"))


def appointment_id(request: web.Request) -> AppointmentId:
    """Return the appointment's id in the path."""
    return AppointmentId(path_id(request, "appointment_id"))


def go(path: str) -> web.Response:
    """Send the browser on after a form was kept, so that a reload does not send it again."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
