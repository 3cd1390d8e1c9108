"""Sixteen doctors save notes at once: with the log and without it, sealed and plain; then a long log is verified.

Rounds alternate on the same database, so that the machine's moods fall on both sides. PostgreSQL's sequencer runs
beside the writers, in their process, as it does in a server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from sqlalchemy import insert

from server.audit.pages import processes
from server.audit.sequencer import Sequencer, signer_of
from server.audit.verify import verify_log
from server.database.engine import Database
from server.encounters.facts import EncounterFacts
from server.encounters.service.ground import Ground
from server.kernel.access import Identity
from server.kernel.clock import utc_now
from server.kernel.ids import CabinId, EncounterId, NoteId, PatientId, PractitionerId, new_id
from server.people.service import People
from server.people.tables import CabinRow, PractitionerRow
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.service import Notes
from tests import components
from tests.bench import Figure, at_least, at_most
from tests.databases import create_all_tables
from tests.server.records.village import add_patient, add_visit, settle
from tests.trust import t24_audit_proof as long_log

WRITERS, SAVES, ROUNDS = 16, 8, 5
ENTRIES = 100_000


@dataclass
class Writer:
    """One doctor with one visit, and a plain note to write beside it."""

    doctor: Identity
    encounter_id: EncounterId
    plain: tuple[NoteId, PatientId]
    row_ver: int = 0
    plain_ver: int = 1


@dataclass
class Stage:
    """A database with sixteen doctors, each in a call."""

    database: Database
    notes: Notes
    writers: list[Writer]
    words: object
    plain_save: Callable[[Database, Identity, tuple[NoteId, PatientId], int], Awaitable[None]]

    async def sealed(self, writer: Writer) -> None:
        """Save as the house does."""
        writer.row_ver = await self.notes.save(writer.doctor, writer.encounter_id, self.words, writer.row_ver)  # type: ignore[arg-type]

    async def unlogged(self, writer: Writer) -> None:
        """Save as the house does, without the log."""
        with mock.patch("server.records.service.sealing.record", _nothing):
            await self.sealed(writer)

    async def plain(self, writer: Writer) -> None:
        """Write the two rows as somebody would who neither seals nor checks."""
        writer.plain_ver += 1
        await self.plain_save(self.database, writer.doctor, writer.plain, writer.plain_ver)

    async def round(self, save: Callable[[Writer], Awaitable[None]]) -> float:
        """Have everybody save at once, again and again; return the seconds."""

        async def write(writer: Writer) -> None:
            for _ in range(SAVES):
                await save(writer)

        started = time.perf_counter()
        await asyncio.gather(*(write(writer) for writer in self.writers))
        return time.perf_counter() - started

    async def compare(self, *kinds: Callable[[Writer], Awaitable[None]]) -> list[float]:
        """Return each kind's saves a second: the median of its rounds, in turn."""
        took: list[list[float]] = [[] for _ in kinds]
        for turn in range(ROUNDS + 1):
            for number in range(len(kinds)) if turn % 2 else reversed(range(len(kinds))):
                seconds = await self.round(kinds[number])
                if turn:
                    took[number].append(seconds)
        return [WRITERS * SAVES / sorted(each)[len(each) // 2] for each in took]


async def _nothing(*_words: object, **_more: object) -> None:
    """Write no entry."""


async def _stage(database: Database, key_file: Path) -> tuple[Stage, Sequencer]:
    from tests.bench import records

    await create_all_tables(database)
    vault = await unlock(database, init_key(key_file).path, utc_now)
    sequencer = Sequencer(database, signer_of(vault), utc_now)
    village, writers = await settle(database), []
    for number in range(WRITERS):
        own = replace(village, gp=PractitionerId(new_id()), booth=CabinId(new_id()))
        words = dict.fromkeys(("name", "phone"), "-")
        async with database.transaction() as tx:
            doctor = {"id": own.gp, "specialty": "-", "place": "-", "rpps": f"2000000{number:04d}"}
            await tx.execute(insert(PractitionerRow).values(**doctor, **words))
            booth = {"id": own.booth, "site_id": own.site, "access_notes": "-", "in_service": True}
            await tx.execute(insert(CabinRow).values(**booth, **words))
            patient = await add_patient(tx, vault, own, utc_now)
            encounter_id = await add_visit(tx, vault, own, patient, utc_now())
        plain_id = await records._plain_note(database, own, patient)
        writers.append(Writer(own.doctor(), encounter_id, (plain_id, patient)))
    people = People(database, vault, utc_now)
    ground = Ground(database, people, vault, utc_now, records.Quiet())
    notes = Notes(database, vault, EncounterFacts(ground), people, utc_now)
    return Stage(database, notes, writers, records.WORDS, records._plain_save), sequencer


async def _writers(name: str, database: Database, key_file: Path, goal: float) -> list[Figure]:
    stage, sequencer = await _stage(database, key_file)
    await sequencer.start()
    try:
        on, off = await stage.compare(stage.sealed, stage.unlogged)
        sealed, plain = await stage.compare(stage.sealed, stage.plain)
    finally:
        await sequencer.stop()
        await database.close()
    logged = {"with /s": on, "without /s": off}
    saved = {"sealed /s": sealed, "plain /s": plain}
    return [
        at_least(f"{name}, {WRITERS} writers: saves a second with the log ÷ without", on / off, "×", 0.9, logged),
        at_most(f"{name}, {WRITERS} writers: sealed, audited save ÷ plain rows", plain / sealed, "×", goal, saved),
    ]


async def _verified(folder: Path) -> Figure:
    """Verify a long log: leaves, tree, checkpoints; by one process and by all cores."""
    database = Database(f"sqlite:///{folder}/long.sqlite")
    rates = {"one process /s": 0.0, "all cores /s": 0.0}
    try:
        await long_log._write(database, ENTRIES)
        with processes(database) as pool:
            for _ in range(4):
                for name, helped in (("one process /s", None), ("all cores /s", pool)):
                    started = time.perf_counter()
                    async with database.reading() as tx:
                        verdict = await verify_log(tx, long_log.SIGNER.verifier, pool=helped)
                    assert verdict.sound
                    rates[name] = max(rates[name], ENTRIES / (time.perf_counter() - started))
    finally:
        await database.close()
    return at_least("audit verify, entries a second, SQLite", max(rates.values()), "1/s", 200_000, rates)


async def figures() -> list[Figure]:
    """Measure on SQLite and on a PostgreSQL that waits for its disk."""
    with components.service_folder() as folder:
        figures = await _writers("SQLite", Database(f"sqlite:///{folder}/w.db"), folder / "sqlite.json", 1.3)
        with components.postgres(folder, durable=True) as cluster:
            database = Database(cluster.url(await cluster.create()))
            figures += await _writers("PostgreSQL", database, folder / "postgres.json", 1.15)
        return [*figures, await _verified(folder)]
