"""The JSON routes of follow-ups, through the real guard, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.kernel.access import Door, Identity
from server.kernel.ids import new_id
from server.scheduler.api import routes
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming
from server.web.routes import mount
from tests.server.scheduler.clinic import Clinic

Answer = tuple[int, dict[str, Any]]
Call = Callable[..., Awaitable[Answer]]


@pytest_asyncio.fixture(loop_scope="session")
async def call(clinic: Clinic) -> AsyncIterator[Call]:
    """`await call("desk", "GET", path, body, key)`: a signed-in request from a door, and its answer."""
    people = {"desk": clinic.village.gp, "office": clinic.nurse, "cabin": clinic.village.cabin}

    async def identify(_token: str, door: Door) -> Identity | None:
        return people.get(door.value)

    app = web.Application(middlewares=[naming, json_errors, guard])
    app[IDENTIFY] = identify
    app[TRANSLATE] = lambda _locale, text, params: text % params if params else text
    app[SECURE] = False
    app[ORIGINS] = frozenset()
    mount(app, routes(clinic.follow_ups, clinic.closing))

    async def ask(door: str, method: str, path: str, body: object = None, key: str = "") -> Answer:
        headers = {"Sec-Fetch-Site": "same-origin", "X-TC": door, "Cookie": f"tc-{door}=good"}
        if key:
            headers["Idempotency-Key"] = key
        sent = {"json": body} if body is not None else {}
        async with client.request(method, path, headers=headers, **sent) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.json()

    async with TestClient(TestServer(app)) as client:
        yield ask


def chosen(proposal: dict[str, Any]) -> dict[str, Any]:
    """What a page sends back of a proposal."""
    return {
        "starts_at": proposal["starts_at"],
        "practitioner_id": proposal["practitioner"]["id"],
        "cabin_id": proposal["cabin"]["id"],
        "health_worker_id": proposal["health_worker"]["id"],
    }


async def test_a_visit_is_signed_and_its_follow_up_chosen_in_the_cabin(clinic: Clinic, call: Call) -> None:
    encounter_id, row_ver = await clinic.written()
    status, closed = await call("desk", "POST", f"/api/encounters/{encounter_id}/sign", {"row_ver": row_ver})
    assert status == 200
    status, shown = await call("cabin", "GET", "/api/cabin/proposals?part=morning")
    assert (status, len(shown["choices"]), shown["promise_id"]) == (200, 3, closed["promise_id"])
    assert (await call("cabin", "POST", "/api/cabin/call-back"))[0] == 200
    status, booked = await call("cabin", "POST", "/api/cabin/book", chosen(shown["choices"][0]), "key-0001")
    assert status == 201
    assert (await call("cabin", "GET", "/api/cabin/appointment"))[1] == {"appointment": None}
    _, sheet = await call("office", "GET", "/api/office/day?on=2026-03-09")
    assert [line["id"] for line in sheet["appointments"]] == [booked["appointment_id"]]
    _, upcoming = await call("desk", "GET", "/api/desk/upcoming")
    assert [line["id"] for line in upcoming["appointments"]] == [booked["appointment_id"]]


async def test_the_office_books_moves_and_cancels_and_the_slower_one_gets_fresh_moments(
    clinic: Clinic, call: Call
) -> None:
    first, second = await clinic.promised(), await clinic.promised()
    assert len((await call("office", "GET", "/api/office/promises"))[1]["promises"]) == 2
    assert len((await call("desk", "GET", "/api/desk/promises"))[1]["promises"]) == 2
    _, shown = await call("office", "GET", f"/api/promises/{first}/proposals")
    choice = chosen(shown["choices"][0])
    status, booked = await call("office", "POST", f"/api/promises/{first}/book", choice, "key-0001")
    assert status == 201
    assert await call("office", "POST", f"/api/promises/{first}/book", choice, "key-0001") == (201, booked)
    status, refused = await call("office", "POST", f"/api/promises/{second}/book", choice, "key-0002")
    assert (status, refused["error"]["code"]) == (409, "slot-taken")
    assert refused["proposals"]["choices"]
    path = f"/api/appointments/{booked['appointment_id']}"
    elsewhere = {"version": 1, "choice": chosen(shown["choices"][1])}
    assert await call("office", "POST", f"{path}/move", elsewhere) == (200, {"version": 2})
    assert (await call("office", "POST", f"{path}/move", elsewhere))[0] == 409
    assert (await call("office", "POST", f"{path}/miss", {"version": 2}))[0] == 409
    status, cancelled = await call("office", "POST", f"{path}/cancel", {"version": 2})
    assert (status, cancelled["choice"]["starts_at"]) == (200, shown["choices"][1]["starts_at"])
    assert (await call("office", "POST", f"/api/promises/{first}/call-back"))[0] == 200


async def test_words_that_make_no_sense_are_refused(clinic: Clinic, call: Call) -> None:
    promise = await clinic.promised()
    _, shown = await call("office", "GET", f"/api/promises/{promise}/proposals")
    choice = chosen(shown["choices"][0])
    naive = {**choice, "starts_at": "2026-03-09T09:00:00"}
    book = f"/api/promises/{promise}/book"
    assert (await call("office", "POST", book, naive, "key-0001"))[0] == 422
    assert (await call("office", "POST", book, {**choice, "patient_id": str(new_id())}, "key-0001"))[0] == 422
    assert (await call("office", "POST", book, choice))[1]["error"]["code"] == "no-key"
    for path in ("/api/office/day", "/api/office/day?on=monday", f"/api/promises/{promise}/proposals?part=night"):
        assert (await call("office", "GET", path))[0] == 422
    assert (await call("office", "GET", f"/api/promises/{new_id()}/proposals"))[0] == 404
    assert (await call("cabin", "GET", "/api/cabin/proposals"))[0] == 404


@pytest.mark.parametrize(
    ("door", "method", "path"),
    [
        ("office", "POST", "/api/encounters/{id}/sign"),
        ("desk", "POST", "/api/promises/{id}/book"),
        ("cabin", "GET", "/api/office/day"),
        ("office", "GET", "/api/desk/upcoming"),
        ("desk", "POST", "/api/appointments/{id}/cancel"),
    ],
)
async def test_other_doors_are_closed(call: Call, door: str, method: str, path: str) -> None:
    assert (await call(door, method, path.replace("{id}", str(new_id())), {}))[0] == 403
