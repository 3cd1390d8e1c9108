"""T6: whatever is done to a sealed field, to a wrapped key or to the key file, nothing of it opens."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.database.rows import Row
from server.encounters.guest_rules import GuestPart, GuestStatus
from server.encounters.tables import EncounterRow, GuestRow
from server.kernel.clock import utc_now
from server.kernel.errors import CannotOpen, ConfigError
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.records.places import place_of
from server.records.seal import envelope, store, vault
from server.records.seal.envelope import FreshKey, OpenedKey, Refused, open_field, seal_field
from server.records.seal.keyring import init_key, load_keyring
from server.records.seal.start import unlock
from server.records.seal.tables import PatientKey
from server.records.seal.vault import PatientVault
from server.records.tables import AddendumRow, NoteRow
from server.village import seed
from tests.databases import create_all_tables, import_all_tables

ID = "T6"
CLAIM = "No altered, cut, moved or exchanged ciphertext, wrapped key or master key opens, in any sealed column"

SEED = 2026
NOTE = 2048  # bytes of plaintext: 16,640 bits once sealed
FEW = 64  # bytes are enough to see a note open where it should not
ROWS = 12  # of each sealed column
TRIED_ELSEWHERE = {"broken_glass", "document", "document_chunk", "document_piece", "document_upload", "prescription"}
TRIED_ELSEWHERE |= {"reminder_choice"}
"""Tables that the village leaves empty: `t06_rows.py` fills and harms every table."""


def refused(attempt: Callable[[], object]) -> bool:
    """Whether an attempt in memory was refused."""
    try:
        attempt()
    except Refused:
        return True
    return False


def flipped(sealed: bytes, bit: int) -> bytes:
    """The same bytes but for one bit."""
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def one_note(size: int) -> Iterator[bool]:
    """Every bit and every truncation of a note, and the seven ways to move it."""
    key = OpenedKey(1, os.urandom(32))
    place = Place("note", "sealed_body", new_id(), PatientId(new_id()), 7)
    sealed = seal_field(key, place, os.urandom(size))
    yield from (refused(lambda bit=bit: open_field(key, place, flipped(sealed, bit))) for bit in range(8 * len(sealed)))
    yield from (refused(lambda cut=cut: open_field(key, place, sealed[:cut])) for cut in range(len(sealed)))
    moved: list[dict[str, Any]] = [
        {"table": "observation"},
        {"column": "sealed_reason"},
        {"record_id": new_id()},
        {"patient_id": PatientId(new_id())},
        {"row_ver": 6},
    ]
    for change in moved:
        yield refused(lambda change=change: open_field(key, dataclasses.replace(place, **change), sealed))
    yield refused(lambda: open_field(key, place, sealed[:1] + b"\x02" + sealed[2:]))
    yield refused(lambda: open_field(OpenedKey(2, os.urandom(32)), place, sealed[:2] + b"\0\x02" + sealed[4:]))


def one_wrapped_key(master: envelope.MasterKey) -> Iterator[bool]:
    """Every bit and truncation of a wrapped key and of its promise, and the keys of others."""
    mine, theirs = new_id(), new_id()
    key, other = FreshKey.make(master, mine, 1), FreshKey.make(master, theirs, 1)
    wrapped, tag = key.wrapped, key.commit_tag
    for bit in range(8 * len(wrapped)):
        yield refused(lambda bit=bit: master.unwrap(flipped(wrapped, bit), mine, 1, tag))
    for bit in range(8 * len(tag)):
        yield refused(lambda bit=bit: master.unwrap(wrapped, mine, 1, flipped(tag, bit)))
    for size in range(len(wrapped)):
        yield refused(lambda size=size: master.unwrap(wrapped[:size], mine, 1, tag))
    yield refused(lambda: master.unwrap(other.wrapped, mine, 1, other.commit_tag))
    yield refused(lambda: master.unwrap(other.wrapped, mine, 1, tag))
    yield refused(lambda: master.unwrap(wrapped, mine, 2, tag))
    yield refused(lambda: envelope.MasterKey.local(master.id, os.urandom(32)).unwrap(wrapped, mine, 1, tag))


@dataclasses.dataclass(frozen=True)
class Kept:
    """A sealed value as it lies in the database, and where it belongs."""

    place: Place
    sealed: bytes
    row: Mapping[str, Any]

    def where(self, table: Table) -> ColumnElement[bool]:
        """This very row."""
        return and_(*(column == self.row[column.name] for column in table.primary_key))


def sealed_columns() -> list[tuple[Table, str]]:
    """Every sealed column of every table."""
    import_all_tables()
    tables = [mapper.local_table for mapper in Row.registry.mappers if mapper.class_.__module__.startswith("server.")]
    found = {(table, column.name) for table in tables for column in table.columns if column.name.startswith("sealed_")}
    found = {(table, column) for table, column in found if table.name not in TRIED_ELSEWHERE}
    return sorted(found, key=lambda each: (each[0].name, each[1]))  # type: ignore[return-value,arg-type]


async def kept(tx: AsyncSession, table: Table, column: str) -> list[Kept]:
    """Some rows of a sealed column, each with its place."""
    rows = (await tx.execute(select(table).where(table.c[column].is_not(None)).limit(ROWS))).mappings().all()
    found = []
    for row in rows:
        patient = None
        if "encounter_id" in row:  # a guest's patient is the visit's
            patient = await tx.scalar(select(EncounterRow.patient_id).where(EncounterRow.id == row["encounter_id"]))
        found.append(Kept(place_of(table.name, column, row, patient), row[column], row))
    return found


async def correct_some_notes(database: Database, keys: PatientVault) -> None:
    """The village has signed notes without corrections: write some, so that their column is harmed too."""
    async with database.transaction() as tx:
        for note in await tx.scalars(select(NoteRow).limit(ROWS)):
            addendum = new_id()
            place = Place("note_addendum", "sealed_body", addendum, note.patient_id, 1)
            row = {"id": addendum, "note_id": note.id, "patient_id": note.patient_id, "author_id": note.author_id}
            row |= {"row_ver": 1, "key_ver": 1, "added_at": utc_now()}
            await tx.execute(insert(AddendumRow).values(**row, sealed_body=await keys.seal(tx, place, b'{"text":"-"}')))


async def invite_some_guests(database: Database, keys: PatientVault) -> None:
    """Nobody was a guest in the village either."""
    async with database.transaction() as tx:
        for visit in await tx.scalars(select(EncounterRow).limit(ROWS)):
            guest, now = new_id(), utc_now()
            place = Place("guest", "sealed_name", guest, visit.patient_id, 1)
            row = {"id": guest, "encounter_id": visit.id, "part": GuestPart.FAMILY, "status": GuestStatus.LEFT}
            row |= {"row_ver": 1, "invited_by": new_id(), "invited_at": now, "expires_at": now}
            await tx.execute(insert(GuestRow).values(**row, sealed_name=await keys.seal(tx, place, b"Jeanne")))


async def opens(keys: PatientVault, tx: AsyncSession, place: Place, sealed: bytes) -> bool:
    """Whether the vault opens it there."""
    try:
        await keys.open(tx, place, sealed)
    except CannotOpen:
        return False
    return True


async def every_column(database: Database, keys: PatientVault) -> tuple[int, int]:
    """Alter and exchange values of every sealed column inside the database."""
    async with database.reading() as tx:
        columns = {each: await kept(tx, *each) for each in sealed_columns()}
        everything = [one for values in columns.values() for one in values]
        empty = [f"{table.name}.{column}" for (table, column), values in columns.items() if not values]
        if empty:
            raise AssertionError(f"nothing to harm in {', '.join(empty)}")
        if not all([await opens(keys, tx, one.place, one.sealed) for one in everything]):
            raise AssertionError("the places of this test are not those of the server")
    tried = held = 0
    for (table, column), values in columns.items():
        for number, mine in enumerate(values):
            for harmed in _harms(mine, values, everything, number):
                tried += 1
                held += not await _opens_after(database, keys, table, column, mine, harmed)
    return tried, held


def _harms(mine: Kept, values: list[Kept], everything: list[Kept], number: int) -> Iterator[bytes]:
    """A bit of the header, nonce, text and tag; the value of the next row, and one of another column."""
    bits = (8, 24, 8 * 5, 8 * 17, 8 * len(mine.sealed) - 1)
    yield from (flipped(mine.sealed, bit) for bit in bits)
    yield mine.sealed[:-1]
    if len(values) > 1:
        yield values[(number + 1) % len(values)].sealed
    others = [one for one in everything if one.place.table != mine.place.table]
    yield others[number % len(others)].sealed


class Undo(Exception):
    """Leave the database as it was."""


async def _opens_after(
    database: Database, keys: PatientVault, table: Table, column: str, mine: Kept, harmed: bytes
) -> bool:
    found = True
    try:
        async with database.transaction() as tx:
            await _unguarded(tx, table)
            await tx.execute(update(table).where(mine.where(table)).values({column: harmed}))
            there = await tx.scalar(select(table.c[column]).where(mine.where(table)))
            found = await opens(keys, tx, mine.place, there or b"")
            raise Undo
    except Undo:
        return found


async def _unguarded(tx: AsyncSession, table: Table) -> None:
    """Take away the triggers that freeze signed notes, as somebody who owns the database can; it is undone."""
    names = await tx.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name"), {"name": table.name}
    )
    for name in list(names.scalars()):
        await tx.execute(text(f"DROP TRIGGER {name}"))


async def exchanged_keys(database: Database, keys: PatientVault) -> tuple[int, int]:
    """Give each patient the next one's wrapped key, with and without its promise: no field of theirs opens."""
    patient = next(table for table, _ in sealed_columns() if table.name == "patient")
    async with database.reading() as tx:
        values = await kept(tx, patient, "sealed_traits")
        stored = {
            one.patient_id: one for one in await store.patient_keys(tx, [each.place.patient_id for each in values])
        }
    tried = held = 0
    for mine, other in zip(values, [*values[1:], values[0]], strict=True):
        theirs = stored[other.place.patient_id]
        for changes in ({"wrapped": theirs.wrapped, "commit_tag": theirs.commit_tag}, {"wrapped": theirs.wrapped}):
            keys.forget()
            tried += 1
            try:
                async with database.transaction() as tx:
                    mine_only = PatientKey.patient_id == mine.place.patient_id
                    await tx.execute(update(PatientKey).where(mine_only).values(**changes))
                    held += not await opens(keys, tx, mine.place, mine.sealed)
                    raise Undo
            except Undo:
                keys.forget()
    return tried, held


async def other_master_keys(database: Database, folder: Path) -> tuple[int, int]:
    """Another key under the same name does not unlock the database."""
    held = 0
    for number in range(3):
        try:
            await unlock(database, init_key(folder / f"other-{number}.json").path, utc_now)
        except ConfigError as error:
            held += "is not the key that sealed this database" in str(error)
    return 3, held


@contextmanager
def careless(defence: bool) -> Iterator[None]:
    """Without the defence nothing is bound to its place, and no key to its promise. The alarms are silenced."""
    aad, digest = envelope.field_aad, envelope.hmac.compare_digest
    vault.log.disabled = True
    if not defence:
        envelope.field_aad = lambda *_: b""
        envelope.hmac.compare_digest = lambda *_: True  # type: ignore[assignment]
    try:
        yield
    finally:
        envelope.field_aad, envelope.hmac.compare_digest = aad, digest
        vault.log.disabled = False


async def attempt(defence: bool) -> tuple[int, int]:
    """Harm one note and one wrapped key in every way, then every sealed column of a village's database."""
    with careless(defence), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key_file = init_key(folder / "keys.json").path
        database = Database(f"sqlite:///{folder}/village.db")
        try:
            await create_all_tables(database)
            keys = await unlock(database, key_file, utc_now)
            await seed.write(database, keys, SEED, utc_now(), others=8)
            await correct_some_notes(database, keys)
            await invite_some_guests(database, keys)
            found = [*one_note(NOTE if defence else FEW), *one_wrapped_key(load_keyring(key_file).newest)]
            counts = [(len(found), sum(found)), await every_column(database, keys)]
            counts += [await exchanged_keys(database, keys), await other_master_keys(database, folder)]
        finally:
            await database.close()
    return sum(tried for tried, _ in counts), sum(held for _, held in counts)
