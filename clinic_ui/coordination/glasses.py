"""Reviewing emergency accesses: who opened a record, where, when, why, and how much; never whose or what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.accesses import GLASS_WORDS, VERDICT_WORDS
from clinic_ui.forms import read_form
from clinic_ui.look import look_of
from clinic_ui.render import fragment, render
from server.encounters.access_rules import Opening, opening_of
from server.kernel.ids import GlassId
from server.kernel.words import N_
from server.people.access.glass import Case, Glasses
from server.people.access.glass_rules import Verdict
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

PAGE = "/coordination/accesses"
KIND_WORDS: Mapping[Opening, str] = {
    Opening.SHEET_READ: N_("identité"),
    Opening.CONSULTATIONS_READ: N_("consultations"),
    Opening.MEASURES_READ: N_("mesures"),
    Opening.KNOWN_READ: N_("allergies, antécédents, traitements"),
    Opening.OTHER_READ: N_("autre lecture"),
}
OTHER_WORDS = N_("autre acte")
OF_ITSELF = {Opening.GLASS_BROKEN, Opening.GLASS_CLOSED, Opening.GLASS_REVIEWED, None}


class Said(msgspec.Struct, frozen=True):
    """What the reviewer decided."""

    verdict: Annotated[Verdict, Meta(description=N_("Choisissez une des réponses."))]


@dataclass(frozen=True, slots=True)
class Line:
    """A case, and how often which kind of page was opened, in words."""

    case: Case
    kinds: tuple[tuple[str, int], ...]


class GlassPages:
    """The page of the reviewer, and its living part."""

    def __init__(self, glasses: Glasses) -> None:
        self._glasses = glasses

    def routes(self) -> Routes:
        """Return the routes of the review."""
        return [
            ("GET", PAGE, self.page),
            ("GET", f"{PAGE}/now", self.now),
            ("POST", f"{PAGE}/{{glass_id}}", self.review),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination/accesses"""
        title = i18n.translate(look_of(request).locale, N_("Accès en urgence"))
        return render(request, "coordination/accesses.html", status=200, title=title, **await self._values(request))

    async def now(self, request: web.Request) -> web.Response:
        """GET /coordination/accesses/now: the lists alone, fetched again when something moved."""
        return fragment(request, "coordination/accesses_now.html", status=200, **await self._values(request))

    async def review(self, request: web.Request) -> web.Response:
        """POST /coordination/accesses/{glass_id}: it was right, or it is contested."""
        said = await read_form(request, Said)
        await self._glasses.review(who_is(request), GlassId(path_id(request, "glass_id")), said.verdict)
        return web.Response(status=303, headers={"Location": PAGE, "Cache-Control": "no-store"})

    async def _values(self, request: web.Request) -> dict[str, object]:
        cases = await self._glasses.cases(who_is(request))
        return {
            "waiting": [_line(one) for one in cases.waiting],
            "reviewed": [_line(one) for one in cases.reviewed],
            "glass_words": GLASS_WORDS,
            "verdict_words": VERDICT_WORDS,
        }


def _line(case: Case) -> Line:
    counts: dict[str, int] = {}
    for action, count in case.acts.items():
        kind = opening_of(action)
        if kind not in OF_ITSELF:
            word = KIND_WORDS.get(kind, OTHER_WORDS) if kind else OTHER_WORDS
            counts[word] = counts.get(word, 0) + count
    return Line(case, tuple(sorted(counts.items(), key=lambda one: -one[1])))
