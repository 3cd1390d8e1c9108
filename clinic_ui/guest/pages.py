"""The page of who was asked into a call: first the code and a name, then the call, at the same address.

    GET /invite ── no known browser ──▶ the form ──POST: the code is used up──▶ GET /invite ──▶ the room

The code is never part of an address that a server sees: a link carries it behind `#`, and the page reads it there.
"""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.forms import answers, read_form
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.encounters.guest_rules import GuestPart, GuestStatus
from server.encounters.service import Guests
from server.kernel.errors import ClinicError, Conflict, Invalid, NotFound, NotSignedIn, TooMany
from server.kernel.words import N_
from server.web.cookies import give_guest, guest_token
from server.web.routes import Routes

PARTS = {
    GuestPart.INTERPRETER: N_("interprète"),
    GuestPart.FAMILY: N_("proche"),
    GuestPart.SPECIALIST: N_("spécialiste"),
}
WORDS = {
    "guest-asking": N_("On demande à la personne si vous pouvez entrer."),
    "guest-admitted": N_("Vous êtes dans l’appel."),
    "guest-refused": N_("La personne préfère continuer sans vous. Merci d’être venu."),
    "guest-left": N_("L’appel est fini pour vous. Merci."),
    "guest-removed": N_("L’appel est fini pour vous. Merci."),
    "guest-lapsed": N_("L’appel est fini. Demandez un autre code au médecin."),
    "guest-elsewhere": N_("Cet appel est ouvert dans une autre fenêtre."),
    "micOn": N_("Micro allumé"),
    "micOff": N_("Micro coupé"),
    "cameraOn": N_("Image allumée"),
    "cameraOffShort": N_("Image éteinte"),
    "cameraWeak": N_("La ligne ne porte pas d’image. La voix suffit."),
    "pair-waiting": N_("on se connecte…"),
    "pair-live": N_("vous entend"),
    "pair-silent": N_("coupé, on rappelle…"),
    "microphoneAbsent": N_("Le micro ne marche pas. Autorisez-le, puis réessayez."),
}


class _Entry(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(max_length=20, description=N_("Le code a huit chiffres."))]
    name: Annotated[str, Meta(max_length=120, description=N_("Écrivez votre nom."))]


class GuestPages:
    """What somebody sees who was asked in: nothing of the record, and no name that was not said to them."""

    def __init__(self, guests: Guests) -> None:
        self._guests = guests

    def routes(self) -> Routes:
        """Return the routes of the guest."""
        return [("GET", "/invite", self.show), ("POST", "/invite", self.enter)]

    async def show(self, request: web.Request) -> web.Response:
        """GET /invite: the form; or the room, for a browser that a code let in."""
        try:
            guest = await self._guests.known(guest_token(request))
        except NotSignedIn:
            return self._form(request, {})
        if guest.status not in (GuestStatus.ASKING, GuestStatus.ADMITTED):
            return self._form(request, {}, over=WORDS[f"guest-{guest.status.value}"])
        title = i18n.translate(look_of(request).locale, N_("Invitation"))
        return render(request, "guest/room.html", title=title, guest=guest, parts=PARTS, words=WORDS)

    async def enter(self, request: web.Request) -> web.Response:
        """POST /invite: use up the code; the patient is asked."""
        given = await answers(request)
        try:
            asked = await read_form(request, _Entry)
            token = await self._guests.enter(asked.code, asked.name, request.remote or "?")
        except (Invalid, NotFound, Conflict, TooMany) as refused:
            return self._form(request, given, refused)
        response = web.Response(status=303, headers={"Location": "/invite", "Cache-Control": "no-store"})
        give_guest(request, response, token)
        return response

    def _form(
        self, request: web.Request, given: dict[str, str], refused: ClinicError | None = None, over: str = ""
    ) -> web.Response:
        locale = look_of(request).locale
        response = render(
            request,
            "guest/enter.html",
            status=refused.status if refused else 200,
            title=i18n.translate(locale, N_("Invitation")),
            given={"name": given.get("name", "")},
            refused=i18n.translate(locale, refused.message, **refused.params) if refused else "",
            over=i18n.translate(locale, over) if over else "",
            errors=refused.fields if refused else {},
        )
        if isinstance(refused, TooMany):
            response.headers["Retry-After"] = str(refused.retry_after)
        return response
