"""No rule means no: every route has one row in the policy table, and every row has its route."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from server.kernel.policy import PUBLIC, ROUTES
from tests.running import config_in, running

# Read once more before adding to it: these answer anybody.
OPEN_TO_ANYBODY = {
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/signal"),
    ("GET", "/api/guest"),  # a guest has no account: their cookie opens one invitation, once a code was typed
    ("GET", "/api/guest/ice-servers"),
    ("GET", "/calendar/{token}"),  # a calendar program knows one secret, and no name is in what it reads
    ("GET", "/invite"),
    ("POST", "/api/guest/leave"),
    ("POST", "/api/guest/line-ticket"),
    ("POST", "/api/guest/seat"),
    ("POST", "/invite"),
    ("GET", "/rdv/{token}"),  # who has the link of a reminder may free that moment, and learns no name
    ("POST", "/rdv/{token}"),
    ("GET", "/signin/{door}"),
    ("GET", "/static/{hash}/{path}"),
    ("POST", "/settings"),
    ("POST", "/signin/{door}"),
    ("POST", "/signout/{door}"),
}


def _registered(app: web.Application) -> set[tuple[str, str]]:
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


async def test_the_policy_table_and_the_routes_are_one_list(tmp_path: Path) -> None:
    async with running(config_in(tmp_path)) as house:
        assert _registered(house.app) == set(ROUTES)


def test_what_anybody_may_ask_is_a_reviewed_list() -> None:
    assert {route for route, rule in ROUTES.items() if rule is PUBLIC} == OPEN_TO_ANYBODY
