"""Tries a backup in a scratch database: rows, their ties, the audit log, and every n-th sealed field.

A backup counts only after this. Fields of shredded patients must not open.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.sequencer import signer_of
from server.audit.verify import verify_log
from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen
from server.kernel.sealing import Place
from server.records.backup import store
from server.records.backup.loading import Plain, Progress, load, quiet
from server.records.backup.rules import Manifest, NotThisBackup
from server.records.seal.keyring import Keyring
from server.records.seal.vault import PatientVault

DOCUMENT_HEAD = "sealed_head"
"""The column whose chunks lie in a table of their own (FORMAT.md §2a)."""
EVERY = 10
"""Of the sealed fields, every tenth is opened when a backup is tried."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the trial of a backup saw."""

    manifest: Manifest
    rows: int
    opened: int
    unreadable: int
    """Fields of shredded patients: they must not open, and do not."""


async def try_out(
    manifest: Manifest,
    of_keys: Manifest,
    plain: Plain,
    keyring: Keyring,
    now: Clock,
    every: int,
    progress: Progress = quiet,
) -> Tried:
    """Write both streams into a scratch database, and look."""
    async with _scratch() as database:
        await load(database, manifest, of_keys, plain.rewound(), keyring, now, progress)
        vault = PatientVault(keyring, now)
        async with database.reading() as tx:
            faults = await store.faults(tx)
            if faults:
                raise NotThisBackup(f"the database in it is broken ({faults[0]})")
            await _compare_log(tx, manifest, vault)
            opens, closed = await _open_fields(tx, vault, every)
    return Tried(manifest, sum(manifest.rows.values()), opens, closed)


async def _compare_log(tx: AsyncSession, manifest: Manifest, vault: PatientVault) -> None:
    verdict = await verify_log(tx, signer_of(vault).verifier)
    if not verdict.sound:
        raise NotThisBackup(f"its audit log was altered ({verdict.findings[0].line()})")
    found = (verdict.size, verdict.root.hex() if verdict.size else manifest.audit_root, verdict.waiting)
    if found != (manifest.audit_size, manifest.audit_root, manifest.audit_waiting):
        raise NotThisBackup("its audit log is not the one that was signed")


async def _open_fields(tx: AsyncSession, vault: PatientVault, every: int) -> tuple[int, int]:
    """Open every n-th sealed field; fields of shredded patients must not open."""
    shredded, readable = await store.shredded_patients(tx), await store.readable_patients(tx)
    if shredded & readable:
        raise NotThisBackup("a shredded patient has a key again")
    opens, closed = 0, 0
    async for place, ciphertext in store.sealed_places(tx, every):
        if place.patient_id in shredded:
            closed += 1
            continue
        try:
            await _opens(tx, vault, place, ciphertext)
        except CannotOpen:
            raise NotThisBackup(f"{place.table}:{place.record_id} does not open") from None
        opens += 1
    return opens, closed


async def _opens(tx: AsyncSession, vault: PatientVault, place: Place, ciphertext: bytes) -> None:
    if place.column != DOCUMENT_HEAD:
        await vault.open(tx, place, ciphertext)
        return
    opener = await vault.document_opener(tx, place, ciphertext)
    async for chunk in store.chunks(tx, place.record_id):
        opener.add(chunk)
    opener.end()


@asynccontextmanager
async def _scratch() -> AsyncIterator[Database]:
    """Give an empty database that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="telecabin-scratch-") as name:
        database = Database(f"sqlite:///{name}/scratch.db")
        try:
            yield database
        finally:
            await database.close()
