"""The third seat over JSON: each door has its part, and the guest's cookie opens one invitation and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.database.engine import Database
from server.encounters.guest_api import GuestApi
from server.encounters.service import Guests
from server.kernel.access import DOOR_OF, Door, Identity
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming
from server.web.routes import mount
from signalling.ice import IceServers
from tests.server.encounters.service.test_guests import NAME, FakeOffice
from tests.server.encounters.village import Village

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One database is enough here: the services' tests run on both."""
    return sqlite_database


@pytest.fixture
def guests(village: Village) -> Guests:
    return Guests(village.ground, FakeOffice(seats=village.exchange.seats), village.exchange)


@pytest_asyncio.fixture(loop_scope="session")
async def client(village: Village, guests: Guests) -> AsyncIterator[Client]:
    people = {DOOR_OF[who.role]: who for who in (village.cabin, village.gp)}

    async def identify(_token: str, door: Door) -> Identity | None:
        return people.get(door)

    def translate(_locale: str, text: str, params: Mapping[str, object]) -> str:
        return text % params if params else text

    app = web.Application(middlewares=[naming, json_errors, guard])
    app[IDENTIFY], app[TRANSLATE], app[SECURE], app[ORIGINS] = identify, translate, False, frozenset()
    ice = IceServers(lambda: datetime.now(UTC), (), ("turn:relay.example",), "secret")
    mount(app, GuestApi(guests, ice).routes())
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def test_three_people_over_json(client: Client, village: Village, guests: Guests) -> None:
    encounter_id = await village.in_call()
    token = ""

    async def ask(door: str, method: str, path: str, body: object = None) -> tuple[int, dict[str, object]]:
        headers = {"X-TC": door, "Cookie": f"tc-{door}={token or 'token'}", "Sec-Fetch-Site": "same-origin"}
        sent = {} if body is None and method == "POST" else body
        answer = await client.request(method, path, headers=headers, json=sent)
        return answer.status, await answer.json()

    visit = f"/api/encounters/{encounter_id}/guest"
    assert (await ask("cabin", "POST", visit, {"part": "family"}))[0] == 403
    assert (await ask("guest", "GET", "/api/guest"))[0] == 401
    status, made = await ask("desk", "POST", visit, {"part": "interpreter"})
    assert status == 201
    token = await guests.enter(str(made["code"]), NAME, "::1")
    _, seen = await ask("cabin", "GET", "/api/cabin/guest")
    assert seen["guest"] == {"guest_id": made["guest_id"], "part": "interpreter", "status": "asking", "name": NAME}
    assert (await ask("guest", "POST", "/api/guest/seat", {"towards": "patient"}))[0] == 409
    answer = {"guest_id": made["guest_id"], "agrees": True}
    assert (await ask("desk", "POST", "/api/cabin/guest", answer))[0] == 403
    assert (await ask("cabin", "POST", "/api/cabin/guest", answer))[0] == 200
    for towards in ("patient", "practitioner"):
        assert (await ask("guest", "POST", "/api/guest/seat", {"towards": towards}))[0] == 201
    assert (await ask("guest", "POST", "/api/guest/seat", {"towards": "lobby"}))[0] == 422
    for door, path in (
        ("guest", "/api/guest/line-ticket"),
        ("desk", f"{visit}/seat"),
        ("cabin", "/api/cabin/guest/seat"),
    ):
        assert (await ask(door, "POST", path))[0] == 201
    _, reach = await ask("guest", "GET", "/api/guest/ice-servers")
    assert reach["ice_servers"]
    assert (await ask("desk", "POST", f"{visit}/remove"))[0] == 200
    _, own = await ask("guest", "GET", "/api/guest")
    _, desk = await ask("desk", "GET", visit)
    assert own == desk
    assert (await ask("guest", "POST", "/api/guest/leave"))[0] == 200
