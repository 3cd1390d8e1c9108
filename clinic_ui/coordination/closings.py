"""Closing days by hand: a year of a zone, a department or a site, and whom a change hits before it is saved."""

from collections.abc import Awaitable, Mapping
from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.forms import answers, read_form
from clinic_ui.hours.forms import decided
from clinic_ui.hours.pages import MODALITY_WORDS
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.clock import Clock
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.words import N_
from server.people.rules import Site
from server.scheduler.availability.freeing import Decided
from server.scheduler.closings.rules import LOCAL_LAW, Wanted, closing
from server.scheduler.closings.service import ClosingOutcome, Closings, ClosingSheet
from server.web.keys import who_is
from server.web.routes import Routes

PAGE = "/coordination/closings"
ZONE_WORDS = {
    "Europe/Paris": N_("France métropolitaine"),
    "America/Guadeloupe": N_("Guadeloupe"),
    "America/Martinique": N_("Martinique"),
    "America/Cayenne": N_("Guyane"),
    "Indian/Reunion": N_("La Réunion"),
    "Indian/Mayotte": N_("Mayotte"),
    "America/Miquelon": N_("Saint-Pierre-et-Miquelon"),
    "Pacific/Noumea": N_("Nouvelle-Calédonie"),
    "Pacific/Tahiti": N_("Polynésie française"),
}
_REFUSED = N_("Une réponse est à revoir. Rien n’a été enregistré.")


class _Over(msgspec.Struct, frozen=True):
    """Which days a form was filled in over."""

    area: str
    year: Annotated[int, Meta(ge=2000, le=2200)]
    seen: str


class NewClosing(_Over, frozen=True):
    """Days on which an area closes."""

    first: date
    label: str = ""
    last: date | None = None


class Turned(_Over, frozen=True):
    """A day that opens, or closes again."""

    on: date


class Undone(_Over, frozen=True):
    """Which change goes back."""

    change_id: UUID


class ConfirmedClosing(_Over, frozen=True):
    """What was decided of the appointments that a change hits."""

    wanted: Annotated[str, Meta(max_length=50_000)]
    hit: Annotated[list[UUID], Meta(max_length=5_000)] = []
    free: Annotated[list[UUID], Meta(max_length=5_000)] = []
    change_id: UUID | None = None

    def decided(self) -> Decided:
        """Return what becomes of each."""
        return decided(self.hit, self.free)

    def days(self) -> Wanted:
        """Return the days that were shown; Invalid when they are none."""
        try:
            return msgspec.json.decode(self.wanted.encode(), type=Wanted)
        except msgspec.DecodeError:
            raise Invalid(_REFUSED) from None


class ClosingPages:
    """The page of closing days behind the coordination door."""

    def __init__(self, closings: Closings, now: Clock) -> None:
        self._closings = closings
        self._now = now

    def routes(self) -> Routes:
        """Return the routes of the page."""
        return [
            ("GET", PAGE, self.page),
            ("POST", PAGE, self.close),
            ("POST", f"{PAGE}/turn", self.turn),
            ("POST", f"{PAGE}/holidays", self.copy),
            ("POST", f"{PAGE}/undo", self.undo),
            ("POST", f"{PAGE}/confirm", self.confirm),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /coordination/closings?area=Europe/Paris&year=2026"""
        year = request.query.get("year", "")
        this_year = self._now().year
        asked = int(year) if year.isdecimal() and 2000 <= int(year) <= 2200 else this_year
        return await self._show(request, request.query.get("area", ""), asked)

    async def close(self, request: web.Request) -> web.Response:
        """POST /coordination/closings: some days close."""
        try:
            form = await read_form(request, NewClosing)
            wanted = closing(form.first, form.last or form.first, form.label)
            done = await self._closings.put(who_is(request), form.area, wanted, form.seen)
            return self._after(request, done, form)
        except (Invalid, Conflict) as refused:
            given = await answers(request)
            return await self._show(request, given.get("area", ""), self._year(given), refused)

    async def turn(self, request: web.Request) -> web.Response:
        """POST /coordination/closings/turn: a day opens, or closes again."""
        form = await read_form(request, Turned)
        return await self._did(request, form, self._closings.turn(who_is(request), form.area, form.on, form.seen))

    async def copy(self, request: web.Request) -> web.Response:
        """POST /coordination/closings/holidays: the public holidays of the year."""
        form = await read_form(request, _Over)
        return await self._did(request, form, self._closings.copy(who_is(request), form.area, form.year, form.seen))

    async def undo(self, request: web.Request) -> web.Response:
        """POST /coordination/closings/undo: the days before a change."""
        form = await read_form(request, Undone)
        undoing = self._closings.undo(who_is(request), form.area, form.change_id, form.seen)
        return await self._did(request, form, undoing, form.change_id)

    async def confirm(self, request: web.Request) -> web.Response:
        """POST /coordination/closings/confirm: it is decided what becomes of every appointment."""
        form = await read_form(request, ConfirmedClosing)
        who, decided = who_is(request), form.decided()
        if form.change_id:
            doing = self._closings.undo(who, form.area, form.change_id, form.seen, decided)
        else:
            doing = self._closings.put(who, form.area, form.days(), form.seen, decided)
        return await self._did(request, form, doing, form.change_id)

    async def _did(
        self, request: web.Request, form: _Over, doing: Awaitable[ClosingOutcome], change_id: UUID | None = None
    ) -> web.Response:
        """Show what came of it, or the year as it is by now where somebody else changed it meanwhile."""
        try:
            done = await doing
        except Conflict as refused:
            return await self._show(request, form.area, form.year, refused)
        return self._after(request, done, form, change_id)

    def _year(self, given: Mapping[str, str]) -> int:
        year = given.get("year", "")
        return int(year) if year.isdecimal() else self._now().year

    def _after(
        self, request: web.Request, done: ClosingOutcome, form: _Over, change_id: UUID | None = None
    ) -> web.Response:
        """Go back to the year, or ask what becomes of the appointments on these days."""
        if done.saved:
            place = str(request.rel_url.with_path(PAGE).with_query(area=form.area, year=form.year, done=1))
            return web.Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})
        return render(
            request,
            "coordination/closings_hit.html",
            status=200,
            title=i18n.translate(look_of(request).locale, N_("Des rendez-vous tombent sur ces jours")),
            outcome=done,
            form=form,
            wanted=msgspec.json.encode(done.then).decode(),
            change_id=change_id,
            zone=ZoneInfo(done.area.zone),
            modality_words=MODALITY_WORDS,
            name=self._name(request, done.area.key, {done.area.key: _place(done.area.site)} if done.area.site else {}),
        )

    async def _show(
        self, request: web.Request, area: str, year: int, refused: ClinicError | None = None
    ) -> web.Response:
        sheet = await self._closings.sheet(who_is(request), area, year)
        locale = look_of(request).locale
        return render(
            request,
            "coordination/closings.html",
            status=refused.status if refused else 200,
            title=i18n.translate(locale, N_("Jours de fermeture")),
            sheet=sheet,
            zone=ZoneInfo(sheet.area.zone),
            names=self._names(request, sheet),
            this_year=self._now().year,
            today=self._now().date(),
            given=await answers(request) if refused else {},
            said=i18n.translate(locale, refused.message, **refused.params) if refused else "",
            errors=refused.fields if isinstance(refused, Invalid) else {},
            done="done" in request.query,
        )

    def _names(self, request: web.Request, sheet: ClosingSheet) -> dict[str, str]:
        sites = {one.key: _place(one.site) for one in sheet.areas if one.site}
        return {one.key: self._name(request, one.key, sites) for one in sheet.areas}

    @staticmethod
    def _name(request: web.Request, key: str, sites: dict[str, str]) -> str:
        locale = look_of(request).locale
        if key in sites:
            return sites[key]
        if "/" in key or key == "UTC":
            return i18n.translate(locale, ZONE_WORDS[key]) if key in ZONE_WORDS else key
        local = N_("Département %(number)s (Alsace-Moselle)") if key in LOCAL_LAW else N_("Département %(number)s")
        return i18n.translate(locale, local, number=key)


def _place(site: Site) -> str:
    return site.name if site.commune in site.name else f"{site.name}, {site.commune}"
