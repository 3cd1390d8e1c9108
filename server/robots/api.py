"""What a robot asks before it comes in: is this a demonstration, and whose invented name may it bear?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from server.kernel.access import Identity
from server.kernel.errors import Invalid, NotAllowed
from server.kernel.words import N_
from server.people.rules import display_name
from server.people.service import People
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import Wire, read, reply


class Somebody(Wire, frozen=True):
    """Who comes: by the code on their paper, or by family name and birth date."""

    code: str = ""
    name: str = ""
    born_on: date | None = None


@dataclass(frozen=True, slots=True)
class RobotsApi:
    """The two questions of robots. `demo_logins`: the accounts of the demonstration; elsewhere there are none."""

    people: People
    demo_logins: Collection[str]

    async def welcome(self, request: web.Request) -> web.Response:
        """GET /api/robots/welcome: 403 wherever the account is somebody's real one."""
        who = who_is(request)
        self._refuse_real(who)
        return reply({"name": who.name})

    async def recognise(self, request: web.Request) -> web.Response:
        """POST /api/robots/recognise: an invented patient's id; 403 for a real one, as if a door had stayed shut."""
        who = who_is(request)
        self._refuse_real(who)
        asked = await read(request, Somebody)
        if asked.code:
            patient = await self.people.recognise_code(who, asked.code)
        elif asked.name and asked.born_on:
            patient = await self.people.recognise_name(who, asked.name, asked.born_on)
        else:
            raise Invalid(N_("Dites qui vient : un code, ou un nom et une date de naissance."))
        if not patient.fictitious:
            raise NotAllowed(
                N_("Cette personne n’est pas fictive. Un robot ne prend jamais sa place."), code="not-fictitious"
            )
        return reply({"patient_id": patient.id, "name": display_name(patient.traits)})

    def _refuse_real(self, who: Identity) -> None:
        if who.login not in self.demo_logins:
            raise NotAllowed(
                N_("Ce compte n’est pas celui d’une démonstration. Un robot n’entre pas ici."), code="no-robots"
            )

    def routes(self) -> Routes:
        """Return `(method, path, view)` of both."""
        return [("GET", "/api/robots/welcome", self.welcome), ("POST", "/api/robots/recognise", self.recognise)]
