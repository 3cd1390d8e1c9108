"""The waiting room and the call, on one page: camera and sockets are ready before the doctor presses.

    waiting ─(the doctor takes the visit: a nudge)─▶ call ─(hang-up)─▶ closing ─(the note is signed: a nudge)─▶ summary

The page fetches `/cabin/salle/etat` at each nudge. It carries the step in `data-step`; room.js shows what fits.
"""

from aiohttp import web

from clinic_ui.cabin.booth import Booth, go, screen_of
from server.encounters.rules import CancelReason, Step
from server.kernel.words import N_
from server.web.keys import who_is
from server.web.routes import Routes

IN_ROOM = (Step.WAITING, Step.CALL, Step.CLOSING)
WORDS = {
    "cameraAsking": N_("On allume la caméra. Touchez « Autoriser » si l’écran le demande."),
    "cameraRefused": N_("La caméra est bloquée. Demandez de l’aide."),
    "cameraAbsent": N_("La caméra ne marche pas. On continue avec la voix."),
    "microphoneAbsent": N_("Le micro ne marche pas. Demandez de l’aide."),
    "cameraLost": N_("La caméra est débranchée. On continue avec la voix."),
    "microphoneLost": N_("Le micro est débranché. Demandez de l’aide."),
    "seen": N_("On vous voit bien."),
    "speak": N_("Dites « bonjour »."),
    "heard": N_("On vous entend bien."),
    "recalling": N_("On rappelle le médecin… Restez assis."),
    "doctorLeft": N_("Le médecin a été coupé. Il revient."),
    "weakMine": N_("La ligne de la cabine est faible. On garde la voix."),
    "weakTheirs": N_("La ligne du médecin est faible. On garde la voix."),
    "weakBoth": N_("La ligne est faible. On garde la voix."),
    "stillAge": N_("Photo d’il y a %(seconds)s s"),
    "veryWeak": N_("La liaison est très faible. Parlez lentement."),
    "line4": N_("Liaison bonne"),
    "line3": N_("Liaison correcte"),
    "line2": N_("Voix nette"),
    "line1": N_("Liaison faible"),
    "line0": N_("Liaison très faible"),
    "microphoneOn": N_("Micro : allumé"),
    "microphoneOff": N_("Micro : éteint"),
    "doctorComes": N_("Le médecin arrive."),
    "ended": N_("L’appel est fini."),
    "guestAsks": N_("%(name)s, %(part)s, veut entrer dans l’appel. Vous êtes d’accord ?"),
    "guest-admitted": N_("%(name)s est dans l’appel."),
    "guest-left": N_("%(name)s est parti."),
    "guest-removed": N_("%(name)s est sorti."),
    "part-interpreter": N_("interprète"),
    "part-family": N_("proche"),
    "part-specialist": N_("spécialiste"),
    "paper-aiming": N_("Tenez le papier devant la caméra, bien à plat."),
    "paper-blind": N_("La caméra ne marche pas. Demandez de l’aide."),
    "paper-looking": N_("On lit bien le papier ?"),
    "paper-sending": N_("La photo part…"),
    "paper-waiting": N_("Plus de réseau. La photo attend ici et repart toute seule."),
    "paper-checking": N_("La photo est arrivée. On la vérifie…"),
    "paper-sent": N_("Le médecin a reçu votre photo."),
    "elsewhere": N_("Cette visite est ouverte sur un autre écran."),
}


class RoomPages:
    """Waiting, talking, and the minute after."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth

    def routes(self) -> Routes:
        """Return the routes of these screens."""
        return [
            ("GET", "/cabin/salle", self.room),
            ("GET", "/cabin/salle/etat", self.state),
            ("POST", "/cabin/salle/sortir", self.step_out),
            ("GET", "/cabin/salle/a-bientot", self.see_you),
            ("POST", "/cabin/salle/arreter", self.stop),
        ]

    async def room(self, request: web.Request) -> web.Response:
        """GET /cabin/salle: the one page of waiting and talking."""
        visit = await self._booth.visit(request, *IN_ROOM)
        return await self._booth.show(request, "room", visit=visit, words=WORDS)

    async def state(self, request: web.Request) -> web.Response:
        """GET /cabin/salle/etat: the living part; when the visit is elsewhere, so goes the browser."""
        visit = await self._booth.visit(request, *IN_ROOM)
        return await self._booth.show(request, "room_state", visit=visit, piece=True)

    async def step_out(self, request: web.Request) -> web.Response:
        """POST /cabin/salle/sortir: « Je préfère revenir »: the place in line is kept."""
        await self._booth.intake.step_out(who_is(request))
        return go("/cabin/salle/a-bientot")

    async def see_you(self, request: web.Request) -> web.Response:
        """GET /cabin/salle/a-bientot: come back, and say who you are."""
        response = await self._booth.show(request, "see_you")
        response.headers["Refresh"] = "20; url=/cabin"
        return response

    async def stop(self, request: web.Request) -> web.Response:
        """POST /cabin/salle/arreter: « Arrêter », before the doctor comes."""
        after = await self._booth.intake.leave(who_is(request), CancelReason.GAVE_UP)
        return go("/cabin/au-revoir" if after is None else screen_of(after))
