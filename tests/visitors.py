"""People who use the running product over HTTP: each signs in at their own door, with their own cookies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from server.village.sign_ins import PASSWORD


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The stable code of a refusal."""
        return str(self.body["error"]["code"])


class Visitor:
    """Somebody signed in at a door, who speaks JSON."""

    def __init__(self, session: aiohttp.ClientSession, door: str) -> None:
        self.session = session
        self.door = door

    async def get(self, path: str) -> Answer:
        """GET a JSON route."""
        return await self.send("GET", path)

    async def post(self, path: str, body: object = None, **headers: str) -> Answer:
        """POST a JSON body."""
        return await self.send("POST", path, {} if body is None else body, **headers)

    async def put(self, path: str, body: object) -> Answer:
        """PUT a JSON body."""
        return await self.send("PUT", path, body)

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send anything; header names are written with underscores."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, path, json=body, headers=more) as response:
            return Answer(response.status, await response.json())


@asynccontextmanager
async def visitors(origin: str, **logins: str) -> AsyncIterator[list[Visitor]]:
    """Sign everybody in, as `door=login`; several at one door: `desk_1=aubin, desk_2=haddad`."""
    async with AsyncExitStack() as opened:
        people = []
        for name, login in logins.items():
            door = name.split("_")[0]
            headers = {"Sec-Fetch-Site": "same-origin", "X-TC": door}
            session = await opened.enter_async_context(aiohttp.ClientSession(origin, headers=headers))
            form = {"login": login, "password": PASSWORD}
            async with session.post(f"/signin/{door}", data=form, allow_redirects=False) as response:
                assert response.status == 303, await response.text()
            people.append(Visitor(session, door))
        yield people
