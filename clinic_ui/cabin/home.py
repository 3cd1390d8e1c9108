"""The first screen (open or not, who is there, how long it takes), and the two that always work: emergency and help."""

from aiohttp import web

from clinic_ui.cabin.arrival import Purpose
from clinic_ui.cabin.booth import GOODBYE, HOME, Booth, elsewhere, go, screen_of
from clinic_ui.cabin.check import ALONE, Mornings
from clinic_ui.cabin.today import Today, Todays
from clinic_ui.render import wants_fragment
from server.encounters.rules import CancelReason, Step
from server.web.keys import who_is
from server.web.routes import Routes


class HomePages:
    """Home, emergency, help, and leaving in the middle."""

    def __init__(self, booth: Booth, todays: Todays, mornings: Mornings) -> None:
        self._booth = booth
        self._todays = todays
        self._mornings = mornings

    def routes(self) -> Routes:
        """Return the routes of these screens."""
        return [
            ("GET", "/cabin", self.home),
            ("GET", "/cabin/etat", self.state),
            ("GET", "/cabin/urgence", self.emergency),
            ("GET", "/cabin/aide", self.help),
            ("POST", "/cabin/aide", self.ask_help),
            ("GET", "/cabin/aide/etat", self.help_state),
            ("POST", "/cabin/aide/merci", self.settle_help),
            ("POST", "/cabin/partir", self.leave),
            ("GET", "/cabin/au-revoir", self.goodbye),
        ]

    async def home(self, request: web.Request) -> web.Response:
        """GET /cabin: what would you like to do?"""
        await self._booth.nobody(request)
        return await self._home(request, piece=False)

    async def state(self, request: web.Request) -> web.Response:
        """GET /cabin/etat: the living part of home; elsewhere as soon as somebody is seated, or a check is due."""
        await self._booth.nobody(request)
        return await self._home(request, piece=True)

    async def _home(self, request: web.Request, *, piece: bool) -> web.Response:
        who = who_is(request)
        today: Today = await self._todays.of(who)
        ask_in = await self._mornings.seconds(who, request.query.get("depuis", ""))
        if piece and ask_in == 0 and await self._booth.help_calls.mine(who) is None:
            elsewhere(ALONE)
        template = "home_state" if piece else "home"
        begins = self._mornings.begins()
        return await self._booth.show(request, template, piece=piece, today=today, ask_in=ask_in, begins=begins)

    async def emergency(self, request: web.Request) -> web.Response:
        """GET /cabin/urgence: the sheet as a page, for when scripts do not run."""
        return await self._booth.show(request, "emergency", back_to=HOME)

    async def help(self, request: web.Request) -> web.Response:
        """GET /cabin/aide: who is there, and how to reach them."""
        return await self._booth.show(request, "help")

    async def ask_help(self, request: web.Request) -> web.Response:
        """POST /cabin/aide: call the people of the site; the page, or its piece, says that they were told."""
        await self._booth.help_calls.ask(who_is(request))
        return await self._helped(request)

    async def help_state(self, request: web.Request) -> web.Response:
        """GET /cabin/aide/etat: told, who comes, or whom to telephone; nothing when no help was asked for."""
        return await self._booth.show(request, "help_state", piece=True)

    async def settle_help(self, request: web.Request) -> web.Response:
        """POST /cabin/aide/merci: « C’est bon, merci »: nobody needs to come any more."""
        await self._booth.help_calls.settle(who_is(request))
        return await self._helped(request)

    async def _helped(self, request: web.Request) -> web.Response:
        return await self.help_state(request) if wants_fragment(request) else go("/cabin/aide")

    async def leave(self, request: web.Request) -> web.Response:
        """POST /cabin/partir: end what is not finished, by wish or because nobody touched the screen."""
        who = who_is(request)
        visit = await self._booth.intake.current(who)
        form = await request.post()
        idle = form.get("reason") == "idle"
        booked_only = form.get("pour") == Purpose.BOOKING and visit is not None and visit.reason is None
        if visit is None or visit.step is Step.AWAY:
            return go(GOODBYE)
        if visit.step is Step.CALL:
            return go(screen_of(visit))
        if visit.step in (Step.CLOSING, Step.SUMMARY, Step.IN_PERSON, Step.GOODBYE) or visit.cancel_reason:
            await self._booth.intake.goodbye(who)
        elif visit.step is Step.EMERGENCY:
            after = await self._booth.intake.leave(who, CancelReason.EMERGENCY)
            return go(screen_of(after))
        else:
            otherwise = CancelReason.ABANDONED if idle else CancelReason.GAVE_UP
            await self._booth.intake.leave(who, CancelReason.BOOKED_ONLY if booked_only else otherwise)
        return go(GOODBYE)

    async def goodbye(self, request: web.Request) -> web.Response:
        """GET /cabin/au-revoir: nothing of the visit is left on this screen.

        `Clear-Site-Data: "cache"` empties the HTTP cache and the back-forward cache. Not "cookies": it would take the
        cabin's own session and sign the booth out; not "storage": that is the device's. So the three cookies that a
        visitor can set (language, colours, text size) are taken one by one. Pages keep nothing else: all are
        `no-store`, scripts write no storage, and steps.js puts this address in the place of what came before.
        """
        visit = await self._booth.intake.current(who_is(request))
        if visit is not None and visit.step is Step.GOODBYE:
            await self._booth.intake.goodbye(who_is(request))
        response = await self._booth.show(request, "goodbye")
        response.headers["Clear-Site-Data"] = '"cache"'
        response.headers["Refresh"] = f"10; url={HOME}"  # also without scripts
        for cookie in ("tc-lang", "tc-theme", "tc-text"):
            response.del_cookie(cookie, path="/", samesite="Lax", secure=request.secure)
        return response
