"""T6, the audit log: whatever the owner of the database does to it, verification finds."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from server.audit.checkpoint import Checkpoint, Signer
from server.audit.pages import leaf_of
from server.audit.rules import Action
from server.audit.sequencer import Sequencer
from server.audit.store import log as log_store
from server.audit.store import record
from server.audit.tree import Growth
from server.audit.verify import verify_log
from server.database.engine import Database
from server.kernel.ids import PatientId, new_id
from tests import components
from tests.clock import FakeClock
from tests.databases import create_all_tables
from tests.trust.claims import times

ID = "T6"
CLAIM = "Whoever owns the database and edits, deletes, reorders, cuts or signs the audit log anew is found each time"

ENTRIES = 120
SIGNER, FORGER = Signer(bytes(range(32))), Signer(bytes(32))
Line = sqlite3.Connection
Attack = Callable[[Line, random.Random], None]
COLUMNS = {
    "action": "'note:read:x'",
    "actor": "patient_id",
    "at": "'2021-01-01 00:00:00.000000'",
    "ct_sha256": "salt",
    "id": "patient_id",
    "patient_id": "id",
    "reason": "'why'",
    "record": "'note:0'",
    "role": "'admin'",
    "row_ver": "77",
    "salt": "leaf",
}


async def _write(url: str) -> Checkpoint:
    """Write a log; return the checkpoint at its end, which a cabin kept."""
    database, clock = Database(url), FakeClock()
    try:
        await create_all_tables(database)
        Sequencer(database, SIGNER, clock)
        for number in range(ENTRIES):
            async with database.transaction() as tx:
                patient, row = PatientId(new_id()), f"note:{number}"
                await record(tx, None, Action.NOTE_SAVED, at=clock(), patient_id=patient, record=row, row_ver=number)
            clock.advance(timedelta(seconds=20))
        async with database.reading() as tx:
            head = await log_store.head(tx)
        return SIGNER.verifier.open(head.note or "" if head else "")
    finally:
        await database.close()


def _edit(column: str) -> Attack:
    def attack(line: Line, chance: random.Random) -> None:
        place = chance.randrange(ENTRIES)
        line.execute(f"UPDATE audit_event SET {column} = {COLUMNS[column]} WHERE idx = ?", (place,))

    return attack


def _edit_with_leaf(line: Line, chance: random.Random) -> None:
    """Change an entry, and its leaf to fit: the salt is there to be read."""
    place = chance.randrange(ENTRIES)
    line.execute("UPDATE audit_event SET reason = 'why' WHERE idx = ?", (place,))
    line.execute("UPDATE audit_event SET leaf = ? WHERE idx = ?", (_fitting_leaf(line, place), place))


def _delete(line: Line, chance: random.Random) -> None:
    line.execute("DELETE FROM audit_event WHERE idx = ?", (chance.randrange(ENTRIES),))


def _delete_and_close_the_gap(line: Line, chance: random.Random) -> None:
    place = chance.randrange(ENTRIES)
    line.execute("DELETE FROM audit_event WHERE idx = ?", (place,))
    for later in range(place + 1, ENTRIES):
        line.execute("UPDATE audit_event SET idx = ? WHERE idx = ?", (later - 1, later))
    _head_that_fits(line)


def _reorder(line: Line, chance: random.Random) -> None:
    one, other = chance.sample(range(ENTRIES), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        line.execute("UPDATE audit_event SET idx = ? WHERE idx = ?", (new, old))


def _cut(line: Line, chance: random.Random) -> None:
    line.execute("DELETE FROM audit_event WHERE idx >= ?", (chance.randrange(ENTRIES),))


def _cut_with_head(line: Line, chance: random.Random) -> None:
    line.execute("DELETE FROM audit_event WHERE idx >= ?", (chance.randrange(1, ENTRIES),))
    _head_that_fits(line)


def _cut_to_an_old_signature(line: Line, _chance: random.Random) -> None:
    """Cut everything back to a state that was truly signed: only who kept a newer checkpoint can tell."""
    (note,) = line.execute("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1 OFFSET 5").fetchone()
    size = int(note.split("\n")[1])
    line.execute("DELETE FROM audit_event WHERE idx >= ?", (size,))
    line.execute("DELETE FROM audit_checkpoint WHERE size > ?", (size,))
    _head_that_fits(line, note)


def _slip_in(line: Line, chance: random.Random) -> None:
    """Add an entry in the middle, with a fitting leaf, places and head."""
    place = chance.randrange(ENTRIES)
    for later in range(ENTRIES - 1, place - 1, -1):
        line.execute("UPDATE audit_event SET idx = ? WHERE idx = ?", (later + 1, later))
    columns = ", ".join(column for column in COLUMNS if column != "id")
    made_up = f"INSERT INTO audit_event (id, idx, leaf, {columns}) SELECT ?, ?, leaf, {columns} FROM audit_event"
    line.execute(f"{made_up} WHERE idx = ?", (new_id().hex, place, place + 1))
    line.execute("UPDATE audit_event SET leaf = ? WHERE idx = ?", (_fitting_leaf(line, place), place))
    _head_that_fits(line)


def _sign_anew(line: Line, chance: random.Random) -> None:
    """Change an entry, rebuild the tree, and sign every checkpoint with a key of one's own."""
    _edit_with_leaf(line, chance)
    _head_that_fits(line)
    leaves = [leaf for (leaf,) in line.execute("SELECT leaf FROM audit_event ORDER BY idx")]
    for (size,) in line.execute("SELECT size FROM audit_checkpoint").fetchall():
        growth = Growth()
        growth.extend(leaves[:size])
        note = FORGER.sign(size, growth.root(), FakeClock()())
        line.execute("UPDATE audit_checkpoint SET note = ? WHERE size = ?", (note, size))
    (peaks,) = line.execute("SELECT peaks FROM audit_head").fetchone()
    forged = FORGER.sign(ENTRIES, Growth.of(ENTRIES, peaks).root(), FakeClock()())
    line.execute("UPDATE audit_head SET note = ?", (forged,))


def _forge_a_checkpoint(line: Line, chance: random.Random) -> None:
    sizes = [size for (size,) in line.execute("SELECT size FROM audit_checkpoint")]
    size = chance.choice(sizes)
    (note,) = line.execute("SELECT note FROM audit_checkpoint WHERE size = ?", (size,)).fetchone()
    origin, _size, *rest = note.split("\n")
    forged = "\n".join([origin, str(size + 1), *rest])
    line.execute("UPDATE audit_checkpoint SET note = ? WHERE size = ?", (forged, size))


def _fitting_leaf(line: Line, place: int) -> bytes:
    (found,) = log_store.as_lines(line.execute(f"{log_store.LINES['sqlite']} WHERE idx = ?", (place,)))
    return leaf_of(found)


def _head_that_fits(line: Line, note: str | None = None) -> None:
    growth = Growth()
    growth.extend([leaf for (leaf,) in line.execute("SELECT leaf FROM audit_event ORDER BY idx")])
    line.execute("UPDATE audit_head SET size = ?, peaks = ?", (growth.size, growth.peaks_bytes))
    if note:
        line.execute("UPDATE audit_head SET note = ?", (note,))


ATTACKS: list[Attack] = [
    *(_edit(column) for column in COLUMNS),
    _edit_with_leaf,
    _delete,
    _delete_and_close_the_gap,
    _reorder,
    _cut,
    _cut_with_head,
    _cut_to_an_old_signature,
    _slip_in,
    _sign_anew,
    _forge_a_checkpoint,
]


def _rounds(defence: bool) -> Iterator[tuple[Attack, random.Random]]:
    for number in range(times(600, len(ATTACKS)) if defence else len(ATTACKS)):
        yield ATTACKS[number % len(ATTACKS)], random.Random(number)


async def _is_found(url: str, seen: Checkpoint) -> bool:
    database = Database(url)
    try:
        async with database.reading() as tx:
            return not (await verify_log(tx, SIGNER.verifier, seen=[seen])).sound
    finally:
        await database.close()


async def _is_found_carelessly(path: Path) -> bool:
    """Verify as many logs are: every entry has its number, and the last number is the count."""
    with sqlite3.connect(path) as line:
        count, last = line.execute("SELECT count(*), max(idx) FROM audit_event").fetchone()
    line.close()
    return bool(count != last + 1)


async def attempt(defence: bool) -> tuple[int, int]:
    """Attack copies of one log, each once, and verify each."""
    tried = held = 0
    with components.service_folder() as folder:
        whole, copy = folder / "whole.sqlite", folder / "copy.sqlite"
        seen = await _write(f"sqlite:///{whole}")
        if await _is_found(f"sqlite:///{whole}", seen):
            raise AssertionError("a log that nobody touched was refused")
        for attack, chance in _rounds(defence):
            shutil.copyfile(whole, copy)
            with sqlite3.connect(copy) as line:
                line.execute("PRAGMA synchronous = OFF")
                for (name,) in line.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    line.execute(f"DROP TRIGGER {name}")
                attack(line, chance)
            line.close()
            found = await (_is_found(f"sqlite:///{copy}", seen) if defence else _is_found_carelessly(copy))
            tried, held = tried + 1, held + found
    return tried, held
