"""Writes the two streams of a backup into an empty database, without the keys of whoever was shredded.

plain streams ─▶ schema of that time ─▶ records ─▶ keys, but for the shredded ─▶ newest schema ─▶ ledger played again
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import Clock
from server.records.backup import store, stream
from server.records.backup.rules import KEY_TABLES, Manifest, NotHere, NotThisBackup, refuse_other_counts
from server.records.seal import store as key_store
from server.records.seal.keyring import Keyring
from server.records.seal.shred import replay
from server.records.seal.start import admit

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Both streams, readable, in files without a name."""

    records: IO[bytes]
    keys: IO[bytes]

    def rewound(self) -> Plain:
        self.records.seek(0)
        self.keys.seek(0)
        return self


def quiet(done: int, of: int) -> None:
    """Tell nobody."""


@contextmanager
def plain_files(where: Path | None) -> Iterator[Plain]:
    """Give two files without a name: a kill leaves nothing readable behind."""
    with ExitStack() as files:
        first, second = (files.enter_context(tempfile.TemporaryFile(dir=where)) for _ in range(2))
        yield Plain(first, second)


async def load(
    database: Database,
    manifest: Manifest,
    of_keys: Manifest,
    plain: Plain,
    keyring: Keyring,
    now: Clock,
    progress: Progress,
) -> int:
    """Write both streams into an empty database; return how many keys of shredded patients were held back."""
    if manifest.revision != of_keys.revision:
        raise NotHere(
            "records and keys are of different versions: update the older machine first, or restore in two steps"
        )
    await migrate(database, manifest.revision)
    try:
        async with database.transaction() as tx:
            found, done = {}, 0
            for part in stream.frames(plain.records):
                if isinstance(part, stream.TableHead):
                    head, found[part.name] = part, 0
                    continue
                await store.write(tx, head, part)
                found[head.name] += len(part)
                done += len(part)
                progress(done, sum(manifest.rows.values()))
            refuse_other_counts(_without_keys(manifest.rows), found)
            held_back = await _load_keys(tx, plain.keys, of_keys)
    except IntegrityError as error:
        raise NotThisBackup(f"its rows do not fit together ({type(error.orig).__name__})") from None
    await migrate(database)
    async with database.transaction() as tx:
        await replay(tx, await key_store.ledger(tx))
        await admit(tx, keyring, now)
    return held_back


async def _load_keys(tx: AsyncSession, keys: IO[bytes], manifest: Manifest) -> int:
    """Write the keys of the patients who are there, without those whom the ledger names."""
    there, shredded, found = await store.patients_there(tx), dict[UUID, datetime](), dict[str, int]()
    held_back = 0
    for part in stream.frames(keys):
        if isinstance(part, stream.TableHead):
            head, found[part.name] = part, 0
            continue
        found[head.name] += len(part)
        rows = [dict(zip(head.columns, row, strict=True)) for row in part]
        if head.name == "shred":
            shredded |= {row["patient_id"]: row["confirmed_at"] for row in rows if row["confirmed_at"] is not None}
        if head.name == "patient_key":
            rows = [row for row in rows if row["patient_id"] in there]
            for row in rows:
                if row["patient_id"] in shredded and row["wrapped"] is not None:
                    row |= {"wrapped": None, "shredded_at": shredded[row["patient_id"]]}
                    held_back += 1
        await store.write(tx, head, [tuple(row.values()) for row in rows])
    refuse_other_counts({name: manifest.rows[name] for name in KEY_TABLES}, found)
    return held_back


def _without_keys(rows: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in rows.items() if name not in KEY_TABLES}
