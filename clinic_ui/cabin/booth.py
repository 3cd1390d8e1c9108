"""What every screen of the cabin stands on: the services, the place, and which screen the visit is at.

The server alone knows where a visit stands (`CabinVisit.step`, from SQL). Each screen asks for the visit first and
sends the browser elsewhere when the visit is elsewhere: so a reload, the back button and a crash all land right.

    reason ─▶ flags ─▶ consent ─▶ waiting ─▶ call ─▶ closing ─▶ summary ─▶ goodbye
        └─ emergency ─┘      └▶ in-person                         (nobody in the cabin: home)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn
from zoneinfo import ZoneInfo

from aiohttp import web

from clinic_ui.render import fragment, render
from server.encounters.rules import Step
from server.encounters.service import HelpCalls, Intake
from server.encounters.views import CabinVisit
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import CabinId
from server.kernel.words import N_
from server.people.places import Places, Post
from server.people.service import People
from server.records.documents.service import Documents
from server.records.prescriptions.service import Prescriptions
from server.records.service import Notes
from server.scheduler.service.follow_ups import FollowUps
from server.web.keys import who_is

WORDS = {
    "away": N_("Plus de réseau. L’urgence et l’aide marchent encore."),
    "forked": N_("Le journal des accès a changé. Prévenez l’accueil."),
}
HOME = "/cabin"
GOODBYE = "/cabin/au-revoir"
REASON, FLAGS, ALERT, CONSENT = "/cabin/motif", "/cabin/signes", "/cabin/alerte", "/cabin/accord"
ROOM, SUMMARY, IN_PERSON = "/cabin/salle", "/cabin/resume", "/cabin/en-personne"

SCREEN_OF: Mapping[Step, str] = {
    Step.REASON: REASON,
    Step.FLAGS: FLAGS,
    Step.EMERGENCY: ALERT,
    Step.CONSENT: CONSENT,
    Step.WAITING: ROOM,
    Step.CALL: ROOM,
    Step.CLOSING: ROOM,
    Step.SUMMARY: SUMMARY,
    Step.IN_PERSON: IN_PERSON,
    Step.AWAY: HOME,  # who went out is found again by name or code; meanwhile the cabin serves others
    Step.GOODBYE: GOODBYE,
}
ASKING = (Step.REASON, Step.FLAGS, Step.CONSENT)
"""Steps whose answers may still be looked at again and changed."""


@dataclass(frozen=True, slots=True)
class Booth:
    """The services behind the screens, and the drawing of one."""

    intake: Intake
    places: Places
    people: People
    notes: Notes
    prescriptions: Prescriptions
    follow_ups: FollowUps
    help_calls: HelpCalls
    documents: Documents
    now: Clock

    async def here(self, request: web.Request) -> Post:
        """Return the cabin that this screen stands in."""
        who = who_is(request)
        return await self.places.post(who, cabin_of(who))

    async def show(
        self,
        request: web.Request,
        template: str,
        *,
        status: int = 200,
        piece: bool = False,
        words: Mapping[str, str] = MappingProxyType({}),
        **values: object,
    ) -> web.Response:
        """Draw a screen (or a piece of one) of this cabin. Every document is `no-store` already (render)."""
        post = await self.here(request)
        draw = fragment if piece else render
        spoken = {**WORDS, **words}
        place = {
            "site": post.site,
            "cabin": post.cabin,
            "workers": post.health_workers,
            "zone": ZoneInfo(post.site.zone),
            "called": await self.help_calls.mine(who_is(request)),
        }
        return draw(request, f"cabin/{template}.html", status=status, words=spoken, **place, **values)

    async def visit(self, request: web.Request, *steps: Step) -> CabinVisit:
        """Return the visit in the cabin if it is at one of `steps`; else send the browser to where it is."""
        visit = await self.intake.current(who_is(request))
        if visit is None or visit.step not in steps:
            elsewhere(screen_of(visit))
        return visit

    async def nobody(self, request: web.Request) -> None:
        """Send the browser to the visit that sits here; a visit whose patient went out leaves the cabin free."""
        visit = await self.intake.current(who_is(request))
        if visit is not None and visit.step is not Step.AWAY:
            elsewhere(screen_of(visit))


def cabin_of(who: Identity) -> CabinId:
    """Return the cabin that this account is."""
    if who.cabin_id is None:
        raise NotFound(N_("Ce compte n’est pas celui d’une cabine."))
    return who.cabin_id


def screen_of(visit: CabinVisit | None) -> str:
    """Return the address of the screen that the cabin shows now."""
    return HOME if visit is None else SCREEN_OF[visit.step]


def go(path: str) -> web.Response:
    """Send the browser on after a form was kept, so that a reload does not send it again."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def elsewhere(path: str) -> NoReturn:
    """Send the browser to the right screen instead of this one."""
    raise web.HTTPSeeOther(path, headers={"Cache-Control": "no-store"})
