"""Everybody's hours: how long each cabin, doctor, health worker and instrument is open in a common week."""

from dataclasses import dataclass

from aiohttp import web

from clinic_ui import i18n
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.words import N_
from server.scheduler.availability.rules import Plan
from server.scheduler.availability.service import Availability
from server.scheduler.availability.subjects import Subject
from server.scheduler.rules.openings import ResourceKind
from server.web.keys import who_is
from server.web.routes import Routes

PAGE = "/coordination/hours"
KIND_WORDS = {
    ResourceKind.CABIN: N_("Cabines"),
    ResourceKind.PRACTITIONER: N_("Médecins"),
    ResourceKind.HEALTH_WORKER: N_("Professionnels accompagnants"),
    ResourceKind.INSTRUMENT: N_("Matériel partagé"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One of the list: how long it is open in a common week, in minutes; None where nobody has said."""

    subject: Subject
    open_min: int | None


class AllHoursPages:
    """The list of everybody's hours."""

    def __init__(self, availability: Availability) -> None:
        self._availability = availability

    def routes(self) -> Routes:
        """Return the route of the list."""
        return [("GET", PAGE, self.all)]

    async def all(self, request: web.Request) -> web.Response:
        """GET /coordination/hours"""
        found = await self._availability.subjects(who_is(request))
        groups = [
            (words, [Line(one, _open_min(plan)) for one, plan in found if one.kind is kind])
            for kind, words in KIND_WORDS.items()
        ]
        title = i18n.translate(look_of(request).locale, N_("Heures d’ouverture"))
        return render(request, "coordination/hours_all.html", title=title, groups=groups)


def _open_min(plan: Plan | None) -> int | None:
    return None if plan is None else sum(one.end_min - one.start_min for one in plan.weekly)
