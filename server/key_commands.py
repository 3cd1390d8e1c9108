"""`telecabin key …`: make, add, promote, rewrap, retire, split and recover master keys; renew patients' own; shred."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from server.config import Config, load
from server.database.engine import Database
from server.database.migrate import refuse_other_schema
from server.kernel.access import Door, Identity
from server.kernel.clock import utc_now
from server.kernel.errors import ClinicError, ConfigError
from server.kernel.ids import PatientId
from server.records.renewal.service import Renewal
from server.records.seal import recovery
from server.records.seal.envelope import KeysAway
from server.records.seal.hsm import init_hsm
from server.records.seal.hygiene import harden
from server.records.seal.keyring import KeyFileMade, init_key
from server.records.seal.private import SETTING, UNCHANGED
from server.records.seal.providers import FileProvider, KeyProvider, provider_of
from server.records.seal.rotation import NotNow, Rotation, Status, counted
from server.records.seal.shred import Shredder
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault

EX_CONFIG = 78  # sysexits.h: a setting or a key is wrong
RATE = 5000  # keys a second: a village is done in a breath, and the server hardly notices
RENEW_RATE = 500  # rows a second: each is opened, sealed and logged
Made = TypeVar("Made")
_LIBRARY = click.option("--library", default="", help="pkcs11: the HSM's library, /usr/lib/…/libsofthsm2.so")
_TOKEN = click.option("--token", default="", help="pkcs11: the token's label.")
_PIN = click.option("--pin-file", default="", help="pkcs11: a private file that holds the PIN alone.")


@click.group()
def key() -> None:
    """Master keys: whoever loses them loses every record."""
    harden()


@key.command("init")
@click.argument("where")
@click.option("--shares/--no-shares", default=True, show_default=True, help="Print five recovery shares, once.")
@_LIBRARY
@_TOKEN
@_PIN
def key_init(where: str, shares: bool, library: str, token: str, pin_file: str) -> None:
    """Make the first keys at WHERE: /path/keys.json, or pkcs11:/path/hsm.json. Never replaces any."""
    kind, _, rest = where.partition(":")
    if kind == "pkcs11" and rest:
        made = _or_exit(lambda: init_hsm(Path(rest), library, token, Path(pin_file)))
    else:
        made = _or_exit(lambda: init_key(_file_of(where)))
    click.echo(f"Wrote {made.path}. Keep a copy off this machine, apart from any backup of the database.")
    _tell(made)
    click.echo(f"Set {SETTING}={where}")
    if shares and kind != "pkcs11":
        _print_shares(made.path)


@key.command("status")
def key_status() -> None:
    """Show every key, how many patient keys need it, and which servers have loaded it."""

    async def work(rotation: Rotation) -> None:
        _show(await rotation.status())

    _rotate(work)


@key.command("add")
def key_add() -> None:
    """Make one more master key. Nothing uses it before its promotion."""
    provider = _provider(_config())
    made = _or_exit(provider.add)
    click.echo(f"Added to {made.path}; the keys that were there stay. Nothing uses the new one yet.")
    _tell(made)
    copy = _or_exit(lambda: recovery.seal_copy(made.path)) if isinstance(provider, FileProvider) else None
    if copy:
        click.echo(f"The sealed copy {copy} holds it too: the shares that are out still open everything.")
    click.echo(
        "Running servers load it within two seconds; one that gets it as a systemd credential or a container's secret "
        f"must be restarted with the new file.\nNext: telecabin key promote {next(iter(made.checks))}"
    )


@key.command("promote")
@click.argument("kid")
def key_promote(kid: str) -> None:
    """Wrap new patient keys under KID. Refused until every running server has loaded it."""

    async def work(rotation: Rotation) -> None:
        before = await rotation.promote(kid)
        click.echo(f"{kid} wraps new patient keys from now on. What {before} wrapped still opens: keep it in the file.")
        click.echo("Next: telecabin key rewrap")

    _rotate(work)


@key.command("rewrap")
@click.option("--rate", type=click.IntRange(1), default=RATE, show_default=True, help="Keys a second, at most.")
def key_rewrap(rate: int) -> None:
    """Wrap all patient keys under the primary, beside running servers. May be stopped and begun again."""

    async def work(rotation: Rotation) -> None:
        with click.progressbar(length=await rotation.left(), label="Wrapping patient keys anew") as bar:
            done = await rotation.rewrap(rate, bar.update)
        click.echo(f"{counted(done.done)} under {done.under} now. No record was opened, none has changed.")
        if done.refused:
            raise NotNow(
                f"{done.refused} did not open under their old key and were left as they are: "
                "keep the old key, and look at this as at an alarm (deploy/RUNBOOK.md)."
            )
        click.echo("Next: telecabin key status")

    _rotate(work)


@key.command("retire")
@click.argument("kid")
@click.option("--drop", is_flag=True, help="Take it out of the key file as well, once no backup can need it.")
@click.option("--no-backup-needs-it", is_flag=True, help="With --drop: do not wait for the backups to age.")
def key_retire(kid: str, drop: bool, no_backup_needs_it: bool) -> None:
    """Retire KID. Refused while any patient key is under it."""

    async def work(rotation: Rotation) -> None:
        until = await rotation.retire(kid)
        click.echo(f"{kid} is retired: no patient key needs it. Backups made before may, until {until:%Y-%m-%d}.")
        if drop:
            await rotation.drop(kid, no_backup_needs_it=no_backup_needs_it)
            click.echo(f"{kid} is out of the key file. Servers go on without it within two seconds.")
        else:
            click.echo(f"It stays in the key file. After that day: telecabin key retire {kid} --drop")

    _rotate(work)
    provider = _provider(_config())
    if drop and isinstance(provider, FileProvider):
        _or_exit(lambda: recovery.seal_copy(provider.path))


@key.command("renew")
@click.argument("patients", type=click.UUID, nargs=-1)
@click.option("--made-before", type=click.DateTime(["%Y-%m-%d"]), help="Every patient's key that is older (UTC).")
@click.option("--rate", type=click.IntRange(1), default=RENEW_RATE, show_default=True, help="Rows a second, at most.")
def key_renew(patients: tuple[UUID, ...], made_before: datetime | None, rate: int) -> None:
    """Give PATIENTS new keys of their own, and seal all of theirs anew: when one may have leaked.

    Beside running servers; may be stopped: without arguments it goes on, and ends the older keys when it is time.
    """
    since = made_before.replace(tzinfo=UTC) if made_before else None

    async def work(renewal: Renewal) -> None:
        chosen = await renewal.chosen([PatientId(one) for one in patients], since)
        with click.progressbar(chosen, label="Renewing patients' keys") as bar:
            told = [await renewal.renew([one], rate) for one in bar]
        rows, refused = sum(one.rows for one in told), sum(one.refused for one in told)
        click.echo(f"{len(chosen)} patients: {rows} rows are sealed anew.")
        ends_at = max(filter(None, (one.ends_at for one in told)), default=None)
        if ends_at is not None:
            click.echo(
                f"The older keys still open. After {ends_at:%Y-%m-%d %H:%M} UTC, “telecabin key renew” ends them."
            )
        if refused:
            raise NotNow(
                f"{refused} rows did not open under their old key and were left as they are: look at this as at an "
                "alarm (deploy/RUNBOOK.md)."
            )

    _renew(work)


@key.command("split")
@click.argument("path", type=click.Path(path_type=Path))
def key_split(path: Path) -> None:
    """Print five new recovery shares for the key file at PATH; three of them open its sealed copy. Older ones end."""
    _print_shares(path)


@key.command("check-shares")
@click.option(
    "--copy", type=click.Path(path_type=Path), help="A sealed copy: with three shares, see that they open it."
)
def key_check_shares(copy: Path | None) -> None:
    """Check shares, one a line, without the others. End with an empty line."""
    shares = _read_shares()
    for words in shares:
        facts = _or_exit(lambda words=words: recovery.share_facts(words))  # type: ignore[misc]
        click.echo(f"Share {facts.number} of set {facts.set_name} is whole; any {facts.needed} of its set are enough.")
    if copy is not None:
        found = _or_exit(lambda: recovery.open_copy(recovery.read_sealed_copy(copy), shares))
        found.forget()
        click.echo(f"They open {copy}: keys {', '.join(one.id for one in found.every_key())}. Nothing was written.")


@key.command("recover")
@click.argument("copy", type=click.Path(path_type=Path))
@click.argument("path", type=click.Path(path_type=Path))
def key_recover(copy: Path, path: Path) -> None:
    """Write the key file at PATH from its sealed COPY and three shares, one a line, then an empty line."""
    shares = _read_shares()
    checks = _or_exit(lambda: recovery.recover(copy, shares, path))
    click.echo(f"Wrote {path}. The shares are as good as the key: put them away apart again.")
    _tell(KeyFileMade(path, checks))


@key.group("shred")
def shred() -> None:
    """Make a patient's records unreadable for ever: one person asks, another confirms."""


@shred.command("ask")
@click.argument("patient", type=click.UUID)
@click.option("--reason", required=True, help="Why, for the ledger. No name of a patient.")
@click.option("--login", prompt=True)
@click.password_option(confirmation_prompt=False)
def shred_ask(patient: UUID, reason: str, login: str, password: str) -> None:
    """Ask for it. Nothing is destroyed until somebody else confirms."""

    async def work(shredder: Shredder, who: Identity) -> None:
        wish = await shredder.ask(who, PatientId(patient), reason)
        click.echo(f"Written down. Nothing is destroyed yet. Somebody else: telecabin key shred confirm {wish}")

    _shred(login, password, work)


@shred.command("confirm")
@click.argument("wish", type=click.UUID)
@click.option("--login", prompt=True)
@click.password_option(confirmation_prompt=False)
def shred_confirm(wish: UUID, login: str, password: str) -> None:
    """Confirm what another person asked. There is no way back."""

    async def work(shredder: Shredder, who: Identity) -> None:
        done = await shredder.confirm(who, wish)
        click.echo(
            f"The keys of patient {done.patient_id} are destroyed ({done.keys}): nothing of theirs opens any more. "
            f"Servers forget them within ten seconds. Pending in backups until {done.in_backups_until:%Y-%m-%d}."
        )

    _shred(login, password, work)


def _config() -> Config:
    return _or_exit(lambda: load(os.environ))


def _provider(config: Config) -> KeyProvider:
    if config.kek_file is None:
        click.echo(f"no master key: run “telecabin key init”, then set {SETTING}. {UNCHANGED}", err=True)
        sys.exit(EX_CONFIG)
    setting = str(config.kek_file)
    return _or_exit(lambda: provider_of(setting))


def _file_of(where: str) -> Path:
    provider = provider_of(where)
    if not isinstance(provider, FileProvider):
        raise ConfigError(f"{where}: only a file or pkcs11: can be made here. {UNCHANGED}")
    return provider.path


def _or_exit(make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ConfigError as error:
        click.echo(str(error), err=True)
    except KeysAway as away:
        click.echo(
            f"the HSM does not answer ({away}). What was done stays done, nothing is lost: look at the device, then "
            "give the same command again.",
            err=True,
        )
    sys.exit(EX_CONFIG)


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        _or_exit(lambda: asyncio.run(work))
    except NotNow as refused:
        click.echo(str(refused), err=True)
        sys.exit(1)
    except ClinicError as error:
        click.echo("\n".join([str(error), *error.fields.values()]), err=True)
        sys.exit(1)


def _rotate(work: Callable[[Rotation], Coroutine[Any, Any, None]]) -> None:
    config = _config()
    provider = _provider(config)

    async def opened() -> None:
        database = Database(config.database_url)
        try:
            await refuse_other_schema(database)
            await work(Rotation(database, provider, utc_now))
        finally:
            await database.close()

    _run(opened())


def _renew(work: Callable[[Renewal], Coroutine[Any, Any, None]]) -> None:
    from server import schema  # noqa: F401 - every sealed table is known

    config = _config()

    async def opened() -> None:
        database = Database(config.database_url)
        try:
            await refuse_other_schema(database)
            keyring = (await unlock(database, config.kek_file, utc_now)).keyring
            await work(Renewal(database, PatientVault(keyring, utc_now, ended_too=True), utc_now))
        finally:
            await database.close()

    _run(opened())


def _shred(login: str, password: str, work: Callable[[Shredder, Identity], Coroutine[Any, Any, None]]) -> None:
    from server.clinic import open_clinic  # the whole house, which no other word of this file needs

    config = _config()

    async def opened() -> None:
        async with AsyncExitStack() as stack:
            clinic = await open_clinic(config, stack)
            session = await clinic.accounts.sign_in(login, password, Door.COORDINATION, "console")
            try:
                await work(Shredder(clinic.database, utc_now), session.who)
            finally:
                await clinic.accounts.sign_out(session.who)

    _run(opened())


def _tell(made: KeyFileMade) -> None:
    for kid, check in made.checks.items():
        click.echo(f"  key {kid}  check {check}")


def _show(status: Status) -> None:
    click.echo("key   state    check             since       patient keys  here  loaded by")
    for one in status.keys:
        nodes = [node for node, checks in status.loaded.items() if checks.get(one.known.kid) == one.known.kcv]
        state = one.known.state if one.known.purpose == "wrap" else "index"
        here = "yes" if one.here else "NO"
        click.echo(
            f"{one.known.kid:<5} {state:<8} {one.known.kcv}  {one.since:%Y-%m-%d}  {one.patient_keys:>12}  {here:<4}  "
            f"{len(nodes)} of {len(status.loaded)} servers"
        )
    click.echo(status.next_step)


def _print_shares(path: Path) -> None:
    shares = _or_exit(lambda: recovery.split(path))
    name = recovery.share_facts(shares[0]).set_name
    click.echo(f"\nFive shares of set {name}, shown this once. Any three open {recovery.sealed_copy_path(path)}.")
    click.echo("Write each on its own paper, give each to another person; keep the sealed copy with the backups.")
    for number, words in enumerate(shares, 1):
        click.echo(f"\n  Share {number} of {recovery.SHARES}:\n  {words}")


def _read_shares() -> Sequence[str]:
    click.echo("One share a line, then an empty line:", err=True)
    shares = []
    for line in sys.stdin:
        if not line.strip():
            break
        shares.append(line.strip())
    return shares
