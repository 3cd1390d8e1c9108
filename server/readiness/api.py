"""The JSON routes of a cabin's check: what it needs, an echo to call, and the report that is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from server.readiness.faults import FAULT_WORDS, READY, Whom
from server.readiness.rules import RULES, Colour, Figures, Item, Rule, Standing, Verdict
from server.readiness.service import Readiness, Relay
from server.web.keys import LOCALE, TRANSLATE, who_is
from server.web.routes import Routes
from server.web.wire import Wire, read, reply
from signalling.ice import IceServer


class Offer(Wire, frozen=True):
    """A complete offer: all candidates are in it."""

    sdp: str


class Report(Wire, frozen=True):
    """What a page measured, and of which echo. `asked`: a person pressed the button."""

    figures: Figures
    echo: UUID | None = None
    asked: bool = False


class Answered(msgspec.Struct, frozen=True):
    """An echo that listens."""

    echo: UUID
    sdp: str


class Row(msgspec.Struct, frozen=True):
    """One row of the table, for the page's own ticks while it runs."""

    item: Item
    colour: Colour
    figure: str
    test: str
    limit: float | str | bool | None


class Told(msgspec.Struct, frozen=True):
    """One finding in words."""

    item: Item
    colour: Colour
    fault: str
    name: str


class Judged(msgspec.Struct, frozen=True):
    """How the check ended: its colour, the fault to mend first, and the sentence that mends it."""

    colour: Colour
    fault: str | None
    name: str
    mend: str
    findings: Sequence[Told]


class Now(msgspec.Struct, frozen=True):
    """What the cabin counts as, and what a check of it needs."""

    colour: Colour
    fault: str | None
    at: datetime | None
    checked: bool
    rules: Sequence[Row]
    ice_servers: Sequence[IceServer]
    relays: Sequence[Relay]


@dataclass(frozen=True, slots=True)
class ReadinessApi:
    """The routes of the cabin's own check."""

    readiness: Readiness
    whom: Whom

    def routes(self) -> Routes:
        """Return the routes of a check."""
        return [
            ("GET", "/api/cabin/readiness", self.now),
            ("POST", "/api/cabin/readiness/echo", self.echo),
            ("POST", "/api/cabin/readiness", self.report),
        ]

    async def now(self, request: web.Request) -> web.Response:
        """GET /api/cabin/readiness: the last state, the table, and the ways to try."""
        begun = await self.readiness.begin(who_is(request))
        return reply(_now(begun.standing, begun.ice_servers, begun.relays))

    async def echo(self, request: web.Request) -> web.Response:
        """POST /api/cabin/readiness/echo: an offer in, an answer out; the echo lives for a minute."""
        offer = await read(request, Offer)
        key, sdp = await self.readiness.answer(who_is(request), offer.sdp)
        return reply(Answered(key, sdp), 201)

    async def report(self, request: web.Request) -> web.Response:
        """POST /api/cabin/readiness: figures in, the colour and its sentence out."""
        said = await read(request, Report)
        verdict = await self.readiness.report(who_is(request), said.echo, said.figures, asked=said.asked)
        return reply(self._judged(request, verdict), 201)

    def _judged(self, request: web.Request, verdict: Verdict) -> Judged:
        def say(text: str, **places: object) -> str:
            return request.app[TRANSLATE](request[LOCALE], text, places)

        findings = [
            Told(one.item, one.colour, one.fault.value, say(FAULT_WORDS[one.fault].name)) for one in verdict.findings
        ]
        if verdict.fault is None:
            return Judged(verdict.colour, None, say(READY), "", findings)
        words = FAULT_WORDS[verdict.fault]
        sentence, places = self.whom.support
        mend = say(words.mend, whom=say(sentence, **places))
        return Judged(verdict.colour, verdict.fault.value, say(words.name), mend, findings)


def _now(state: Standing, servers: Sequence[IceServer], relays: Sequence[Relay]) -> Now:
    fault = state.fault.value if state.fault else None
    return Now(state.colour, fault, state.at, state.checked, [_row(rule) for rule in RULES], servers, relays)


def _row(rule: Rule) -> Row:
    return Row(rule.item, rule.colour, rule.figure, rule.test.value, rule.limit)
