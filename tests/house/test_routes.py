"""No rule means no: every route has one row in the policy table, and every row has its route."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from server.app import make_app
from server.config import Config
from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.policy import PUBLIC, ROUTES
from server.records.seal.keyring import init_key
from tests.house.landing import needs

# Read once more before adding to it: these answer anybody.
OPEN_TO_ANYBODY = {
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/signal"),
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
    needs("server/database/migrations/versions/0001_first_visit.py", "clinic_ui/cabin/pages.py")
    key_file = tmp_path / "keys.json"
    init_key(key_file)
    config = Config(database_url=f"sqlite:///{tmp_path}/telecabin.db", cache_dir=tmp_path, kek_file=key_file)
    database = Database(config.database_url)
    await migrate(database)
    await database.close()
    runner = web.AppRunner(await make_app(config))
    await runner.setup()
    try:
        assert _registered(runner.app) == set(ROUTES)
    finally:
        await runner.cleanup()


def test_what_anybody_may_ask_is_a_reviewed_list() -> None:
    assert {route for route, rule in ROUTES.items() if rule is PUBLIC} == OPEN_TO_ANYBODY
