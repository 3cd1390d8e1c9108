"""`telecabin backup …` and `telecabin restore`: copies of the whole site, sealed for keepers, and the way back.

exit code   0 done   1 the backup is altered, cut or not ours   2 not in this place   78 a setting or a key is wrong
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import click

from server import schema  # noqa: F401 - every table of the house is known
from server.config import Config, load
from server.database.engine import Database
from server.database.migrate import refuse_other_schema
from server.kernel.clock import utc_now
from server.kernel.errors import ConfigError
from server.records.backup import service, stream
from server.records.backup.loading import Progress
from server.records.backup.rules import NotHere, NotThisBackup
from server.records.backup.trial import EVERY, Tried
from server.records.seal.envelope import KeysAway
from server.records.seal.hygiene import harden
from server.records.seal.keyring import Keyring
from server.records.seal.private import SETTING, read_private, write_new
from server.records.seal.providers import provider_of
from server.records.seal.start import unlock

REFUSED, NOT_HERE, EX_CONFIG = 1, 2, 78
_FOLDER = click.Path(path_type=Path)
_IDENTITY = click.option(
    "--identity", type=_FOLDER, required=True, help="The private file with the age key that opens the backup."
)
_KEYS_FROM = click.option(
    "--keys-from", type=_FOLDER, help="A newer backup: take the patients' keys and the ledger of shreds from there."
)
_EVERY = click.option(
    "--every", type=click.IntRange(1), default=EVERY, show_default=True, help="Open every n-th sealed field; 1: all."
)


@click.group()
def backup() -> None:
    """Backups: made beside the running server, sealed for keys that are elsewhere, tried before they count."""
    harden()


@backup.command("key")
@click.argument("path", type=_FOLDER)
def backup_key(path: Path) -> None:
    """Make the age key that opens backups, at PATH: on another machine than the server, held by two people."""

    async def work() -> None:
        secret, recipient = stream.new_identity()
        write_new(path, f"# public key: {recipient}\n{secret}\n".encode())
        click.echo(f"Wrote {path}. Whoever has it and the key file opens everything: keep it off the server.")
        click.echo(f"On the server: telecabin backup make /mnt/backups --to {recipient}")

    _run(work())


@backup.command("make")
@click.argument("where", type=_FOLDER)
@click.option("--to", "recipients", multiple=True, required=True, help="Who may open it: age1…; may be given twice.")
@_EVERY
def backup_make(where: Path, recipients: Sequence[str], every: int) -> None:
    """Write a backup into a new folder below WHERE, and try it in a scratch database."""

    async def work() -> None:
        config = load(os.environ)
        async with _opened(config) as database:
            await refuse_other_schema(database)
            vault = await unlock(database, config.kek_file, utc_now)
            with _bar("Rows") as progress:
                made = await service.make(database, vault, where, recipients, utc_now, progress=progress, every=every)
        click.echo(f"Wrote {made[0]}")
        _tell(made[1])

    _run(work())


@backup.command("verify")
@click.argument("folder", type=_FOLDER)
@_IDENTITY
@_KEYS_FROM
@_EVERY
def backup_verify(folder: Path, identity: Path, keys_from: Path | None, every: int) -> None:
    """Write the backup in FOLDER into a scratch database and look at everything. Nothing of the site is touched."""

    async def work() -> None:
        keyring, keys = _keyring(load(os.environ)), _identities(identity)
        with _bar("Rows") as progress:
            tried = await service.verify(
                folder, keys, keyring, utc_now, keys_from=keys_from, every=every, progress=progress
            )
        _tell(tried)
        click.echo("Sound: this backup would bring the site back.")

    _run(work())


@click.command("restore")
@click.argument("folder", type=_FOLDER)
@_IDENTITY
@_KEYS_FROM
def restore(folder: Path, identity: Path, keys_from: Path | None) -> None:
    """Write the backup in FOLDER into the empty database of TELECABIN_DATABASE_URL, SQLite or PostgreSQL."""
    harden()

    async def work() -> None:
        config = load(os.environ)
        keyring, keys = _keyring(config), _identities(identity)
        async with _opened(config) as database:
            with _bar("Rows") as progress:
                done = await service.restore(
                    folder, keys, keyring, database, utc_now, keys_from=keys_from, progress=progress
                )
        _tell(done.tried)
        click.echo(f"Restored. {done.keys_held_back} keys of shredded patients were not written back.")
        click.echo("Everybody signs in again. Each cabin will say once that the log was cut, when it saw a newer one.")

    _run(work())


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[Database]:
    database = Database(config.database_url)
    try:
        yield database
    finally:
        await database.close()


def _keyring(config: Config) -> Keyring:
    if config.kek_file is None:
        raise ConfigError(f"set {SETTING} to the key file of this site: a backup never holds it")
    return provider_of(str(config.kek_file)).load()


def _identities(path: Path) -> list[Any]:
    try:
        return stream.identities_of(bytes(read_private(path)).decode())
    except ConfigError as error:
        raise NotHere(str(error).removeprefix(f"{SETTING}: ")) from None
    except ValueError as error:
        raise NotHere(f"{path}: {error}") from None


@contextmanager
def _bar(label: str) -> Any:
    """Give what tells the progress: a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as shown:

        def progress(done: int, of: int) -> None:
            shown.length = max(of, 1)
            shown.update(done - shown.pos)

        told: Progress = progress
        yield told


def _tell(tried: Tried) -> None:
    one = tried.manifest
    click.echo(
        f"Made {one.made_at:%Y-%m-%d %H:%M} UTC from {one.database}, schema {one.revision}: {tried.rows:,} rows in "
        f"{len(one.rows)} tables, {one.audit_size:,} entries of the log, root {one.audit_root[:16] or 'none'}…"
    )
    click.echo(
        f"Tried in a scratch database: rows and log as signed, {tried.opened:,} sealed fields opened, "
        f"{tried.unreadable:,} of shredded patients did not."
    )
    click.echo(f"Needs the keys {', '.join(f'{kid} (check {check})' for kid, check in one.keys.items())}.")


def _run(work: Coroutine[Any, Any, None]) -> None:
    _or_exit(lambda: asyncio.run(work))


def _or_exit(act: Callable[[], None]) -> None:
    try:
        act()
        return
    except NotThisBackup as refused:
        click.echo(f"REFUSED: {refused}. Nothing was changed.", err=True)
        code = REFUSED
    except (NotHere, ValueError) as why:
        click.echo(f"{why}. Nothing was changed.", err=True)
        code = NOT_HERE
    except ConfigError as error:
        click.echo(str(error), err=True)
        code = EX_CONFIG
    except KeysAway as away:
        click.echo(f"the keeper of the keys does not answer ({away}). Nothing was changed.", err=True)
        code = EX_CONFIG
    sys.exit(code)
