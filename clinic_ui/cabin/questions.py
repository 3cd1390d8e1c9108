"""Why one comes, the four signs that cannot wait, and the consent: one question on a screen."""

from enum import StrEnum
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.cabin.booth import ASKING, CONSENT, FLAGS, REASON, Booth, elsewhere, go, screen_of
from clinic_ui.forms import read_form
from server.encounters.rules import CONSENT_VERSION, WORDS_MAX, CancelReason, Reason, RedFlag, Step
from server.encounters.service import ConsentSaid
from server.encounters.views import CabinVisit
from server.kernel.words import N_
from server.web.keys import who_is
from server.web.routes import Routes


class YesNo(StrEnum):
    """A plain answer."""

    YES = "yes"
    NO = "no"


class ReasonForm(msgspec.Struct, frozen=True):
    """One of the six pictures."""

    reason: Annotated[Reason, Meta(description=N_("Choisissez une image."))]


class WordsForm(msgspec.Struct, frozen=True):
    """The patient's own words, or none."""

    said: Annotated[str, Meta(max_length=WORDS_MAX, description=N_("C’est trop long : 500 lettres au plus."))] = ""


class FlagForm(msgspec.Struct, frozen=True):
    """One sign, yes or no."""

    sign: RedFlag
    answer: Annotated[YesNo, Meta(description=N_("Touchez « Oui » ou « Non »."))]


class ConsentForm(msgspec.Struct, frozen=True):
    """The answer, and the version of the text that was on the screen."""

    answer: Annotated[YesNo, Meta(description=N_("Touchez « Oui » ou « Non »."))]
    version: str


SIGNS = tuple(RedFlag)


class QuestionPages:
    """From « Pourquoi venez-vous ? » to the waiting room, or to a doctor in person."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth

    def routes(self) -> Routes:
        """Return the routes of these screens."""
        return [
            ("GET", "/cabin/motif", self.reason),
            ("POST", "/cabin/motif", self.say_reason),
            ("GET", "/cabin/motif/mots", self.words),
            ("POST", "/cabin/motif/mots", self.say_words),
            ("GET", "/cabin/signes", self.sign),
            ("POST", "/cabin/signes", self.answer_sign),
            ("GET", "/cabin/alerte", self.alert),
            ("POST", "/cabin/alerte", self.go_on),
            ("GET", "/cabin/accord", self.consent),
            ("POST", "/cabin/accord", self.answer_consent),
            ("GET", "/cabin/en-personne", self.in_person),
        ]

    async def reason(self, request: web.Request) -> web.Response:
        """GET /cabin/motif: six pictures."""
        visit = await self._booth.visit(request, *ASKING)
        return await self._booth.show(request, "reason", visit=visit)

    async def say_reason(self, request: web.Request) -> web.Response:
        """POST /cabin/motif"""
        form = await read_form(request, ReasonForm)
        await self._booth.intake.say_reason(who_is(request), form.reason)
        return go("/cabin/motif/mots")

    async def words(self, request: web.Request) -> web.Response:
        """GET /cabin/motif/mots: in one's own words, if one likes."""
        visit = await self._booth.visit(request, *ASKING)
        if visit.reason is None:
            elsewhere(REASON)
        return await self._booth.show(request, "reason_words", visit=visit)

    async def say_words(self, request: web.Request) -> web.Response:
        """POST /cabin/motif/mots"""
        visit = await self._booth.visit(request, *ASKING)
        form = await read_form(request, WordsForm)
        if visit.reason is None:
            elsewhere(REASON)
        after = await self._booth.intake.say_reason(who_is(request), visit.reason, form.said)
        return go(screen_of(after))

    async def sign(self, request: web.Request) -> web.Response:
        """GET /cabin/signes: the first sign that was not answered, or the one that « Retour » asks for."""
        visit = await self._booth.visit(request, Step.FLAGS, Step.CONSENT)
        number = _number(request, visit)
        if number is None:
            elsewhere(CONSENT)
        back = f"{FLAGS}?numero={number}" if number else "/cabin/motif/mots"
        return await self._booth.show(
            request, "sign", visit=visit, sign=SIGNS[number], number=number + 1, count=len(SIGNS), back_to=back
        )

    async def answer_sign(self, request: web.Request) -> web.Response:
        """POST /cabin/signes"""
        form = await read_form(request, FlagForm)
        flags = {form.sign: form.answer is YesNo.YES}
        after = await self._booth.intake.answer_flags(who_is(request), flags)
        return go(screen_of(after))

    async def alert(self, request: web.Request) -> web.Response:
        """GET /cabin/alerte: call the 15 now; the site was told."""
        visit = await self._booth.visit(request, Step.EMERGENCY)
        return await self._booth.show(request, "alert", visit=visit, over=visit.cancel_reason is CancelReason.EMERGENCY)

    async def go_on(self, request: web.Request) -> web.Response:
        """POST /cabin/alerte: « Ce n’est pas une urgence »: the visit goes on, first in line."""
        return go(screen_of(await self._booth.intake.go_on(who_is(request))))

    async def consent(self, request: web.Request) -> web.Response:
        """GET /cabin/accord: who the doctor is, what it costs, what is kept."""
        visit = await self._booth.visit(request, Step.CONSENT)
        return await self._booth.show(request, "consent", visit=visit, version=CONSENT_VERSION)

    async def answer_consent(self, request: web.Request) -> web.Response:
        """POST /cabin/accord: yes leads to the waiting room, no to a doctor in person."""
        form = await read_form(request, ConsentForm)
        said = ConsentSaid(form.answer is YesNo.YES, form.version)
        return go(screen_of(await self._booth.intake.consent(who_is(request), said)))

    async def in_person(self, request: web.Request) -> web.Response:
        """GET /cabin/en-personne: where a doctor can be seen in person."""
        visit = await self._booth.visit(request, Step.IN_PERSON)
        practitioners = await self._booth.places.practitioners(who_is(request))
        return await self._booth.show(request, "in_person", visit=visit, practitioners=practitioners)


def _number(request: web.Request, visit: CabinVisit) -> int | None:
    """Return which sign to ask, from 0; the address counts from 1. None when all were answered."""
    wanted = request.query.get("numero", "")
    if wanted in ("1", "2", "3", "4"):
        return int(wanted) - 1
    return next((n for n, sign in enumerate(SIGNS) if sign not in visit.flags), None)
