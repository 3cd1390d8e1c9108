"""The whole product on a free port of the loopback, with a database and a key file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from clinic_ui.assets import Assets
from clinic_ui.fonts import prepare_font
from server.app import CLINIC, Clinic, make_app
from server.config import Config
from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import Clock, utc_now
from server.records.seal.keyring import init_key
from tests.components import free_port

CACHE = Path(__file__).parent.parent / "var/tests"
"""Kept from run to run: the typeface is cut once, and not again beside every test."""


@dataclass(frozen=True)
class Running:
    """One server that answers at `origin`, and what is open inside it."""

    origin: str
    app: web.Application
    clinic: Clinic
    config: Config


def config_in(folder: Path, **settings: object) -> Config:
    """A configuration that keeps everything in one folder: SQLite, a fresh key file, a free port."""
    key_file = folder / "keys.json"
    if not key_file.exists():
        init_key(key_file)
    port = free_port()
    config = Config(
        database_url=f"sqlite:///{folder}/telecabin.db",
        cache_dir=CACHE,
        kek_file=key_file,
        port=port,
        origin=f"http://localhost:{port}",
    )
    return replace(config, **settings)  # type: ignore[arg-type]


@asynccontextmanager
async def running(config: Config, now: Clock = utc_now) -> AsyncIterator[Running]:
    """Migrate the database of `config`, and serve until the block ends."""
    await prepare_font(Assets({}), CACHE)
    database = Database(config.database_url)
    await migrate(database)
    await database.close()
    runner = web.AppRunner(await make_app(config, now), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.host, config.port).start()
        yield Running(config.origin, runner.app, runner.app[CLINIC], config)
    finally:
        await runner.cleanup()
