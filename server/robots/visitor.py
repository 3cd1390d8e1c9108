"""A robot at a door of a running server: it signs in, asks in JSON, and holds one socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from server.kernel.access import Door
from server.kernel.words import N_
from server.robots.errors import Refused
from signalling.ice import IceServer
from signalling.peer import Reach

ANSWER_WITHIN: Final = aiohttp.ClientTimeout(total=30)  # s, of one request; a socket may stay open longer


class Visitor:
    """Somebody signed in. Every refusal of the server becomes a Refused with the server's own sentence."""

    def __init__(self, client: aiohttp.ClientSession, origin: str, door: Door, locale: str) -> None:
        self.client = client
        self.origin = origin
        self._headers = {"X-TC": door.value, "Origin": origin, "Accept-Language": locale}

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return what the JSON answer holds."""
        url, timeout = self.origin + path, ANSWER_WITHIN
        async with self.client.request(method, url, json=body, headers=self._headers, timeout=timeout) as answer:
            said: dict[str, Any] = await answer.json() if answer.content_type == "application/json" else {}
        if answer.status >= 400:
            error = said.get("error", {})
            raise Refused(str(error.get("message") or answer.status), code=str(error.get("code", "")))
        return said

    async def post(self, path: str, **body: object) -> dict[str, Any]:
        """POST named fields as JSON."""
        return await self.ask("POST", path, body)

    async def line_ticket(self) -> str:
        """Return a ticket for this robot's socket."""
        return str((await self.post("/api/line-ticket"))["ticket"])

    async def reach(self) -> Reach:
        """Return what helps the media through."""
        said = await self.ask("GET", "/api/ice-servers")
        servers = tuple(
            IceServer(tuple(one["urls"]), one.get("username"), one.get("credential")) for one in said["ice_servers"]
        )
        return Reach(servers, bool(said.get("relay_only")))


@asynccontextmanager
async def signed_in(origin: str, door: Door, login: str, password: str, locale: str) -> AsyncIterator[Visitor]:
    """Sign in, and be sure that this is a demonstration before anything else is asked or said."""
    origin = origin.rstrip("/")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        visitor = Visitor(client, origin, door, locale)
        try:
            form = aiohttp.FormData({"login": login, "password": password})
            async with client.post(
                f"{origin}/signin/{door}", data=form, headers={"Origin": origin}, allow_redirects=False
            ) as answer:
                if answer.status != 303:
                    raise Refused(N_("%(login)s n’entre pas : vérifiez l’identifiant et le mot de passe."), login=login)
        except (aiohttp.ClientConnectionError, TimeoutError):
            raise Refused(
                N_("Rien ne répond à %(origin)s. Lancez d’abord : make demo"), code="nobody", origin=origin
            ) from None
        await _welcomed(visitor)
        yield visitor
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, asyncio.CancelledError):
            await client.post(f"{origin}/signout/{door}", headers={"Origin": origin}, allow_redirects=False)


async def _welcomed(visitor: Visitor) -> None:
    try:
        await visitor.ask("GET", "/api/robots/welcome")
    except Refused as refused:
        if refused.code in ("no-robots", "not-allowed"):
            raise
        raise Refused(N_("Ce serveur ne connaît pas les robots. Un robot n’entre pas ici."), code="no-robots") from None
