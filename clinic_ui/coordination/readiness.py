"""Every cabin's colour, the sentence that mends it, and its checks of thirty days: the coordinator's page of cabins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from clinic_ui import dates, i18n
from clinic_ui.charts import DayMark
from clinic_ui.look import look_of
from clinic_ui.readiness import COLOUR_WORDS, Shown, shown
from clinic_ui.render import fragment, render
from server.kernel.clock import Clock
from server.kernel.words import N_
from server.people.rules import Cabin, Site
from server.readiness.faults import FAULT_WORDS, READY, Whom
from server.readiness.rules import HISTORY_FOR, WORSE, Check, Colour
from server.readiness.service import CabinReadiness, Readiness
from server.web.keys import who_is
from server.web.routes import Routes

LAST_SHOWN = 5
NO_CHECK = N_("Pas de contrôle")


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of the list: its words, and what the line gave."""

    at: datetime
    word: str
    kind: str
    drawing: str
    name: str
    check: Check


@dataclass(frozen=True, slots=True)
class Card:
    """One cabin of the page. `bad_days`: of thirty, with a red check."""

    cabin: Cabin
    site: Site
    zone: ZoneInfo
    shown: Shown
    days: tuple[DayMark, ...]
    checked_days: int
    bad_days: int
    lines: tuple[CheckLine, ...]


class ReadinessPages:
    """The page of the cabins, and its living part."""

    def __init__(self, readiness: Readiness, now: Clock) -> None:
        self._readiness = readiness
        self._now = now

    def routes(self) -> Routes:
        """Return the routes of the page."""
        return [("GET", "/coordination/cabins", self.page), ("GET", "/coordination/cabins/now", self.piece)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination/cabins"""
        title = i18n.translate(look_of(request).locale, N_("Cabines prêtes"))
        return render(request, "coordination/cabins.html", title=title, cards=await self._cards(request))

    async def piece(self, request: web.Request) -> web.Response:
        """GET /coordination/cabins/now: fetched again when a cabin was checked."""
        return fragment(request, "coordination/cabins_now.html", cards=await self._cards(request))

    async def _cards(self, request: web.Request) -> list[Card]:
        cabins = await self._readiness.all(who_is(request))
        locale, now = look_of(request).locale, self._now()
        return sorted((_card(one, locale, now) for one in cabins), key=_worst_first)


def _worst_first(card: Card) -> tuple[bool, bool, str]:
    return not card.shown.closes, card.shown.kind == "ok", card.cabin.name


def _card(one: CabinReadiness, locale: str, now: datetime) -> Card:
    zone = ZoneInfo(one.site.zone)
    worst = _worst_by_day(one.checks, zone)
    last_day = now.astimezone(zone).date()
    days = [last_day - timedelta(days=back) for back in reversed(range(HISTORY_FOR.days))]
    return Card(
        cabin=one.cabin,
        site=one.site,
        zone=zone,
        shown=shown(one.standing, locale, Whom.reception(one.site.phone or one.cabin.phone)),
        days=tuple(_mark(day, worst.get(day), locale) for day in days),
        checked_days=len(worst),
        bad_days=sum(check.colour is Colour.RED for check in worst.values()),
        lines=tuple(_line(check, locale) for check in reversed(one.checks[-LAST_SHOWN:])),
    )


def _worst_by_day(checks: Iterable[Check], zone: ZoneInfo) -> dict[date, Check]:
    worst: dict[date, Check] = {}
    for check in checks:
        day = check.at.astimezone(zone).date()
        if day not in worst or WORSE[check.colour] > WORSE[worst[day].colour]:
            worst[day] = check
    return worst


def _mark(day: date, worst: Check | None, locale: str) -> DayMark:
    if worst is None:
        return DayMark(dates.short_day(day, locale=locale), "", i18n.translate(locale, NO_CHECK))
    line = _line(worst, locale)
    return DayMark(dates.short_day(day, locale=locale), line.kind, f"{line.word} – {line.name}")


def _line(check: Check, locale: str) -> CheckLine:
    word, kind, drawing = COLOUR_WORDS[check.colour]
    name = FAULT_WORDS[check.fault].name if check.fault else READY
    return CheckLine(check.at, i18n.translate(locale, word), kind, drawing, i18n.translate(locale, name), check)
