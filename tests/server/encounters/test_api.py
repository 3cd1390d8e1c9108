"""Visits over JSON: the words go in, the service decides, the answer says no more than its door may know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from server.database.engine import Database
from server.encounters.api import routes
from server.encounters.rules import CONSENT_VERSION, RedFlag
from server.kernel.access import DOOR_OF, Door, Identity
from server.kernel.ids import new_id
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming
from server.web.routes import mount
from tests.server.encounters.village import Village

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One database is enough here: the services' tests run on both."""
    return sqlite_database


@pytest_asyncio.fixture(loop_scope="session")
async def client(village: Village) -> AsyncIterator[Client]:
    people = {door: who for who in (village.cabin, village.gp, village.nurse) for door in [DOOR_OF[who.role]]}

    async def identify(_token: str, door: Door) -> Identity | None:
        return people.get(door)

    def translate(_locale: str, text: str, params: Mapping[str, object]) -> str:
        return text % params if params else text

    app = web.Application(middlewares=[naming, json_errors, guard])
    app[IDENTIFY], app[TRANSLATE], app[SECURE], app[ORIGINS] = identify, translate, False, frozenset()
    mount(app, routes(village.intake, village.queue, village.calls, village.duty, village.office))
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def _post(client: Client, door: str, path: str, body: object = None) -> ClientResponse:
    headers = {"X-TC": door, "Cookie": f"tc-{door}=token", "Sec-Fetch-Site": "same-origin"}
    return await client.post(path, headers=headers, json=body if body is not None else {})


async def _get(client: Client, door: str, path: str) -> dict[str, object]:
    response = await client.get(path, headers={"X-TC": door, "Cookie": f"tc-{door}=token"})
    assert response.status == 200
    return dict(await response.json())


async def test_a_whole_visit_over_json(client: Client, village: Village) -> None:
    assert await _get(client, "cabin", "/api/cabin/visit") == {"visit": None}
    patient = str(await village.patient())
    arrived = await _post(client, "cabin", "/api/cabin/arrive", {"patient_id": patient, "locale": "en"})
    assert arrived.status == 201
    visit = (await arrived.json())["encounter_id"]
    assert (await _post(client, "cabin", "/api/cabin/reason", {"reason": "skin", "words": "là"})).status == 200
    flags = {flag.value: False for flag in RedFlag}
    assert (await _post(client, "cabin", "/api/cabin/flags", {"flags": {**flags, "stroke": True}})).status == 200
    assert (await (await _post(client, "cabin", "/api/cabin/go-on")).json())["visit"]["step"] == "consent"
    agreed = {"given": True, "text_version": CONSENT_VERSION}
    waits = (await (await _post(client, "cabin", "/api/cabin/consent", agreed)).json())["visit"]
    assert (waits["step"], waits["place"], waits["flags"]["stroke"]) == ("waiting", 1, True)
    for word in ("step-out", "come-back"):
        assert (await _post(client, "cabin", f"/api/cabin/{word}")).status == 200

    assert (await (await _post(client, "desk", "/api/duty", {"here": True})).json())["duty"]["since"]
    queue = (await _get(client, "desk", "/api/queue"))["queue"]
    assert isinstance(queue, list)
    assert (queue[0]["encounter_id"], queue[0]["state"], queue[0]["words"]) == (visit, "waiting", "là")
    claimed = await _post(client, "desk", f"/api/encounters/{visit}/claim")
    assert (claimed.status, (await claimed.json())["fence"]) == (201, 1)
    desk = (await _get(client, "desk", "/api/desk/visit"))["visit"]
    assert isinstance(desk, dict)
    assert desk["site"]["samu_phone"] == "02 99 00 00 15"

    assert "ticket" in await (await _post(client, "cabin", "/api/cabin/seat")).json()
    assert "ticket" in await (await _post(client, "desk", f"/api/encounters/{visit}/seat")).json()
    assert (await _post(client, "cabin", "/api/cabin/connected")).status == 200
    assert (await _post(client, "desk", f"/api/encounters/{visit}/connected")).status == 200
    cut = {"kind": "cut", "seconds": 3}
    assert (await _post(client, "cabin", "/api/cabin/incidents", cut)).status == 201
    assert (await _post(client, "desk", f"/api/encounters/{visit}/incidents", cut)).status == 201
    assert (await _post(client, "desk", f"/api/encounters/{visit}/hang-up")).status == 200
    assert "ticket" in await (await _post(client, "desk", f"/api/encounters/{visit}/ring")).json()
    assert (await _post(client, "cabin", "/api/cabin/hang-up")).status == 200
    assert (await _post(client, "cabin", "/api/cabin/goodbye", {"face": 3})).status == 200
    left = await _post(client, "desk", f"/api/encounters/{visit}/release")
    assert (left.status, (await left.json())["error"]["code"]) == (409, "patient-left")
    assert (await (await _post(client, "desk", "/api/duty", {"here": False})).json()) == {"duty": None}


async def test_the_front_office_puts_somebody_in_the_queue(client: Client, village: Village) -> None:
    body = {
        "patient_id": str(await village.patient()),
        "cabin_id": str(village.cabin.cabin_id),
        "reason": "renewal",
        "flags": {flag.value: False for flag in RedFlag},
        "consent_given": True,
        "text_version": CONSENT_VERSION,
    }
    assert (await _post(client, "office", "/api/office/queue", body)).status == 201
    again = await _post(client, "office", "/api/office/queue", body)
    assert (again.status, (await again.json())["error"]["code"]) == (409, "already-in-line")


async def test_the_loser_of_a_claim_reads_who_was_faster(client: Client, village: Village) -> None:
    visit = await village.waiting()
    await village.queue.claim(village.other_gp, visit)
    lost = await _post(client, "desk", f"/api/encounters/{visit}/claim")
    error = (await lost.json())["error"]
    assert (lost.status, error["code"]) == (409, "already-taken")
    assert village.other_gp.name in error["message"]


@pytest.mark.parametrize(
    ("door", "path"), [("desk", "/api/cabin/leave"), ("cabin", "/api/duty"), ("cabin", "/api/office/queue")]
)
async def test_a_door_has_only_its_own_routes(client: Client, door: str, path: str) -> None:
    assert (await _post(client, door, path)).status == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/cabin/reason", {"reason": "boredom"}),
        ("/api/cabin/flags", {"flags": {"headache": True}}),
        ("/api/cabin/flags", {"flags": {"stroke": "yes"}}),
        ("/api/cabin/consent", {"given": True, "text_version": "1", "more": 1}),
        ("/api/cabin/goodbye", {"face": "glad"}),
    ],
)
async def test_words_that_make_no_sense_are_refused(client: Client, path: str, body: object) -> None:
    assert (await _post(client, "cabin", path, body)).status == 422


async def test_each_end_reports_its_call_and_an_impossible_report_is_refused(client: Client, village: Village) -> None:
    encounter_id = await village.in_call()
    village.clock.advance(seconds=120)
    spreads = {"delay": [40, 300], "jitter": [5, 20], "lost": [0, 80], "hidden": [0, 12]}
    weak = {"mine": 40, "theirs": 0, "both": 0}
    said = {
        "id": str(new_id()),
        "seconds": {"video": 60, "still": 40},
        "weak": weak,
        "cuts": 1,
        "cut_for": 2,
        **spreads,
    }
    for door, path in (("cabin", "/api/cabin/quality"), ("desk", f"/api/encounters/{encounter_id}/quality")):
        answer = await _post(client, door, path, said)
        assert answer.status == 200
        for wrong in ({"seconds": {"video": 9000}}, {"seconds": {"cinema": 1}}, {"delay": [3, 2]}, {"name": "Odette"}):
            answer = await _post(client, door, path, {**said, **wrong})
            assert answer.status == 422
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    assert desk.quality is not None
    assert desk.quality.without_video == 40
    assert set(desk.quality.weak) == {"cabin", "doctor", "both"}
