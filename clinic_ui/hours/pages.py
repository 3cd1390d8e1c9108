"""Hours by hand: the week editor of one, and what a change would leave outside before it is saved."""

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from clinic_ui import i18n
from clinic_ui.forms import answers, read_form
from clinic_ui.hours.forms import (
    Buffer,
    Confirmed,
    Gone,
    NewOnce,
    NewWeekly,
    Undo,
    clock_of,
    monday_of,
    once_of,
    weekly_of,
)
from clinic_ui.hours.seats import Seat
from clinic_ui.hours.week import LOOK_WORDS, week_of, week_span
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.clock import Clock
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.availability.rules import Plan, Weekly, in_order, odd_hours, with_once, with_weekly, without
from server.scheduler.availability.service import Availability, Outcome, Sheet
from server.scheduler.rules.openings import ExceptionKind
from server.web.keys import who_is
from server.web.routes import Routes

MODALITY_WORDS = {
    None: N_("les deux"),
    Modality.REMOTE: N_("par la cabine"),
    Modality.IN_PERSON: N_("sur place"),
    Modality.HOME: N_("à domicile"),
}
EXCEPTION_WORDS = {ExceptionKind.OPEN: N_("Ouvert en plus"), ExceptionKind.CLOSED: N_("Fermé")}
DAY_WORDS = (
    N_("lundi"),
    N_("mardi"),
    N_("mercredi"),
    N_("jeudi"),
    N_("vendredi"),
    N_("samedi"),
    N_("dimanche"),
)
CLOCKS_AHEAD = 366  # days in which changes of the clocks are told
NEW_WEEKLY, NEW_ONCE = "weekly", "once"


class HoursPages:
    """The pages of hours at one seat."""

    def __init__(self, availability: Availability, seat: Seat, now: Clock) -> None:
        self._availability = availability
        self.seat = seat
        self._now = now

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        one = self.seat.at
        return [
            ("GET", one, self.page),
            ("POST", f"{one}/weekly", self.add_weekly),
            ("POST", f"{one}/once", self.add_once),
            ("POST", f"{one}/gone", self.take_away),
            ("POST", f"{one}/buffer", self.set_buffer),
            ("POST", f"{one}/undo", self.undo),
            ("POST", f"{one}/confirm", self.confirm),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET …?week=2026-03-02"""
        return await self._show(request)

    async def add_weekly(self, request: web.Request) -> web.Response:
        """POST …/weekly: open on some weekdays."""
        return await self._changed(request, NEW_WEEKLY)

    async def add_once(self, request: web.Request) -> web.Response:
        """POST …/once: leave, a breakdown, a stop of the medicobus."""
        return await self._changed(request, NEW_ONCE)

    async def take_away(self, request: web.Request) -> web.Response:
        """POST …/gone: one line goes away."""
        form = await read_form(request, Gone)
        plan = without((await self.sheet(request)).plan, weekly=form.weekly, once=form.once)
        return await self.put(request, plan, form.seen)

    async def set_buffer(self, request: web.Request) -> web.Response:
        """POST …/buffer: minutes kept free after each appointment."""
        try:
            form = await read_form(request, Buffer)
            plan = msgspec.structs.replace((await self.sheet(request)).plan, buffer_min=form.buffer_min)
            return await self.put(request, plan, form.seen)
        except (Invalid, Conflict) as refused:
            return await self._show(request, refused)

    async def undo(self, request: web.Request) -> web.Response:
        """POST …/undo: the hours before a change."""
        form = await read_form(request, Undo)
        subject = self.seat.whose(request)
        outcome = await self._availability.undo(who_is(request), subject, form.change_id, form.seen)
        return await self._after(request, outcome, form.seen, form.change_id)

    async def confirm(self, request: web.Request) -> web.Response:
        """POST …/confirm: it is decided what becomes of every appointment."""
        form = await read_form(request, Confirmed)
        who, subject, decided = who_is(request), self.seat.whose(request), form.decided()
        if form.change_id:
            outcome = await self._availability.undo(who, subject, form.change_id, form.seen, decided)
        else:
            outcome = await self._availability.save(who, subject, form.hours(), form.seen, decided)
        return await self._after(request, outcome, form.seen, form.change_id)

    async def _changed(self, request: web.Request, which: str) -> web.Response:
        try:
            sheet = await self.sheet(request)
            if which == NEW_WEEKLY:
                form = await read_form(request, NewWeekly)
                return await self.put(request, with_weekly(sheet.plan, weekly_of(form)), form.seen)
            once = await read_form(request, NewOnce)
            return await self.put(request, with_once(sheet.plan, [once_of(once, sheet.zone)]), once.seen)
        except (Invalid, Conflict) as refused:
            return await self._show(request, refused, which)

    async def put(self, request: web.Request, plan: Plan, seen: str) -> web.Response:
        """Save hours, or show whom they hit."""
        outcome = await self._availability.save(who_is(request), self.seat.whose(request), plan, seen)
        return await self._after(request, outcome, seen)

    async def _after(
        self, request: web.Request, outcome: Outcome, seen: str, change_id: UUID | None = None
    ) -> web.Response:
        """Go back to the week, or ask what becomes of the appointments that would fall outside."""
        if outcome.saved:
            place = f"{self.seat.home(request)}?done=1"
            return web.Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})
        sheet = await self.sheet(request)
        plan = msgspec.json.encode(outcome.plan).decode()
        title = i18n.translate(look_of(request).locale, N_("Des rendez-vous tombent en dehors"))
        values = {"outcome": outcome, "plan": plan, "seen": seen, "change_id": change_id}
        values |= {**await self.around(request, sheet), **_values(sheet)}
        return render(request, "hours/hit.html", status=200, title=title, **values)

    async def sheet(self, request: web.Request, monday: date | None = None) -> Sheet:
        """Return the hours that an address names, with what is taken in the asked week."""
        monday = monday or monday_of(request.query.get("week", ""), self._now().date())
        span = week_span(monday, "UTC")
        wide = range(span.start - 288, span.stop + 288)  # a day more at both ends: every zone's week lies inside
        return await self._availability.sheet(who_is(request), self.seat.whose(request), wide)

    async def _show(self, request: web.Request, refused: ClinicError | None = None, which: str = "") -> web.Response:
        monday = monday_of(request.query.get("week", ""), self._now().date())
        sheet = await self.sheet(request, monday)
        locale = look_of(request).locale
        values = {**await self.around(request, sheet), **_values(sheet), **self._odd(sheet)}
        return render(
            request,
            "hours/hours.html",
            status=refused.status if refused else 200,
            title=self.name(request, sheet),
            **values,
            week=week_of(sheet.calendar, sheet.closing, monday),
            look_words=LOOK_WORDS,
            given=await answers(request) if refused else {},
            which=which,
            refused=refused,
            said=i18n.translate(locale, refused.message, **refused.params) if refused else "",
            errors=refused.fields if isinstance(refused, Invalid) else {},
            done="done" in request.query,
            this_week=monday_of("", self._now().date()),
        )

    def _odd(self, sheet: Sheet) -> dict[str, object]:
        """Return what clock changes of the coming year make odd in the weekly lines."""
        today = self._now().date()
        return {"odd": odd_hours(sheet.plan, sheet.zone, [today + timedelta(days=n) for n in range(CLOCKS_AHEAD)])}

    def name(self, request: web.Request, sheet: Sheet) -> str:
        """Return what the page of these hours is called."""
        locale = look_of(request).locale
        if self.seat.own:
            return i18n.translate(locale, N_("Mes heures"))
        return i18n.translate(locale, N_("Heures de %(name)s"), name=sheet.subject.name)

    async def around(self, request: web.Request, sheet: Sheet) -> dict[str, object]:
        """Return what stands around these hours: the frame of the seat, and the ways to and fro."""
        href, words = self.seat.back
        back = (href, i18n.translate(look_of(request).locale, words))
        return {
            **await self.seat.around(request),
            "frame": self.seat.frame,
            "at": "hours",
            "back_to": back,
            "home": self.seat.home(request),
            "name": self.name(request, sheet),
            "own": self.seat.own,
            "sheet": sheet,
        }


def _values(sheet: Sheet) -> dict[str, object]:
    return {
        "zone": ZoneInfo(sheet.zone),
        "by_day": _by_day(sheet.plan),
        "days": DAY_WORDS,
        "clock_of": clock_of,
        "is_weekly": lambda one: isinstance(one, Weekly),
        "site_names": {site.id: site.name for site in sheet.sites},
        "modality_words": MODALITY_WORDS,
        "exception_words": EXCEPTION_WORDS,
    }


def _by_day(plan: Plan) -> list[list[tuple[int, Weekly]]]:
    """Return the weekly lines of each weekday, each with its place in the plan."""
    places = list(enumerate(in_order(plan).weekly))
    return [[(place, one) for place, one in places if one.weekday == day] for day in range(7)]
