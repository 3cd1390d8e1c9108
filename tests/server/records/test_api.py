"""The JSON routes of the records, through the real guard, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.kernel.access import Door, Identity
from server.kernel.ids import EncounterId, PatientId, new_id
from server.records.api import RecordsApi
from server.records.service import Background, Measures, Notes
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming
from server.web.routes import mount
from tests.server.records.village import Village

BODY = {"conclusion": "Angine.", "advice": "Buvez chaud.", "no_incident": True}
Answer = tuple[int, dict[str, Any]]
Call = Callable[..., Awaitable[Answer]]


@pytest_asyncio.fixture(loop_scope="session")
async def call(notes: Notes, measures: Measures, background: Background, village: Village) -> AsyncIterator[Call]:
    """`await call("desk", "GET", path, body)`: a signed-in request from a door, and its answer."""
    people = {"desk": village.doctor(), "office": village.worker(), "cabin": village.cabin()}

    async def identify(_token: str, door: Door) -> Identity | None:
        return people.get(door.value)

    app = web.Application(middlewares=[naming, json_errors, guard])
    app[IDENTIFY] = identify
    app[TRANSLATE] = lambda _locale, text, params: text % params if params else text
    app[SECURE] = False
    app[ORIGINS] = frozenset()
    mount(app, RecordsApi(notes, measures, background).routes())

    async def ask(door: str, method: str, path: str, body: object = None) -> Answer:
        headers = {"Sec-Fetch-Site": "same-origin", "X-TC": door, "Cookie": f"tc-{door}=good"}
        sent = {"json": body} if body is not None else {}
        async with client.request(method, path, headers=headers, **sent) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.json()

    async with TestClient(TestServer(app)) as client:
        yield ask


async def test_a_note_is_drafted_and_autosaved(call: Call, visit: EncounterId) -> None:
    path = f"/api/encounters/{visit}/note"
    assert (await call("desk", "GET", path))[1]["row_ver"] == 0
    assert await call("desk", "PUT", path, {"body": BODY, "row_ver": 0}) == (200, {"row_ver": 1})
    status, stale = await call("desk", "PUT", path, {"body": BODY, "row_ver": 0})
    assert (status, stale["error"]["code"]) == (409, "edited-elsewhere")
    status, draft = await call("desk", "GET", path)
    assert (status, draft["row_ver"], draft["status"]) == (200, 1, "preliminary")
    assert {name: draft["body"][name] for name in BODY} == BODY


@pytest.mark.parametrize(
    "body",
    [
        {"body": BODY},
        {"body": BODY, "row_ver": -1},
        {"body": BODY, "row_ver": 2**31},
        {"body": BODY, "row_ver": "1"},
        {"body": {**BODY, "diagnosis": "?"}, "row_ver": 0},
        {"body": {"follow_up": {"in_days": 30, "modality": "phone"}}, "row_ver": 0},
        {"body": {"follow_up": {"in_days": 10**30, "modality": "VR"}}, "row_ver": 0},
        {"body": {"advice": "a" * 20_001}, "row_ver": 0},
        [],
    ],
)
async def test_words_that_make_no_sense_are_refused(call: Call, visit: EncounterId, body: object) -> None:
    status, answer = await call("desk", "PUT", f"/api/encounters/{visit}/note", body)
    assert (status, answer["error"]["code"]) == (422, "invalid")
    assert answer["error"]["fields"]


async def test_measures_go_from_the_office_to_the_desk(call: Call, patient: PatientId, visit: EncounterId) -> None:
    path = f"/api/patients/{patient}/observations"
    body = {"readings": [{"measure": "glucose", "value": 1.05}], "encounter_id": str(visit), "device": "Glyco"}
    status, answer = await call("office", "POST", path, body)
    assert status == 201
    status, found = await call("desk", "GET", path)
    assert (status, found) == (200, answer)
    (seen,) = found["observations"]
    assert (seen["value"], seen["unit"], seen["shown"], seen["level"]) == (105.0, "mg/dL", 1.05, "normal")
    assert (await call("office", "POST", f"/api/observations/{seen['id']}/strike", {}))[0] == 200
    assert await call("desk", "GET", path) == (200, {"observations": []})


async def test_an_unconfirmed_measure_is_named(call: Call, patient: PatientId) -> None:
    body = {"readings": [{"measure": "temperature", "value": 45}]}
    status, answer = await call("office", "POST", f"/api/patients/{patient}/observations", body)
    assert (status, set(answer["error"]["fields"])) == (422, {"temperature"})


async def test_a_background_sheet_is_kept(call: Call, patient: PatientId) -> None:
    path = f"/api/patients/{patient}/background"
    body = {"body": {"allergies": ["pénicilline"]}, "row_ver": 0}
    assert await call("office", "PUT", path, body) == (200, {"row_ver": 1})
    status, sheet = await call("desk", "GET", path)
    assert (status, sheet["body"]) == (
        200,
        {
            "allergies": ["pénicilline"],
            "conditions": None,
            "medications": None,
            "pregnant": None,
            "low_oxygen_target": False,
        },
    )


async def test_history_is_for_doctors(call: Call, patient: PatientId) -> None:
    path = f"/api/patients/{patient}/history"
    assert await call("desk", "GET", path) == (200, {"visits": []})
    assert (await call("office", "GET", path))[0] == 403
    assert (await call("desk", "GET", f"/api/patients/{new_id()}/history"))[0] == 404
    assert (await call("desk", "GET", "/api/patients/odette/history"))[0] == 404


@pytest.mark.parametrize("door", ["office", "cabin"])
async def test_no_other_door_reaches_a_note(call: Call, visit: EncounterId, door: str) -> None:
    path = f"/api/encounters/{visit}/note"
    for method, tail, body in (
        ("GET", "", None),
        ("PUT", "", {"body": BODY, "row_ver": 0}),
        ("POST", "/addenda", {"words": "…"}),
        ("POST", "/strike", {"reason": "other"}),
    ):
        assert (await call(door, method, path + tail, body))[0] == 403


async def test_only_signed_notes_are_corrected_or_struck(call: Call, visit: EncounterId) -> None:
    path = f"/api/encounters/{visit}/note"
    await call("desk", "PUT", path, {"body": BODY, "row_ver": 0})
    for tail, body in (("/addenda", {"words": "Ajout."}), ("/strike", {"reason": "wrong-patient"})):
        status, answer = await call("desk", "POST", path + tail, body)
        assert (status, answer["error"]["code"]) == (409, "not-final")
