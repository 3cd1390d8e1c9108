"""Calendars of hours: a secret address to subscribe to, hours as a file out, and a file of hours in."""

from dataclasses import dataclass

import msgspec
from aiohttp import web

from clinic_ui import i18n
from clinic_ui.hours.forms import calendar_of
from clinic_ui.hours.pages import EXCEPTION_WORDS, HoursPages
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_
from server.scheduler.availability.feeds import Feed, Feeds
from server.scheduler.rules.openings import ExceptionKind
from server.web.keys import ORIGINS, who_is
from server.web.routes import Routes
from server.web.wire import path_id

ICS = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page of calendars shows: `address` only right after it was made."""

    feeds: list[Feed]
    address: str = ""


class CalendarPages:
    """The page of one resource's calendars, at the seat of its hours."""

    def __init__(self, hours: HoursPages, feeds: Feeds, now: Clock) -> None:
        self._hours = hours
        self._now = now
        self._feeds = feeds

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        one = f"{self._hours.seat.at}/calendar"
        return [
            ("GET", one, self.page),
            ("POST", f"{one}/feeds", self.make),
            ("POST", f"{one}/feeds/{{feed_id}}", self.revoke),
            ("GET", f"{one}/hours.ics", self.export),
            ("POST", f"{one}/hours", self.bring),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET …/calendar"""
        return await self._show(request)

    async def make(self, request: web.Request) -> web.Response:
        """POST …/calendar/feeds: a new secret address, shown once."""
        token = await self._feeds.make(who_is(request), self._hours.seat.whose(request))
        origins = request.app[ORIGINS]
        return await self._show(request, address=f"{min(origins)}/calendar/{token}")

    async def revoke(self, request: web.Request) -> web.Response:
        """POST …/calendar/feeds/{feed_id}: it works no more, at once."""
        await self._feeds.revoke(who_is(request), self._hours.seat.whose(request), path_id(request, "feed_id"))
        return web.Response(
            status=303, headers={"Location": f"{self._hours.seat.home(request)}/calendar", "Cache-Control": "no-store"}
        )

    async def export(self, request: web.Request) -> web.Response:
        """GET …/calendar/hours.ics: the hours, to change elsewhere and bring back."""
        from server.scheduler.availability.ical import hours_text  # a tenth of a second to read, rarely needed

        sheet = await self._hours.sheet(request)
        locale = look_of(request).locale
        words = {kind: i18n.translate(locale, text) for kind, text in EXCEPTION_WORDS.items()}
        body = hours_text(sheet.subject.name, sheet.zone, sheet.plan, words, self._now().year)
        headers = {"Content-Disposition": 'attachment; filename="hours.ics"', "Cache-Control": "no-store"}
        return web.Response(body=body, headers={**headers, "Content-Type": ICS})

    async def bring(self, request: web.Request) -> web.Response:
        """POST …/calendar/hours: a file's hours in the place of these, or beside them."""
        from server.scheduler.availability.ical import read_calendar  # a tenth of a second to read, rarely needed

        try:
            form, text = await calendar_of(request)
            sheet = await self._hours.sheet(request)
            read = read_calendar(text, sheet.zone, form.otherwise)
            if form.beside:
                read = msgspec.structs.replace(
                    read, weekly=(*sheet.plan.weekly, *read.weekly), once=(*sheet.plan.once, *read.once)
                )
            read = msgspec.structs.replace(read, buffer_min=sheet.plan.buffer_min)
            return await self._hours.put(request, read, form.seen)
        except (Invalid, Conflict) as refused:
            said = i18n.translate(look_of(request).locale, refused.message, **refused.params)
            first = next(iter(refused.fields.values()), "") if isinstance(refused, Invalid) else ""
            more = i18n.translate(look_of(request).locale, first) if first else ""
            return await self._show(request, said=f"{said} {more}".strip(), status=refused.status)

    async def _show(self, request: web.Request, address: str = "", said: str = "", status: int = 200) -> web.Response:
        sheet = await self._hours.sheet(request)
        shown = Shown(await self._feeds.of(who_is(request), sheet.subject.id), address)
        title = N_("Mes calendriers") if self._hours.seat.own else N_("Calendriers de %(name)s")
        return render(
            request,
            "hours/calendars.html",
            status=status,
            title=i18n.translate(look_of(request).locale, title, name=sheet.subject.name),
            **await self._hours.around(request, sheet),
            shown=shown,
            said=said,
            kinds=list(ExceptionKind),
            exception_words=EXCEPTION_WORDS,
        )


class Subscribed:
    """The address that programs read."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    def routes(self) -> Routes:
        """Return its route."""
        return [("GET", "/calendar/{token}", self.read)]

    async def read(self, request: web.Request) -> web.Response:
        """GET /calendar/{token}: what a program subscribes to; it knows nobody, and the address is the secret."""
        body = await self._feeds.read(request.match_info["token"].removesuffix(".ics"))
        return web.Response(body=body, headers={"Content-Type": ICS, "Cache-Control": "private, max-age=300"})
