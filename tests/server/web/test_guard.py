"""The guard lets through only what the policy table allows, and errors come back in words."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.kernel import policy
from server.kernel.access import Act, Door, Identity, Role
from server.kernel.errors import ClinicError, Conflict
from server.kernel.ids import AccountId, new_id
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE, who_is
from server.web.middleware import LEFT, Next, guard, json_errors, naming, parting
from server.web.routes import NoPolicy, mount
from server.web.wire import Wire, read, reply

Client = TestClient[web.Request, web.Application]
GP = Identity(AccountId(new_id()), Role.GP, "aubin", "Dr Claire Aubin", csrf="right")
OWN = {"Sec-Fetch-Site": "same-origin"}
DESK = {**OWN, "X-TC": "desk", "Cookie": "tc-desk=good"}


class Words(Wire, frozen=True):
    """A body."""

    text: str
    count: int = 0


async def _hello(request: web.Request) -> web.Response:
    return reply({"name": who_is(request).name})


async def _echo(request: web.Request) -> web.Response:
    return reply(await read(request, Words))


async def _late(_request: web.Request) -> web.Response:
    raise Conflict("Le docteur %(name)s a été plus rapide.", code="already-taken", name="Haddad")


async def _broken(_request: web.Request) -> web.Response:
    raise RuntimeError("secret detail")


async def _identify(token: str, door: Door) -> Identity | None:
    return GP if token == "good" and door is Door.DESK else None


@web.middleware
async def _plain_pages(request: web.Request, handler: Next) -> web.StreamResponse:
    """Stand where the pages' own translation of errors stands."""
    try:
        return await handler(request)
    except ClinicError as error:
        return web.Response(status=error.status)


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    rows: dict[tuple[str, str], Act | policy.Open] = {
        ("GET", "/api/hello"): Act.QUEUE_SEE,
        ("POST", "/api/echo"): Act.QUEUE_SEE,
        ("POST", "/api/late"): Act.QUEUE_SEE,
        ("GET", "/api/broken"): Act.QUEUE_SEE,
        ("GET", "/api/overview"): Act.OVERVIEW_SEE,
        ("POST", "/desk/form"): Act.QUEUE_SEE,
        ("GET", "/api/open"): policy.PUBLIC,
    }
    for row, rule in rows.items():
        monkeypatch.setitem(policy.ROUTES, row, rule)
    app = web.Application(middlewares=[naming, _plain_pages, json_errors, guard])
    app[IDENTIFY] = _identify
    app[TRANSLATE] = lambda locale, text, params: f"[{locale}] " + (text % params if params else text)
    app[SECURE] = False
    app[ORIGINS] = frozenset({"https://cabin.example"})
    views = {"hello": _hello, "echo": _echo, "late": _late, "broken": _broken, "overview": _hello}
    mount(app, [(m, p, views.get(p.split("/")[-1], _ok)) for m, p in rows])
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def _ok(_request: web.Request) -> web.Response:
    return reply({"ok": True})


async def _error(response: object) -> str:
    return str((await response.json())["error"]["code"])  # type: ignore[attr-defined]


def test_a_route_without_a_policy_row_cannot_be_mounted() -> None:
    with pytest.raises(NoPolicy, match="/api/forgotten"):
        mount(web.Application(), [("GET", "/api/forgotten", _ok)])


async def test_a_known_person_with_the_right_role_gets_in(client: Client) -> None:
    response = await client.get("/api/hello", headers=DESK)
    assert (response.status, await response.json()) == (200, {"name": "Dr Claire Aubin"})
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("cookie", ["", "tc-desk=bad", "tc-office=good", "tc-desk="])
async def test_without_a_session_of_this_door_the_answer_is_401(client: Client, cookie: str) -> None:
    response = await client.get("/api/hello", headers={**DESK, "Cookie": cookie})
    assert (response.status, await _error(response)) == (401, "not-signed-in")


async def test_another_role_gets_403(client: Client) -> None:
    response = await client.get("/api/overview", headers=DESK)
    assert (response.status, await _error(response)) == (403, "not-allowed")


async def test_a_request_that_names_no_door_is_refused(client: Client) -> None:
    response = await client.get("/api/hello", headers={"Cookie": "tc-desk=good"})
    assert (response.status, await _error(response)) == (403, "no-door")


@pytest.mark.parametrize(
    "foreign",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_change_asked_by_another_site_is_refused(client: Client, foreign: dict[str, str]) -> None:
    headers = {"X-TC": "desk", "Cookie": "tc-desk=good", **foreign}
    response = await client.post("/api/echo", json={"text": "a"}, headers=headers)
    assert (response.status, await _error(response)) == (403, "foreign")


async def test_our_own_origin_will_do_for_browsers_without_fetch_metadata(client: Client) -> None:
    for origin in (f"http://{client.host}:{client.port}", "https://cabin.example"):
        headers = {"X-TC": "desk", "Cookie": "tc-desk=good", "Origin": origin}
        assert (await client.post("/api/echo", json={"text": "a"}, headers=headers)).status == 200


@pytest.mark.parametrize(("csrf", "status"), [("right", 200), ("wrong", 403), ("", 403), ("é", 403)])
async def test_a_form_needs_the_sessions_own_token(client: Client, csrf: str, status: int) -> None:
    headers = {**OWN, "Cookie": "tc-desk=good"}
    response = await client.post("/desk/form", data={"csrf": csrf}, headers=headers, allow_redirects=False)
    assert response.status == status


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "1", '{"text": 1}', '{"text": "a", "extra": 1}', '{"count": 1}',
     '{"text": "a", "count": "1"}', "\udcff", '{"text": "' + "[" * 500 + '"', "[" * 100_000, "nan"],
)  # fmt: skip
async def test_a_malformed_body_is_a_422_and_never_a_500(client: Client, body: str) -> None:
    raw = body.encode("utf-8", "surrogateescape")
    headers = {**DESK, "Content-Type": "application/json"}
    response = await client.post("/api/echo", data=raw, headers=headers)
    assert response.status == 422
    assert await _error(response) in {"invalid", "not-json"}


async def test_a_wrong_field_is_named(client: Client) -> None:
    response = await client.post("/api/echo", json={"text": "a", "count": "x"}, headers=DESK)
    assert (await response.json())["error"]["fields"].keys() == {"count"}


async def test_a_form_is_not_json(client: Client) -> None:
    response = await client.post("/api/echo", data={"text": "a"}, headers=DESK)
    assert (response.status, await _error(response)) == (422, "not-json")


async def test_a_compressed_body_is_refused(client: Client) -> None:
    headers = {**DESK, "Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = await client.post("/api/echo", data=b"\x1f\x8b", headers=headers)
    assert response.status in {400, 415}


async def test_an_error_speaks_the_callers_language_and_keeps_its_code(client: Client) -> None:
    response = await client.post("/api/late", json={}, headers={**DESK, "Accept-Language": "de, en;q=0.5"})
    error = (await response.json())["error"]
    assert (response.status, error["code"]) == (409, "already-taken")
    assert error["message"] == "[en] Le docteur Haddad a été plus rapide."


async def test_a_fault_of_ours_tells_nothing_but_a_reference(client: Client) -> None:
    response = await client.get("/api/broken", headers=DESK)
    text = await response.text()
    assert response.status == 500
    assert "secret detail" not in text
    assert "Traceback" not in text
    assert response.headers["X-Request-Id"] in text


async def test_a_caller_whose_line_is_cut_while_speaking_is_no_fault_of_ours() -> None:
    begun, answers = asyncio.Event(), asyncio.Queue[int]()
    words = b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"

    @web.middleware
    async def outermost(request: web.Request, handler: Next) -> web.StreamResponse:
        begun.set()
        response = await handler(request)
        await answers.put(response.status)
        return response

    async def unreachable(_request: web.Request) -> web.Response:
        raise ConnectionRefusedError

    app = web.Application(middlewares=[outermost, naming, json_errors, parting])
    app[TRANSLATE] = lambda _locale, text, _params: text
    app.router.add_post("/api/echo", _echo)
    app.router.add_get("/api/unreachable", unreachable)
    runner = web.AppRunner(app)  # a TestServer would cancel the handler, as ours does not
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with asyncio.timeout(10):
            _, line = await asyncio.open_connection(*runner.addresses[0])
            line.write(b"POST /api/echo HTTP/1.1\r\nHost: a\r\n" + words)
            await begun.wait()
            line.close()
            assert await answers.get() == LEFT
            _, line = await asyncio.open_connection(*runner.addresses[0])
            line.write(b"GET /api/unreachable HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await answers.get() == 500
            line.close()
    finally:
        await runner.cleanup()


async def test_unknown_paths_and_methods_are_said_in_json(client: Client) -> None:
    assert await _error(await client.get("/api/nowhere", headers=DESK)) == "not-found"
    assert (await client.delete("/api/hello", headers=DESK)).status == 405


async def test_open_routes_need_nobody(client: Client) -> None:
    assert (await client.get("/api/open")).status == 200
