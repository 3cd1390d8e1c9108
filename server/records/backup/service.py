"""Makes a backup beside the running server, tries it, and writes one back.

make      one moment of the database ─▶ two plain streams (unlinked files) ─▶ tried in a scratch database
                                                                          ─▶ age ─▶ signed manifest ─▶ renamed
verify    manifest and files as signed? ─▶ opened ─▶ scratch database: counts, log, every n-th sealed field
restore   verify ─▶ the target is empty? ─▶ rows ─▶ keys, but for the shredded ─▶ the ledger is played again

Keys of shredded patients are never written back, whatever an old file holds: the newest ledger decides.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from server.audit.store import log as log_store
from server.audit.tree import Growth
from server.database.engine import Database
from server.database.migrate import known_revisions, newest
from server.kernel.clock import Clock
from server.records.backup import store, stream
from server.records.backup.loading import Plain, Progress, load, plain_files, quiet
from server.records.backup.rules import (
    FORMAT,
    KEYS,
    MANIFEST,
    RECORDS,
    Manifest,
    NotHere,
    NotThisBackup,
    folder_name,
    opened,
    refuse_other_counts,
    refuse_unless_equal,
    written,
)
from server.records.backup.trial import EVERY, Tried, try_out
from server.records.seal import store as key_store
from server.records.seal.keyring import Keyring
from server.records.seal.stamp import Stamp
from server.records.seal.vault import PatientVault


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    tried: Tried
    keys_held_back: int


async def make(
    database: Database,
    vault: PatientVault,
    where: Path,
    recipients: Sequence[str],
    now: Clock,
    *,
    progress: Progress = quiet,
    every: int = EVERY,
) -> tuple[Path, Tried]:
    """Write a backup into a new folder below `where`, and try it; nothing is left when something is wrong."""
    at = now()
    target = where / folder_name(at)
    for one in recipients:
        stream.recipient_of(one)
    if not recipients:
        raise NotHere("a backup needs at least one recipient (telecabin backup key)")
    with _folder_in_the_making(where, target) as part, plain_files(where) as plain:
        counts, facts = await _read(database, vault, plain, progress)
        manifest = Manifest(
            format=FORMAT,
            made_at=at,
            revision=newest(),
            database="sqlite" if database.is_sqlite else "postgresql",
            rows=counts,
            keys=dict(vault.keyring.checks),
            index=vault.keyring.index.id,
            recipients=list(recipients),
            files={},
            **facts,
        )
        tried = await try_out(manifest, manifest, plain.rewound(), vault.keyring, now, every)
        whole = _write_files(part, manifest, plain.rewound(), stamp_of(vault.keyring))
    return target, Tried(whole, tried.rows, tried.opened, tried.unreadable)


def _write_files(part: Path, manifest: Manifest, plain: Plain, stamp: Stamp) -> Manifest:
    """Seal both streams into the folder, and sign what they are."""
    sealed = {
        RECORDS: stream.seal(plain.records, part / RECORDS, manifest.recipients),
        KEYS: stream.seal(plain.keys, part / KEYS, manifest.recipients),
    }
    whole = msgspec.structs.replace(manifest, files=sealed)
    _write(part / MANIFEST, written(whole, stamp))
    for name in sealed:
        _keep(part / name)
    return whole


def stamp_of(keyring: Keyring) -> Stamp:
    """Return what signs the manifests of this house."""
    return Stamp(keyring.index, "backup")


def examine(folder: Path, keyring: Keyring) -> Manifest:
    """Return the manifest of a backup whose files are all as they were signed; NotThisBackup otherwise."""
    try:
        manifest = opened((folder / MANIFEST).read_bytes(), stamp_of(keyring), keyring.checks)
        for name, promised in manifest.files.items():
            refuse_unless_equal(name, promised, stream.measured(folder / name))
    except OSError as error:
        raise NotThisBackup(f"{error.filename} cannot be read ({error.strerror})") from None
    if set(manifest.files) != {RECORDS, KEYS}:
        raise NotThisBackup("its manifest does not name both files")
    if manifest.revision not in known_revisions():
        raise NotHere(f"it was made by a newer version of telecabin (schema {manifest.revision}, here {newest()})")
    return manifest


async def verify(
    folder: Path,
    identities: Sequence[Any],
    keyring: Keyring,
    now: Clock,
    *,
    keys_from: Path | None = None,
    every: int = EVERY,
    progress: Progress = quiet,
) -> Tried:
    """Write a backup into a scratch database and look at everything; `keys_from` is a newer backup."""
    with plain_files(None) as plain:
        manifests = _unsealed(folder, keys_from or folder, identities, keyring, plain)
        return await try_out(*manifests, plain, keyring, now, every, progress)


async def restore(
    folder: Path,
    identities: Sequence[Any],
    keyring: Keyring,
    database: Database,
    now: Clock,
    *,
    keys_from: Path | None = None,
    every: int = EVERY,
    progress: Progress = quiet,
) -> Restored:
    """Write a backup into an empty database, after a trial elsewhere."""
    filled = await store.first_filled_table(database)
    if filled is not None:
        raise NotHere(f"the target database is not empty (table {filled}). Nothing was changed: restore into a new one")
    with plain_files(None) as plain:
        manifests = _unsealed(folder, keys_from or folder, identities, keyring, plain)
        tried = await try_out(*manifests, plain, keyring, now, every)
        held_back = await load(database, *manifests, plain.rewound(), keyring, now, progress)
    await key_store.scour(database.engine)
    return Restored(tried, held_back)


async def _read(
    database: Database, vault: PatientVault, plain: Plain, progress: Progress
) -> tuple[dict[str, int], dict[str, Any]]:
    """Write every row of one moment into the two plain streams."""
    parts = ((plain.records, store.record_tables()), (plain.keys, store.key_tables()))
    async with database.reading() as tx:
        await log_store.one_moment(tx)
        counts = await store.counted(tx, [*parts[0][1], *parts[1][1]])
        done, of = 0, sum(counts.values())
        for file, tables in parts:
            writer = stream.Writer(file)
            for table in tables:
                writer.table(store.head_of(table))
                async for rows in store.rows_of(tx, table):
                    writer.add(rows)
                    done += len(rows)
                    progress(done, of)
            writer.end()
            refuse_other_counts({one.name: counts[one.name] for one in tables}, writer.rows)
        head = await log_store.head(tx)
        facts = {
            "audit_size": head.size if head else 0,
            "audit_root": Growth.of(head.size, head.peaks).root().hex() if head else "",
            "audit_waiting": len(await log_store.unplaced_lines(tx)),
            "shreds": len(await key_store.ledger(tx)),
        }
    plain.rewound()
    return counts, facts


def _unsealed(
    folder: Path, keys_folder: Path, identities: Sequence[Any], keyring: Keyring, plain: Plain
) -> tuple[Manifest, Manifest]:
    """Open both files; return the manifest of the records, and that of the keys."""
    manifests = examine(folder, keyring), examine(keys_folder, keyring)
    if manifests[1].made_at < manifests[0].made_at:
        raise NotHere("the keys are older than the records: patients registered between would be lost")
    stream.unseal(folder / RECORDS, plain.records, identities)
    stream.unseal(keys_folder / KEYS, plain.keys, identities)
    return manifests


@contextmanager
def _folder_in_the_making(where: Path, target: Path) -> Iterator[Path]:
    """Give a folder that gets its name only when the block ends well."""
    if target.exists():
        raise NotHere(f"{target} exists")
    where.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".telecabin-", suffix=".part", dir=where))
    try:
        yield part
        os.rename(part, target)
        _keep(where)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    _keep(path)
    _keep(path.parent)


def _keep(path: Path) -> None:
    """Wait for the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
