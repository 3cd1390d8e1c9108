"""T6, every sealed column of every table: bits, cuts, moves in each; and whole rows put back, exchanged or deleted."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.findings import Kind
from server.audit.records import verify_records
from server.audit.rules import Action
from server.audit.store import record
from server.audit.store.sealed import sealed_tables
from server.audit.verify import Verdict
from server.database.engine import Database
from server.database.rows import Row
from server.encounters.rules import CallStatus, EncounterStatus
from server.kernel.clock import utc_now
from server.kernel.errors import CannotOpen
from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.records.places import place_of
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from tests.databases import create_all_tables
from tests.server.records.everything import Whose, add_note, fill
from tests.server.records.village import add_patient, add_visit, settle
from tests.trust.claims import times
from tests.trust.t06_tampering import Undo, careless, flipped

ID = "T6"
CLAIM = "The same in every sealed column of every table, and no whole row is put back, exchanged or deleted unseen"

PATIENTS = 3
HEAD, CHUNK = "sealed_head", "document_chunk"


@dataclass(frozen=True)
class Value:
    """A sealed value, in its row."""

    table: str
    column: str
    row: dict[str, Any]
    patient: PatientId

    @property
    def sealed(self) -> bytes:
        return bytes(self.row[self.column])

    @property
    def place(self) -> Place:
        """Where it belongs; a chunk belongs to its document's head."""
        if self.table == CHUNK:
            return Place("document", HEAD, self.row["document_id"], self.patient, 1)
        return place_of(self.table, self.column, self.row, self.patient)


@dataclass
class World:
    """Three patients with something in every sealed column, each row of it known to the log."""

    database: Database
    keys: PatientVault
    values: dict[tuple[str, str], list[Value]] = field(default_factory=dict)
    heads: dict[Any, bytes] = field(default_factory=dict)
    chunks: dict[Any, list[bytes]] = field(default_factory=dict)

    async def settle(self) -> None:
        """Write the records, and log each row as its service would have."""
        village = await settle(self.database)
        visits = Row.metadata.tables["encounter"]
        for _ in range(PATIENTS):
            async with self.database.transaction() as tx:
                patient = await add_patient(tx, self.keys, village, utc_now)
                visit = await add_visit(tx, self.keys, village, patient, utc_now())
                await tx.flush()
                whose = Whose(patient, visit, village.gp, village.site)
                await add_note(tx, self.keys, whose, utc_now)
                await fill(tx, self.keys, whose, utc_now)
                over = {"status": EncounterStatus.FINISHED, "call": CallStatus.ENDED, "left_at": utc_now()}
                await tx.execute(update(visits).values(over))
        async with self.database.transaction() as tx:
            await self._read(tx)
            for table in sealed_tables():
                for row in (await tx.execute(select(table))).mappings():
                    await log_row(tx, table, dict(row), row["row_ver"])

    async def _read(self, tx: AsyncSession) -> None:
        visits = Row.metadata.tables["encounter"]
        whose = {row.id: row.patient_id for row in await tx.execute(select(visits.c.id, visits.c.patient_id))}
        for table in Row.metadata.sorted_tables:
            for column in (one.name for one in table.columns if one.name.startswith("sealed_")):
                for row in (await tx.execute(select(table).order_by(*table.primary_key.columns))).mappings():
                    patient = row["id"] if table.name == "patient" else row.get("patient_id")
                    value = Value(table.name, column, dict(row), patient or whose[row["encounter_id"]])
                    self.values.setdefault((table.name, column), []).append(value)
        self.heads = {one.row["id"]: one.sealed for one in self.values["document", HEAD]}
        for one in self.values[CHUNK, "sealed_chunk"]:
            self.chunks.setdefault(one.row["document_id"], []).append(one.sealed)

    async def opens(self, tx: AsyncSession, value: Value, sealed: bytes) -> bool:
        """Whether `sealed` opens where `value` stands."""
        place = value.place
        try:
            if value.column == HEAD:
                opener = await self.keys.document_opener(tx, place, sealed)
                opener.chunk(1, self.chunks[place.record_id][1], last=True)
            elif value.table == CHUNK:
                opener = await self.keys.document_opener(tx, place, self.heads[place.record_id])
                opener.chunk(value.row["number"], sealed, last=value.row["number"] == 1)
            else:
                await self.keys.open(tx, place, sealed)
        except CannotOpen:
            return False
        return True

    def harms(self, values: list[Value]) -> Iterator[tuple[Value, bytes]]:
        """Every bit and every cut of the shortest value; every other value of the house in the place of each."""
        short, step = min(values, key=lambda one: len(one.sealed)), times(1, 29)
        for bit in range(0, 8 * len(short.sealed), step):
            yield short, flipped(short.sealed, bit)
        for cut in range(0, len(short.sealed), step):
            yield short, short.sealed[:cut]
        yield short, short.sealed + b"\0"
        for mine in values:
            foreign = (one for others in self.values.values() for one in others if not _same(one, mine))
            yield from ((mine, one.sealed) for one in foreign)


def _same(one: Value, other: Value) -> bool:
    """Itself; or the version that was kept of it, which belongs into the same place."""
    return one.sealed == other.sealed or (one.place == other.place and CHUNK not in (one.table, other.table))


async def log_row(tx: AsyncSession, table: Table, row: dict[str, Any], row_ver: int) -> None:
    """Write into the log that this row was written in this version."""
    (key,) = table.primary_key.columns
    sealed = next(row[name] for name in row if name.startswith("sealed_"))
    about = {"record": f"{table.name}:{row[key.name]}", "ct_sha256": hashlib.sha256(sealed).digest()}
    await record(tx, None, Action.RECORD_IMPORTED, at=utc_now(), row_ver=row_ver, **about)


async def every_column(world: World) -> tuple[int, int]:
    """Harm every column, and see that nothing opens; unharmed, all does."""
    tried = held = 0
    async with world.database.reading() as tx:
        for (table, column), values in world.values.items():
            if not all([await world.opens(tx, one, one.sealed) for one in values]):
                raise AssertionError(f"{table}.{column} does not open unharmed")
            for value, sealed in world.harms(values):
                tried, held = tried + 1, held + (not await world.opens(tx, value, sealed))
    return tried, held


async def _found(tx: AsyncSession) -> set[tuple[Kind, str]]:
    verdict = Verdict()
    await verify_records(tx, verdict)
    return {(one.kind, one.where.partition(":")[0]) for one in verdict.findings}


async def whole_rows(world: World) -> tuple[int, int]:
    """In every table that the log knows: a row exchanged, a row deleted, a row put back to what it was before."""
    tables, held = sealed_tables(), 0
    for kind in (Kind.ALTERED_ROW, Kind.DELETED_ROW, Kind.ROLLED_BACK):
        try:
            async with world.database.transaction() as tx:
                if await _found(tx):
                    raise AssertionError("an untouched house was refused")
                await tx.execute(text("PRAGMA defer_foreign_keys = ON"))
                for name in list(await tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))):
                    await tx.execute(text(f"DROP TRIGGER {name}"))
                for table in tables:
                    await _harm(tx, table, world, kind)
                told = await _found(tx)
                held += sum((kind, table.name) in told for table in tables)
                raise Undo
        except Undo:
            continue
    return 3 * len(tables), held


async def _harm(tx: AsyncSession, table: Table, world: World, kind: Kind) -> None:
    (key,) = table.primary_key.columns
    columns = [column for at, column in world.values if at == table.name]
    mine, other = world.values[table.name, columns[0]][:2]
    this = key == mine.row[key.name]
    if kind is Kind.ALTERED_ROW:
        await tx.execute(update(table).where(this).values({name: other.row[name] for name in columns}))
    elif kind is Kind.DELETED_ROW:
        await tx.execute(delete(table).where(this))
    else:
        await tx.execute(update(table).where(this).values(row_ver=0))


async def attempt(defence: bool) -> tuple[int, int]:
    """Harm everything once."""
    with careless(defence), tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{name}/a.db")
        try:
            await create_all_tables(database)
            world = World(database, await unlock(database, init_key(Path(name) / "keys.json").path, utc_now))
            await world.settle()
            counts = [await every_column(world), await whole_rows(world)]
        finally:
            await database.close()
    return sum(tried for tried, _ in counts), sum(held for _, held in counts)
