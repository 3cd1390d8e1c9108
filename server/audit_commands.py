"""`telecabin audit …`: verify the log and the records, show the newest checkpoint, prove that an entry is in the log.

exit code   0 sound   1 altered, and what   2 cannot decide   78 a setting or a key is wrong
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy.ext.asyncio import AsyncSession

from server import schema  # noqa: F401 - every sealed table is known
from server.audit.checkpoint import Checkpoint, NotACheckpoint, Verifier
from server.audit.findings import WORDS, Finding
from server.audit.pages import WORTH_IT, Pool, processes
from server.audit.proofs import inclusion
from server.audit.records import verify_records
from server.audit.sequencer import signer_of
from server.audit.store import log as log_store
from server.audit.verify import Verdict, verify_log
from server.config import load
from server.database.engine import Database
from server.database.migrate import refuse_other_schema
from server.kernel.clock import utc_now
from server.kernel.errors import ConfigError
from server.records.seal.start import unlock

ALTERED, CANNOT_DECIDE, EX_CONFIG = 1, 2, 78
Work = Callable[[AsyncSession, Verifier, Database], Awaitable[int]]
_PUBLIC = click.option(
    "--public-key", default="", help="The log's verifier key (name+id+base64), for who has no key file: an auditor."
)
_FILES = click.Path(exists=True, path_type=Path)


@click.group()
def audit() -> None:
    """The log of who did what: nobody can change it unseen, not even who owns the database."""


@audit.command("verify")
@click.option("--records", is_flag=True, help="Compare every sealed record with what the log says was written.")
@click.option("--since", type=_FILES, help="A checkpoint that you trust, in a file: read only what came after.")
@click.option("--witness", type=_FILES, multiple=True, help="A checkpoint that somebody kept, or a folder of them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
@_PUBLIC
def verify(records: bool, since: Path | None, witness: tuple[Path, ...], as_json: bool, public_key: str) -> None:
    """Verify every entry, the tree, its signatures, and with --records every sealed record."""

    async def work(tx: AsyncSession, verifier: Verifier, database: Database) -> int:
        trusted = _read(verifier, since) if since else None
        seen = [_read(verifier, file) for path in witness for file in _files(path)]
        started = time.monotonic()
        with ExitStack() as opened:
            longer = await log_store.last_place(tx) - (trusted.size if trusted else 0) >= WORTH_IT
            pool = opened.enter_context(processes(database)) if longer else None
            verdict = await _verified(tx, verifier, (trusted, seen), pool, not as_json)
        if records:
            await verify_records(tx, verdict)
        seconds = time.monotonic() - started
        click.echo(_as_json(verdict, seconds) if as_json else _in_words(verdict, seconds, records))
        return _code(verdict)

    _with_the_log(work, public_key)


@audit.command("checkpoint")
@_PUBLIC
def checkpoint(public_key: str) -> None:
    """Print the newest signed checkpoint: keep it anywhere, and show it later with --witness."""

    async def work(tx: AsyncSession, verifier: Verifier, _database: Database) -> int:
        head = await log_store.head(tx)
        if head is None or head.note is None:
            click.echo("Nothing is signed yet.", err=True)
            return CANNOT_DECIDE
        verifier.open(head.note)
        click.echo(head.note, nl=False)
        click.echo(f"verifier key: {verifier.written()}", err=True)
        return 0

    _with_the_log(work, public_key)


@audit.command("prove")
@click.argument("entry", type=click.UUID)
@_PUBLIC
def prove(entry: UUID, public_key: str) -> None:
    """Print the proof that ENTRY (its id) is in the log: leaf, place, hashes, and the checkpoint they lead to."""

    async def work(tx: AsyncSession, verifier: Verifier, _database: Database) -> int:
        head, found = await log_store.head(tx), await log_store.leaf_at(tx, entry)
        if found is None:
            click.echo("There is no such entry.", err=True)
            return CANNOT_DECIDE
        place, leaf = found
        size = verifier.open(head.note).size if head and head.note else 0
        if head is None or place is None or place >= size:
            click.echo("The entry has no signed place yet; try again in a second.", err=True)
            return CANNOT_DECIDE
        hashes = [base64.b64encode(one).decode() for one in await inclusion(tx, place, size)]
        told = {"leaf": base64.b64encode(leaf).decode(), "place": place, "size": size, "proof": hashes}
        click.echo(json.dumps({**told, "checkpoint": head.note}, indent=1, ensure_ascii=False))
        return 0

    _with_the_log(work, public_key)


def _with_the_log(work: Work, public_key: str) -> None:
    """Read the log at one moment; leave with the code of `work`."""
    try:
        sys.exit(asyncio.run(_read_log(work, public_key)))
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)
    except NotACheckpoint as error:
        click.echo(f"Cannot decide: {error}.", err=True)
        sys.exit(CANNOT_DECIDE)


async def _read_log(work: Work, public_key: str) -> int:
    config = load(os.environ)
    database = Database(config.database_url)
    try:
        await refuse_other_schema(database)
        if public_key:
            verifier = Verifier.read(public_key)
        else:
            verifier = signer_of(await unlock(database, config.kek_file, utc_now)).verifier
        async with database.reading() as tx:
            await log_store.one_moment(tx)
            return await work(tx, verifier, database)
    finally:
        await database.close()


async def _verified(
    tx: AsyncSession,
    verifier: Verifier,
    known: tuple[Checkpoint | None, list[Checkpoint]],
    pool: Pool | None,
    bar: bool,
) -> Verdict:
    since, seen = known
    if not (bar and sys.stderr.isatty()):
        return await verify_log(tx, verifier, since=since, seen=seen, pool=pool)
    with click.progressbar(length=1, label="Entries", file=sys.stderr) as shown:

        def progress(done: int, of: int) -> None:
            shown.length = of
            shown.update(done - shown.pos)

        return await verify_log(tx, verifier, since=since, seen=seen, progress=progress, pool=pool)


def _files(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]


def _read(verifier: Verifier, path: Path) -> Checkpoint:
    try:
        return verifier.open(path.read_text(encoding="utf-8"))
    except (NotACheckpoint, UnicodeDecodeError) as wrong:
        raise NotACheckpoint(f"{path} holds no checkpoint of this log ({wrong})") from None


def _code(verdict: Verdict) -> int:
    if not verdict.sound:
        return ALTERED
    return CANNOT_DECIDE if verdict.entries and not verdict.checkpoints else 0


def _in_words(verdict: Verdict, seconds: float, records: bool) -> str:
    rate = f"{verdict.entries / seconds:,.0f} a second" if seconds else "at once"
    lines = [f"{verdict.entries:,} entries, {verdict.checkpoints:,} signed checkpoints ({rate})."]
    if records:
        lines.append(f"{verdict.records:,} sealed records.")
    if verdict.waiting or verdict.unsigned:
        lines.append(f"{verdict.waiting} wait for their place, {verdict.unsigned} for a signature.")
    for kind in dict.fromkeys(finding.kind for finding in verdict.findings):
        what, do = WORDS[kind]
        lines += ["", f"ALTERED: {what}", *_where(verdict.findings, kind), f"  What to do: {do}"]
    if verdict.found > len(verdict.findings):
        lines.append(f"… and {verdict.found - len(verdict.findings)} findings more.")
    if verdict.sound:
        unsure = verdict.entries and not verdict.checkpoints
        lines.append("Cannot decide: nothing is signed." if unsure else "Sound: nothing was changed.")
    return "\n".join(lines)


def _where(findings: list[Finding], kind: str) -> list[str]:
    return [f"  - {finding.line()}" for finding in findings if finding.kind == kind]


def _as_json(verdict: Verdict, seconds: float) -> str:
    told = {
        "sound": verdict.sound,
        "entries": verdict.entries,
        "size": verdict.size,
        "root": base64.b64encode(verdict.root).decode(),
        "checkpoints": verdict.checkpoints,
        "waiting": verdict.waiting,
        "unsigned": verdict.unsigned,
        "records": verdict.records,
        "found": verdict.found,
        "findings": [{"kind": one.kind, "where": one.where, "what": one.what} for one in verdict.findings],
        "seconds": round(seconds, 3),
    }
    return json.dumps(told, ensure_ascii=False)
