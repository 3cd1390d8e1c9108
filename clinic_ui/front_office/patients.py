"""Searching and registering people: those who look alike are shown before anything is saved."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import Office
from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.people.directory import NameFit
from server.people.rules import NAME_MAX, Patient, Sex, Traits
from server.people.service import PossibleDuplicate, Registered
from server.people.wanted import DateFit
from server.web.keys import who_is
from server.web.routes import Routes

SEARCH_MAX = 100
NAME_WORDS = {
    NameFit.SAME: N_("même nom"),
    NameFit.SOUND: N_("nom qui se prononce pareil"),
    NameFit.SLIP: N_("nom à une lettre près"),
    NameFit.START: N_("nom qui commence ainsi"),
    NameFit.LIKE: N_("nom proche"),
    NameFit.PART: N_("un des noms est différent"),
}
DATE_WORDS = {
    DateFit.SAME: N_("même date de naissance"),
    DateFit.SWAPPED: N_("jour et mois de naissance inversés"),
    DateFit.DAY: N_("jour de naissance différent"),
    DateFit.MONTH: N_("mois de naissance différent"),
    DateFit.YEAR: N_("année de naissance différente"),
    DateFit.OTHER: N_("date de naissance différente"),
}
_TOO_LONG = N_("C’est trop long : 100 lettres au plus.")
Name = Annotated[str, Meta(max_length=NAME_MAX, description=_TOO_LONG)]


class Search(msgspec.Struct, frozen=True):
    """Part of a name, or a birth date. Sent by POST: a name never stands in an address."""

    q: Annotated[str, Meta(max_length=SEARCH_MAX, description=_TOO_LONG)] = ""


class NewPatient(msgspec.Struct, frozen=True):
    """The traits as they are typed. `seen`: ids of the people alike that were shown and said to be others."""

    birth_name: Annotated[str, Meta(max_length=NAME_MAX, description=N_("Écrivez le nom de naissance."))]
    given_names: Annotated[str, Meta(max_length=300, description=N_("Écrivez au moins un prénom."))]
    born_on: Annotated[date, Meta(description=N_("Écrivez la date de naissance : jour, mois, année."))]
    sex: Annotated[Sex, Meta(description=N_("Choisissez une réponse."))]
    used_name: Name = ""
    used_given_name: Name = ""
    birth_place_insee: Annotated[str, Meta(max_length=5, description=N_("Le code INSEE a 5 caractères."))] = ""
    phone: Annotated[str, Meta(max_length=20, description=N_("Ce numéro est trop long."))] = ""
    address: Annotated[str, Meta(max_length=300, description=N_("C’est trop long : 300 lettres au plus."))] = ""
    seen: Annotated[str, Meta(max_length=2_000)] = ""

    def traits(self) -> Traits:
        """Return the traits; given names are parted by commas, in the order of the civil register."""
        return Traits(
            birth_name=self.birth_name,
            given_names=tuple(name.strip() for name in self.given_names.split(",") if name.strip()),
            born_on=self.born_on,
            sex=self.sex,
            birth_place_insee=self.birth_place_insee.upper(),
            used_name=self.used_name,
            used_given_name=self.used_given_name,
            phone=self.phone,
            address=self.address,
        )


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who may be the same person. Of people of other sites only the identity is shown."""

    patient: Patient
    is_own: bool
    site: str


class PatientPages:
    """From a name said at the counter to a person who is known."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/patients", self.search_page),
            ("POST", "/office/patients", self.search),
            ("GET", "/office/patients/new", self.new),
            ("POST", "/office/patients/new", self.register),
        ]

    async def search_page(self, request: web.Request) -> web.Response:
        """GET /office/patients: an empty search."""
        return await self._office.show(request, "patients", wanted="", found=None)

    async def search(self, request: web.Request) -> web.Response:
        """POST /office/patients: people of the site who may be meant, each with the reason."""
        given = await answers(request)
        try:
            wanted = (await read_form(request, Search)).q
        except Invalid as refused:
            return await self._office.show(
                request, "patients", status=422, wanted=given.get("q", ""), found=None, errors=refused.fields
            )
        found = await self._office.people.search(who_is(request), wanted) if wanted else None
        return await self._office.show(
            request, "patients", wanted=wanted, found=found, name_words=NAME_WORDS, date_words=DATE_WORDS
        )

    async def new(self, request: web.Request) -> web.Response:
        """GET /office/patients/new"""
        return await self._form(request, {})

    async def register(self, request: web.Request) -> web.Response:
        """POST /office/patients/new: keep a new person, or show who is alike, or what is wrong.

        Somebody is saved beside people who are alike only when exactly these were shown: so neither a reload of
        the answer nor a colleague who was faster makes the same person twice.
        """
        given = await answers(request)
        if given.get("step") == "start":
            return await self._form(request, {"birth_name": given.get("birth_name", "")[:NAME_MAX]})
        try:
            typed = await read_form(request, NewPatient)
            registered = await self._register(request, typed)
        except Invalid as refused:
            return await self._form(request, given, refused)
        except PossibleDuplicate as alike:
            return await self._alike(request, given, typed, alike)
        return await self._office.show(request, "code", code=registered.code, traits=typed.traits(), made=registered)

    async def _register(self, request: web.Request, typed: NewPatient) -> Registered:
        who = who_is(request)
        try:
            return await self._office.people.register(who, typed.traits())
        except PossibleDuplicate as alike:
            if typed.seen != spelt(alike.duplicates):
                raise
        return await self._office.people.register(who, typed.traits(), force=True)

    async def _alike(
        self, request: web.Request, given: dict[str, str], typed: NewPatient, alike: PossibleDuplicate
    ) -> web.Response:
        who = who_is(request)
        sites = {site.id: site.name for site in await self._office.places.sites(who)}
        people = [Alike(one, one.site_id == who.site_id, sites.get(one.site_id, "")) for one in alike.duplicates]
        kept = {name: text for name, text in given.items() if name not in ("csrf", "seen", "step")}
        return await self._office.show(
            request,
            "alike",
            status=409,
            traits=typed.traits(),
            people=people,
            kept=kept,
            seen=spelt(alike.duplicates),
            again=bool(typed.seen),
        )

    async def _form(self, request: web.Request, given: dict[str, str], refused: Invalid | None = None) -> web.Response:
        return await self._office.show(
            request, "new", status=422 if refused else 200, given=given, errors=refused.fields if refused else {}
        )


def spelt(people: list[Patient]) -> str:
    """Return the ids of some people in one line, in order."""
    return " ".join(sorted(str(one.id) for one in people))
