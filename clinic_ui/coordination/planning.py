"""The plan of the territory: start one, watch it being made, and see in figures what it brings; no patient is named."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.forms import read_form
from clinic_ui.look import look_of
from clinic_ui.render import fragment, render
from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_
from server.scheduler.planning.rules import Figures, Summary
from server.scheduler.planning.service import BUS_HALF_DAYS, Planning
from server.scheduler.planning.views import Territory
from server.scheduler.rules.planning_tours import FEWEST, MOST, Half, Stop
from server.web.keys import who_is
from server.web.routes import Routes

PAGE = "/coordination/planning"
HALF_WORDS = {Half.MORNING: N_("le matin"), Half.AFTERNOON: N_("l’après-midi")}
MOST_HALF_DAYS = 10
ROWS: tuple[tuple[str, Callable[[Figures], float], bool, str], ...] = (
    (N_("Suivis avec un moment"), lambda one: one.placed, True, ""),
    (N_("Dans le délai du médecin"), lambda one: one.in_window, True, ""),
    (N_("Avec le médecin qui a demandé"), lambda one: one.own_doctor, True, ""),
    (N_("Déplacements des accompagnants (demi-journées)"), lambda one: one.trips, False, ""),
    (N_("Village le moins bien servi, dans le délai"), lambda one: 100 * one.least, True, "%"),
)


class Start(msgspec.Struct, frozen=True):
    """How many half-days a week the medicobus goes."""

    bus_half_days: Annotated[int, Meta(ge=0, le=MOST_HALF_DAYS, description=N_("Entre 0 et 10."))] = BUS_HALF_DAYS


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both ways; `better` is 1, 0 or -1."""

    words: str
    one_by_one: float
    plan: float
    unit: str
    better: int


@dataclass(frozen=True, slots=True)
class VillageLine:
    """How one village fares: shares kept in the window one by one and with the plan, and what its site has decided."""

    name: str
    asked: int
    before: float
    kept: float
    accepted: int
    declined: int
    proposed: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of the newest plan."""

    territory: Territory
    compared: Sequence[Compared] = ()
    villages: Sequence[VillageLine] = ()
    stops: Sequence[tuple[Stop, str]] = ()
    waiting: Sequence[tuple[str, int]] = ()
    half_words: Mapping[Half, str] = field(default_factory=lambda: HALF_WORDS)
    fewest: int = FEWEST
    most: int = MOST


class PlanningPages:
    """The coordinator's page of the plan, and its living part."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning

    def routes(self) -> Routes:
        """Return the routes of the page."""
        return [("GET", PAGE, self.page), ("POST", PAGE, self.start), ("GET", f"{PAGE}/now", self.piece)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination/planning"""
        return await self._show(request)

    async def piece(self, request: web.Request) -> web.Response:
        """GET /coordination/planning/now: fetched again while a plan is made."""
        territory = await self._planning.territory(who_is(request))
        return fragment(request, "coordination/planning_now.html", shown=_shown(territory))

    async def start(self, request: web.Request) -> web.Response:
        """POST /coordination/planning: begin a plan. Nothing is booked by it."""
        try:
            form = await read_form(request, Start)
            await self._planning.start(who_is(request), form.bus_half_days)
        except (Conflict, Invalid) as refused:
            return await self._show(request, refused)
        return web.Response(status=303, headers={"Location": PAGE, "Cache-Control": "no-store"})

    async def _show(self, request: web.Request, refused: Conflict | Invalid | None = None) -> web.Response:
        territory = await self._planning.territory(who_is(request))
        return render(
            request,
            "coordination/planning.html",
            status=refused.status if refused else 200,
            title=i18n.translate(look_of(request).locale, N_("Plan du territoire")),
            refused=refused.message if refused else "",
            half_days=range(MOST_HALF_DAYS + 1),
            usual=BUS_HALF_DAYS,
            shown=_shown(territory),
        )


def _shown(territory: Territory) -> Shown:
    summary = territory.plan.summary if territory.plan else None
    if summary is None:
        return Shown(territory)
    return Shown(
        territory,
        _compared(summary),
        _villages(territory, summary),
        _stops(territory, summary),
        _waiting(territory, summary),
    )


def _compared(summary: Summary) -> list[Compared]:
    rows = []
    for words, of, more_is_better, unit in ROWS:
        before, then = of(summary.one_by_one), of(summary.plan)
        gain = (then > before) - (then < before)
        rows.append(Compared(words, before, then, unit, gain if more_is_better else -gain))
    return rows


def _villages(territory: Territory, summary: Summary) -> list[VillageLine]:
    before = {one.site_id: one.in_window / one.asked for one in summary.one_by_one.villages}
    plan = territory.plan
    decided = ("accepted", "declined", "proposed")
    return [
        VillageLine(
            territory.sites[one.site_id].name,
            one.asked,
            before[one.site_id],
            one.in_window / one.asked,
            *(plan.of_site(one.site_id, status) if plan else 0 for status in decided),
        )
        for one in sorted(summary.plan.villages, key=lambda one: one.in_window / one.asked)
        if one.site_id in territory.sites
    ]


def _waiting(territory: Territory, summary: Summary) -> list[tuple[str, int]]:
    sites = {str(number): site.name for number, site in territory.sites.items()}
    return [(sites[one], count) for one, count in (summary.waiting or {}).items() if one in sites]


def _stops(territory: Territory, summary: Summary) -> list[tuple[Stop, str]]:
    return [(one, territory.sites[one.village].name) for one in summary.stops if one.village in territory.sites]
