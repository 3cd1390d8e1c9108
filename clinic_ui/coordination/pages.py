"""The coordinator's overview: cabins, doctors, waits, follow-ups and smileys of the day, and no patient's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from clinic_ui import i18n
from clinic_ui.look import look_of
from clinic_ui.render import fragment, render
from server.audit.service import Alarm, Witnessing
from server.encounters.quality_rules import Side
from server.evaluation.call_rules import LineWeek
from server.evaluation.overview import Overview
from server.evaluation.rules import CabinState, Day, Satisfaction
from server.evaluation.service import Feedback
from server.kernel.clock import Clock
from server.kernel.words import N_
from server.people.access.glass import Glasses
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

SMILEYS_FOR = timedelta(days=30)
LONG_WAIT_MINUTES = 20  # UX C1: from here on the coordinator should look

STATE_WORDS = {
    CabinState.FREE: (N_("Libre"), "ok"),
    CabinState.INTAKE: (N_("Quelqu’un arrive"), "info"),
    CabinState.WAITING: (N_("Quelqu’un attend un médecin"), "warn"),
    CabinState.WITH_DOCTOR: (N_("Avec un médecin"), "brand"),
    CabinState.CLOSING: (N_("Fin de visite"), "info"),
    CabinState.HELP: (N_("Demande de l’aide"), "warn"),
    CabinState.EMERGENCY: (N_("Urgence"), "danger"),
    CabinState.OUT_OF_SERVICE: (N_("Hors service"), "danger"),
}


SIDE_WORDS = {
    Side.CABIN: (N_("la cabine"), "warn"),
    Side.DOCTOR: (N_("le médecin"), "info"),
    Side.BOTH: (N_("les deux sens"), "warn"),
}


@dataclass(frozen=True, slots=True)
class Board:
    """What the overview shows."""

    day: Day
    faces: Satisfaction
    alarms: tuple[Alarm, ...] = ()
    state_words: Mapping[CabinState, tuple[str, str]] = field(default_factory=lambda: STATE_WORDS)
    long_wait: int = LONG_WAIT_MINUTES
    lines: tuple[LineWeek, ...] = ()
    to_review: int = 0
    side_words: Mapping[Side, tuple[str, str]] = field(default_factory=lambda: SIDE_WORDS)


class CoordinationPages:
    """The pages behind the coordination door."""

    def __init__(
        self, overview: Overview, feedback: Feedback, witnessing: Witnessing, glasses: Glasses, now: Clock
    ) -> None:
        self._glasses = glasses
        self._overview = overview
        self._feedback = feedback
        self._witnessing = witnessing
        self._now = now

    def routes(self) -> Routes:
        """Return the routes of the coordinator."""
        return [
            ("GET", "/coordination", self.page),
            ("GET", "/coordination/day", self.day),
            ("POST", "/coordination/alarms/{alarm_id}", self.settle),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination"""
        title = i18n.translate(look_of(request).locale, N_("Vue d’ensemble"))
        return render(request, "coordination/overview.html", title=title, board=await self._board(request))

    async def day(self, request: web.Request) -> web.Response:
        """GET /coordination/day: the numbers alone, fetched again when something moved."""
        return fragment(request, "coordination/day.html", board=await self._board(request))

    async def _board(self, request: web.Request) -> Board:
        who = who_is(request)
        faces = await self._feedback.satisfaction(who, self._now() - SMILEYS_FOR)
        return Board(
            await self._overview.today(who),
            faces,
            tuple(await self._witnessing.alarms(who)),
            lines=await self._overview.lines(who),
            to_review=await self._glasses.count(who),
        )

    async def settle(self, request: web.Request) -> web.Response:
        """POST /coordination/alarms/{alarm_id}: the cause of this fork is known."""
        await self._witnessing.settle(who_is(request), path_id(request, "alarm_id"))
        return web.Response(status=303, headers={"Location": "/coordination", "Cache-Control": "no-store"})
