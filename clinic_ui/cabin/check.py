"""« Vérifier la cabine »: the screen that checks itself, and when a cabin on its first screen goes there alone."""

from datetime import UTC, datetime, timedelta

from aiohttp import web

from clinic_ui.cabin.booth import Booth, cabin_of
from clinic_ui.readiness import ITEM_WORDS
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.ids import CabinId
from server.kernel.words import N_
from server.readiness.rules import due_at
from server.readiness.service import Readiness
from server.scheduler.service.hours import Hours
from server.web.keys import who_is
from server.web.routes import Routes

CHECK = "/cabin/controle"
ALONE = f"{CHECK}?seule=1"
STANDS_FOR = timedelta(seconds=60)  # somebody who has just come in is not sent away from the first screen
NOT_AGAIN_FOR = timedelta(minutes=15)  # a check that somebody stopped, or that could not report
LOOK_AGAIN = timedelta(hours=6)  # timers of a page are not for days

WORDS = {
    "checkWaits": N_("En attente"),
    "checkRuns": N_("On regarde…"),
    "checkGood": N_("Bien"),
    "checkNone": N_("Non mesuré"),
    "checkCameraAsks": N_("Touchez « Autoriser » si l’écran le demande."),
    "checkQuiet": N_("Ne parlez pas : on écoute la cabine."),
    "checkSound": N_("Écoutez : la cabine joue trois notes."),
    "checkLine": N_("On appelle le serveur."),
    "checkEnds": N_("On note le résultat."),
    "checkReady": N_("La cabine est prête."),
    "checkDone": N_("Le contrôle est fini."),
    "checkBusy": N_("D’autres cabines se vérifient. On réessaie dans %(count)s secondes."),
    "checkOffline": N_("Plus de réseau."),
    "checkOfflineMend": N_("Vérifiez le câble de la box. On réessaie tout seul."),
    "checkFailed": N_("Le contrôle s’est arrêté."),
    "checkFailedMend": N_("Touchez « Recommencer »."),
    "checkAlone": N_("Cet écran revient tout seul à l’accueil."),
}


class Mornings:
    """When a cabin that stands on its first screen checks itself. What was offered lately is kept in this process."""

    def __init__(self, readiness: Readiness, hours: Hours, now: Clock) -> None:
        self._readiness = readiness
        self._hours = hours
        self._now = now
        self._offered: dict[CabinId, datetime] = {}

    def offer(self, who: Identity) -> None:
        """Note that this cabin's screen goes to its check now."""
        self._offered[cabin_of(who)] = self._now()

    def begins(self) -> int:
        """Return the instant that the first screen carries along, to tell later for how long it has stood."""
        return int(self._now().timestamp())

    async def seconds(self, who: Identity, stands: str) -> int | None:
        """Return in how many seconds the screen should ask again; 0: it is time to check; None: nobody knows.

        `stands` is what `begins` gave when the screen was drawn.
        """
        opening = await self._hours.of_cabin(who)
        is_open, opens_at = (opening.is_open, opening.opens_at) if opening else (True, None)
        now = self._now()
        due = due_at(await self._readiness.mine(who), now, is_open=is_open, opens_at=opens_at)
        if due is None:
            return None
        earliest = max(due, _since(stands, now) + STANDS_FOR)
        offered = self._offered.get(cabin_of(who))
        if offered is not None:
            earliest = max(earliest, offered + NOT_AGAIN_FOR)
        if earliest <= now:
            return 0
        return int(min(earliest - now, LOOK_AGAIN).total_seconds()) + 1


class CheckPages:
    """The screen that checks the cabin."""

    def __init__(self, booth: Booth, mornings: Mornings) -> None:
        self._booth = booth
        self._mornings = mornings

    def routes(self) -> Routes:
        """Return the route of this screen."""
        return [("GET", CHECK, self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /cabin/controle: by a person; with `seule`, by the cabin itself, which goes back home afterwards."""
        await self._booth.nobody(request)
        alone = "seule" in request.query
        if alone:
            self._mornings.offer(who_is(request))
        return await self._booth.show(request, "check", words=WORDS, alone=alone, items=ITEM_WORDS)


def _since(stands: str, now: datetime) -> datetime:
    try:
        return min(datetime.fromtimestamp(int(stands), UTC), now)
    except (ValueError, OverflowError, OSError):
        return now
