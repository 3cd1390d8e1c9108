"""A doctor's own settings: whether their calls hide their network address behind the relay."""

from aiohttp import web

from clinic_ui.desk.desk import Desk
from clinic_ui.forms import answers
from server.accounts.service import Accounts
from server.kernel.words import N_
from server.web.keys import who_is
from server.web.routes import Routes


class SettingsPages:
    """One page with one form. `has_relay`: without one, nobody can hide behind it."""

    def __init__(self, desk: Desk, accounts: Accounts, has_relay: bool) -> None:
        self._desk = desk
        self._accounts = accounts
        self._has_relay = has_relay

    def routes(self) -> Routes:
        """Return the routes of the settings."""
        return [("GET", "/desk/settings", self.page), ("POST", "/desk/settings", self.save)]

    async def page(self, request: web.Request) -> web.Response:
        """GET /desk/settings"""
        hidden = who_is(request).hides_address
        return await self._desk.show(
            request,
            "settings",
            N_("Mes réglages"),
            hidden=hidden,
            can_change=hidden or self._has_relay,
            saved="saved" in request.query,
        )

    async def save(self, request: web.Request) -> web.Response:
        """POST /desk/settings: an unticked box is not sent, so none means no."""
        hidden = "hides_address" in await answers(request) and self._has_relay
        await self._accounts.hide_address(who_is(request), hidden)
        return web.Response(status=303, headers={"Location": "/desk/settings?saved=1", "Cache-Control": "no-store"})
