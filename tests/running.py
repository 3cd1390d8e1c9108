"""The whole product on a free port of the loopback, with a database and a key file of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from clinic_ui.assets import Assets
from clinic_ui.fonts import prepare_font
from clinic_ui.signin.pages import DemoPerson
from server.app import CLINIC, make_app
from server.clinic import Clinic
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


_migrated_once: list[tempfile.TemporaryDirectory[str]] = []


def new_file(url: str) -> Path | None:
    """The SQLite file of an address, when it is still to be made."""
    path = Path(url.removeprefix("sqlite:///"))
    return path if url.startswith("sqlite:///") and not path.exists() else None


async def _migrated(url: str) -> None:
    """Bring a database to our schema: a new SQLite file is a copy of one that was migrated in this run."""
    path = new_file(url)
    if path is None:
        return await _migrate(url)
    if not _migrated_once:
        folder = tempfile.TemporaryDirectory(prefix="telecabin-migrated-")
        await _migrate(f"sqlite:///{folder.name}/telecabin.db")
        _migrated_once.append(folder)
    shutil.copy(f"{_migrated_once[0].name}/telecabin.db", path)


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


@asynccontextmanager
async def running(
    config: Config, now: Clock = utc_now, demo_people: Sequence[DemoPerson] = ()
) -> AsyncIterator[Running]:
    """Migrate the database of `config`, and serve until the block ends."""
    await prepare_font(Assets({}), CACHE)
    await _migrated(config.database_url)
    runner = web.AppRunner(await make_app(config, now, demo_people), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.host, config.port).start()
        yield Running(config.origin, runner.app, runner.app[CLINIC], config)
    finally:
        await runner.cleanup()
