"""The JSON routes of prescriptions, through the real guard, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.kernel.access import Door, Identity
from server.kernel.ids import EncounterId, new_id
from server.records.prescriptions.api import PrescriptionApi
from server.records.prescriptions.service import Prescriptions
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming
from server.web.routes import mount
from tests.server.records.village import Village

LINE = {"drug": "Ramipril 5 mg", "dose": "1 comprimé", "moments": ["morning"], "days": 90}
Answer = tuple[int, dict[str, Any]]
Call = Callable[..., Awaitable[Answer]]


@pytest_asyncio.fixture(loop_scope="session")
async def call(prescriptions: Prescriptions, village: Village) -> AsyncIterator[Call]:
    """`await call("desk", "GET", path, body)`: a signed-in request from a door, and its answer."""
    people = {"desk": village.doctor(), "office": village.worker(), "cabin": village.cabin()}

    async def identify(_token: str, door: Door) -> Identity | None:
        return people.get(door.value)

    app = web.Application(middlewares=[naming, json_errors, guard])
    app[IDENTIFY] = identify
    app[TRANSLATE] = lambda _locale, text, params: text % params if params else text
    app[SECURE] = False
    app[ORIGINS] = frozenset()
    mount(app, PrescriptionApi(prescriptions).routes())

    async def ask(door: str, method: str, path: str, body: object = None) -> Answer:
        headers = {"Sec-Fetch-Site": "same-origin", "X-TC": door, "Cookie": f"tc-{door}=good"}
        sent = {"json": body} if body is not None else {}
        async with client.request(method, path, headers=headers, **sent) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.json()

    async with TestClient(TestServer(app)) as client:
        yield ask


async def test_one_is_saved_with_what_the_rules_say_signed_replaced_and_cancelled(
    call: Call, visit: EncounterId
) -> None:
    path = f"/api/encounters/{visit}/prescription"
    listed = {**LINE, "drug": "Tramadol 50 mg"}
    status, drawn = await call("desk", "PUT", path, {"body": {"lines": [listed]}, "row_ver": 0})
    assert (status, drawn["row_ver"], set(drawn["missing"])) == (200, 1, {"0.letters"})
    assert [(one["kind"], one["rule"], one["met"]) for one in drawn["alerts"]] == [("listed", "letters", False)]
    status, refused = await call("desk", "POST", f"{path}/sign", {"row_ver": 1})
    assert (status, refused["error"]["code"]) == (422, "prescription-incomplete")
    status, stale = await call("desk", "PUT", path, {"body": {"lines": [LINE]}, "row_ver": 0})
    assert (status, stale["error"]["code"]) == (409, "edited-elsewhere")
    assert (await call("desk", "PUT", path, {"body": {"lines": [LINE]}, "row_ver": 1}))[1]["missing"] == {}
    assert (await call("desk", "GET", path))[1]["body"]["lines"][0]["drug"] == "Ramipril 5 mg"
    status, signed = await call("desk", "POST", f"{path}/sign", {"row_ver": 2})
    one = f"/api/prescriptions/{signed['id']}"
    assert await call("desk", "POST", f"{one}/replace", {}) == (201, {"encounter_id": str(visit)})
    assert await call("desk", "POST", f"{one}/cancel", {"reason": "wrong-drug"}) == (200, {"cancelled": True})
    assert (await call("desk", "POST", f"{one}/cancel", {"reason": "other"}))[0] == 409


@pytest.mark.parametrize(
    "body",
    [
        {"body": {"lines": [LINE]}},
        {"body": {"lines": [{**LINE, "route": "by magic"}]}, "row_ver": 0},
        {"body": {"lines": [{**LINE, "hidden": 1}]}, "row_ver": 0},
        {"body": {"lines": [{**LINE, "days": 10**30}]}, "row_ver": 0},
        {"body": {"lines": [LINE] * 21}, "row_ver": 0},
        [],
    ],
)
async def test_words_that_make_no_sense_are_refused_by_name(call: Call, visit: EncounterId, body: object) -> None:
    status, refused = await call("desk", "PUT", f"/api/encounters/{visit}/prescription", body)
    assert status == 422
    assert refused["error"]["fields"]


async def test_only_doctors_prescribe_and_what_does_not_exist_is_not_found(call: Call, visit: EncounterId) -> None:
    path = f"/api/encounters/{visit}/prescription"
    for door in ("office", "cabin"):
        assert (await call(door, "PUT", path, {"body": {}, "row_ver": 0}))[0] == 403
    for method, lost, body in (
        ("GET", f"/api/encounters/{new_id()}/prescription", None),
        ("POST", f"/api/prescriptions/{new_id()}/cancel", {"reason": "other"}),
        ("POST", f"/api/prescriptions/{new_id()}/replace", {}),
    ):
        assert (await call("desk", method, lost, body))[0] == 404
