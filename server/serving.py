"""`telecabin serve|demo|migrate|account`: what runs the clinic."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop
from aiohttp import web

from clinic_ui.signin.pages import DemoPerson
from server import logs
from server.accounts.rules import NewAccount
from server.app import CLINIC, GATEWAY, METRICS, make_app
from server.clinic import open_clinic
from server.config import Config, load
from server.database.engine import Database
from server.database.migrate import migrate
from server.encounters.facts import CallNumbers, open_visits, recent_calls
from server.kernel.access import Role
from server.kernel.errors import ClinicError, ConfigError
from server.records.seal.hygiene import harden
from server.records.seal.keyring import init_key
from server.village.seed import settle

EX_CONFIG = 78  # sysexits.h: a setting or a key is wrong; restarting will not help
DRAIN_FOR = 10.0  # s: requests in flight may finish
CALLS_OF = timedelta(hours=1)  # of which the numbers tell how they went
KEEP_ALIVE = 75.0  # s: above the 60 s of common proxies, so that it is they who close
Made = TypeVar("Made")


@click.command()
def serve() -> None:
    """Serve the cabins and the desks."""
    _run(_serve(_config()))


@click.command()
@click.option("--port", type=int, default=8080, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--seed", type=int, default=2026, show_default=True, help="The same seed gives the same village.")
def demo(port: int, folder: Path, seed: int) -> None:
    """Serve a synthetic village on this machine, made afresh where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    key_file = folder / "keys.json"
    if not key_file.exists():
        init_key(key_file)
    config = replace(
        _config(),
        database_url=f"sqlite:///{folder}/telecabin.db",
        kek_file=key_file,
        cache_dir=folder / "cache",
        port=port,
        origin=f"http://localhost:{port}",
    )
    _run(_demo(config, seed))


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database to this version's schema. Make a backup first."""
    _run(_migrate(_config()))
    click.echo("The database has the newest schema.")


@click.group()
def account() -> None:
    """Accounts."""


@account.command("add")
@click.argument("login")
@click.option("--role", type=click.Choice([Role.COORDINATOR.value, Role.ADMIN.value]), required=True)
@click.option("--name", required=True, help="As people read it: “Dr Claire Aubin”.")
@click.password_option(help="12 to 128 characters.")
def account_add(login: str, role: str, name: str, password: str) -> None:
    """Make an account that is tied to no cabin, practitioner or worker: a coordinator or an admin."""
    _run(_account_add(_config(), NewAccount(login, password, Role(role), name)))
    click.echo(f"{login} may sign in as {role}.")


def _config() -> Config:
    return _or_exit(lambda: load(os.environ))


def _or_exit(make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; a wrong setting or key ends with one sentence and exit code 78, never with a trace."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)
    except ClinicError as error:
        click.echo("\n".join([str(error), *error.fields.values()]), err=True)
        sys.exit(1)


async def _serve(
    config: Config, demo_people: Sequence[DemoPerson] = (), ready: Callable[[], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then let requests in flight finish and tell every socket to reconnect."""
    logs.configure(config.log_level)
    harden()
    app = await make_app(config, demo_people=demo_people)
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=KEEP_ALIVE,
        shutdown_timeout=DRAIN_FOR,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    opened = AsyncExitStack()
    try:
        await runner.setup()
        await _listen(runner, config)
        await _show_metrics(app, config, opened)
        if ready:
            ready()
        await stop.wait()
        await app[GATEWAY].drain(config.drain_seconds)
    finally:
        await opened.aclose()
        await runner.cleanup()


async def _show_metrics(app: web.Application, config: Config, opened: AsyncExitStack) -> None:
    """Show the numbers on an address of their own, if there is one: the proxy in front never sees it."""
    if config.metrics_port == 0:
        return
    clinic = app[CLINIC]

    async def calls() -> CallNumbers:
        return await recent_calls(clinic.database, clinic.now() - CALLS_OF)

    runner = web.AppRunner(app[METRICS].page(lambda: open_visits(clinic.database), calls), access_log=None)
    opened.push_async_callback(runner.cleanup)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.metrics_host, config.metrics_port).start()
    except OSError as error:
        raise ConfigError(f"TELECABIN_METRICS_PORT: cannot listen there: {error.strerror}") from None


async def _listen(runner: web.AppRunner, config: Config) -> None:
    try:
        await web.TCPSite(runner, config.host, config.port).start()
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {config.host}:{config.port}: {error.strerror}. Another port: PORT=8090 make demo"
        ) from None


async def _migrate(config: Config) -> None:
    database = Database(config.database_url)
    try:
        await migrate(database)
    finally:
        await database.close()


async def _account_add(config: Config, new: NewAccount) -> None:
    async with AsyncExitStack() as opened:
        clinic = await open_clinic(config, opened)
        async with clinic.database.transaction() as tx:
            await clinic.accounts.create(tx, new)


async def _demo(config: Config, seed: int) -> None:
    await _migrate(config)
    async with AsyncExitStack() as opened:
        clinic = await open_clinic(config, opened)
        who = await settle(clinic, seed)
    people = [DemoPerson(one.door, one.login, who.password, one.name, one.about) for one in who.people]
    await _serve(config, people, lambda: click.echo(who.board(config.origin)))
