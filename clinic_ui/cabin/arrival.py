"""Who comes: alone or helped, by code or by name, confirmed without showing anything private.

    avec ─▶ qui ─▶ qui/code or qui/nom ─▶ (recognised) c'est bien vous ? ─▶ who helps ? ─▶ a visit begins

Nothing is kept on the server before the visit begins: each form brings again what the person typed, and the server
recognises them again. So there is nothing to wipe when somebody walks away, and a name is never in an address.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from babel.dates import format_date
from msgspec import Meta

from clinic_ui.cabin.booth import REASON, Booth, go, screen_of
from clinic_ui.forms import answers, read_form
from clinic_ui.look import look_of
from server.encounters.rules import Accompanied, Step
from server.encounters.service import Beginning
from server.kernel.errors import Invalid, NotFound
from server.kernel.ids import AppointmentId
from server.kernel.words import N_
from server.people.rules import NAME_MAX, OLDEST_YEARS, Patient, discreet_name
from server.web.keys import who_is
from server.web.routes import Routes

Words = TypeVar("Words", bound=StrEnum)


class Purpose(StrEnum):
    """The three answers of the first screen."""

    DOCTOR = "medecin"
    APPOINTMENT = "rendez-vous"
    BOOKING = "reserver"


class Typed(msgspec.Struct, frozen=True):
    """What a person typed to be recognised, and what they came for; sent again until the visit begins."""

    pour: Purpose = Purpose.DOCTOR
    avec: Accompanied = Accompanied.ALONE
    code: Annotated[str, Meta(pattern=r"^\d{6}$", description=N_("Le code a 6 chiffres."))] = ""
    name: Annotated[str, Meta(max_length=NAME_MAX, description=N_("Ce nom est trop long."))] = ""
    day: Annotated[int, Meta(ge=1, le=31, description=N_("Choisissez le jour."))] | None = None
    month: Annotated[int, Meta(ge=1, le=12, description=N_("Choisissez le mois."))] | None = None
    year: Annotated[int, Meta(ge=1890, le=2100, description=N_("Écrivez l’année, avec 4 chiffres."))] | None = None
    companion: Annotated[str, Meta(max_length=NAME_MAX, description=N_("Ce nom est trop long."))] = ""
    asked: bool = False
    """The name of who helps was asked; it may stay empty."""

    @property
    def by_name(self) -> bool:
        """Whether the person typed a name instead of a code."""
        return not self.code

    def born_on(self, today: date) -> date:
        """Return the birth date, or raise Invalid when there is no such day."""
        try:
            born_on = date(self.year or 0, self.month or 0, self.day or 0)
        except ValueError:
            raise Invalid(_NO_SUCH_DAY, fields={"day": _NO_SUCH_DAY}) from None
        if not 0 <= today.year - born_on.year <= OLDEST_YEARS or born_on > today:
            raise Invalid(_NO_SUCH_YEAR, fields={"year": _NO_SUCH_YEAR})
        return born_on


_NO_SUCH_DAY = N_("Cette date n’existe pas. Regardez le jour et le mois.")
_NO_SUCH_YEAR = N_("Cette année n’est pas possible.")
_MISSING = {
    "code": N_("Écrivez les 6 chiffres du papier."),
    "name": N_("Écrivez votre nom de famille."),
    "day": N_("Choisissez le jour."),
    "month": N_("Choisissez le mois."),
    "year": N_("Écrivez l’année, avec 4 chiffres."),
}


DAYS = tuple((day, str(day)) for day in range(1, 32))
_NEXT = {Purpose.DOCTOR: REASON, Purpose.APPOINTMENT: "/cabin/mon-rendez-vous", Purpose.BOOKING: "/cabin/rendez-vous"}


class ArrivalPages:
    """From the first answer to a visit that begins."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth

    def routes(self) -> Routes:
        """Return the routes of these screens."""
        return [
            ("GET", "/cabin/avec", self.accompanied),
            ("GET", "/cabin/qui", self.who),
            ("GET", "/cabin/qui/code", self.code),
            ("GET", "/cabin/qui/nom", self.name),
            ("POST", "/cabin/qui/code", self.by_code),
            ("POST", "/cabin/qui/nom", self.by_name),
            ("POST", "/cabin/moi", self.yes_me),
            ("GET", "/cabin/mon-rendez-vous", self.my_appointment),
        ]

    async def accompanied(self, request: web.Request) -> web.Response:
        """GET /cabin/avec: alone, or with somebody?"""
        await self._booth.nobody(request)
        return await self._booth.show(request, "accompanied", pour=_purpose(request))

    async def who(self, request: web.Request) -> web.Response:
        """GET /cabin/qui: by a code on paper, or by name?"""
        return await self._ask(request, "who")

    async def code(self, request: web.Request) -> web.Response:
        """GET /cabin/qui/code: the number pad."""
        return await self._ask(request, "who_code")

    async def name(self, request: web.Request) -> web.Response:
        """GET /cabin/qui/nom: family name and birth date."""
        return await self._ask(request, "who_name")

    async def _ask(self, request: web.Request, template: str) -> web.Response:
        await self._booth.nobody(request)
        typed = Typed(pour=_purpose(request), avec=_accompanied(request))
        return await self._booth.show(request, template, typed=typed, days=DAYS)

    async def by_code(self, request: web.Request) -> web.Response:
        """POST /cabin/qui/code: recognise, and ask whether it is really them."""
        return await self._recognise_and_ask(request, "who_code", ("code",))

    async def by_name(self, request: web.Request) -> web.Response:
        """POST /cabin/qui/nom: the same, by family name and birth date."""
        return await self._recognise_and_ask(request, "who_name", ("name", "day", "month", "year"))

    async def _recognise_and_ask(self, request: web.Request, template: str, wanted: tuple[str, ...]) -> web.Response:
        await self._booth.nobody(request)
        try:
            typed = await _read(request, wanted)
            patient = await self._recognise(request, typed)
        except (Invalid, NotFound) as refused:
            return await self._ask_again(request, template, refused)
        shown = _shown(patient, look_of(request).locale)
        return await self._booth.show(request, "confirm", typed=typed, shown=shown)

    async def _ask_again(self, request: web.Request, template: str, refused: Invalid | NotFound) -> web.Response:
        given = await answers(request)
        kept = Typed(
            pour=_pick(Purpose.DOCTOR, given.get("pour", "")), avec=_pick(Accompanied.ALONE, given.get("avec", ""))
        )
        wrong = refused.fields or {"code" if template == "who_code" else "name": refused.message}
        return await self._booth.show(
            request,
            template,
            status=422,
            typed=kept,
            days=DAYS,
            given=given,
            errors=wrong,
            not_found=isinstance(refused, NotFound),
        )

    async def yes_me(self, request: web.Request) -> web.Response:
        """POST /cabin/moi: they are recognised again, and the visit begins."""
        await self._booth.nobody(request)
        typed = await read_form(request, Typed)
        patient = await self._recognise(request, typed)
        if typed.avec is Accompanied.WITH_SOMEONE and not typed.asked:
            return await self._booth.show(request, "companion", typed=typed)
        expected = await self._expected(request, typed, patient)
        beginning = Beginning(patient.id, typed.avec, typed.companion, look_of(request).locale, expected)
        await self._booth.intake.arrive(who_is(request), beginning)
        visit = await self._booth.intake.current(who_is(request))
        if visit is not None and visit.step is Step.AWAY:
            visit = await self._booth.intake.come_back(who_is(request))
        early = visit is not None and visit.step is Step.REASON
        return go(_NEXT[typed.pour] if early else screen_of(visit))

    async def my_appointment(self, request: web.Request) -> web.Response:
        """GET /cabin/mon-rendez-vous: today's appointment of who just sat down, or kind words that there is none."""
        visit = await self._booth.visit(request, Step.REASON, Step.FLAGS, Step.CONSENT)
        expected = await self._booth.follow_ups.for_cabin(who_is(request))
        return await self._booth.show(request, "appointment", visit=visit, expected=expected)

    async def _expected(self, request: web.Request, typed: Typed, patient: Patient) -> AppointmentId | None:
        """Return today's appointment of who says that they have one."""
        if typed.pour is not Purpose.APPOINTMENT:
            return None
        expected = await self._booth.follow_ups.for_cabin(who_is(request), patient.id)
        return expected.appointment_id if expected else None

    async def _recognise(self, request: web.Request, typed: Typed) -> Patient:
        who = who_is(request)
        if not typed.by_name:
            return await self._booth.people.recognise_code(who, typed.code)
        return await self._booth.people.recognise_name(who, typed.name, typed.born_on(self._booth.now().date()))


async def _read(request: web.Request, wanted: tuple[str, ...]) -> Typed:
    """Return what was typed, or raise Invalid naming all that lacks or is wrong, at once."""
    given = await answers(request)
    wrong = {field: _MISSING[field] for field in wanted if not given.get(field, "").strip()}
    try:
        typed = await read_form(request, Typed)
    except Invalid as refused:
        wrong = {**refused.fields, **wrong}
    if wrong:
        raise Invalid(N_("Une réponse est à revoir. Rien n’a été enregistré."), fields=wrong)
    return typed


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen may say of a recognised person: « Odette L. », month and year of birth."""

    name: str
    born: str


def _shown(patient: Patient, locale: str) -> Shown:
    born = format_date(patient.traits.born_on, "MMMM y", locale=locale)
    return Shown(discreet_name(patient.traits), born)


def _purpose(request: web.Request) -> Purpose:
    return _pick(Purpose.DOCTOR, request.query.get("pour", ""))


def _accompanied(request: web.Request) -> Accompanied:
    return _pick(Accompanied.ALONE, request.query.get("avec", ""))


def _pick(otherwise: Words, value: str) -> Words:
    """Return the member that `value` names; an address that was tampered with means the plain case."""
    known = {member.value: member for member in type(otherwise)}
    return known.get(value, otherwise)
