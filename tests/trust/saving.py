"""Doctors who save notes through the real service, and remember what was acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.audit.sequencer import Sequencer, signer_of
from server.database.engine import Database
from server.kernel.clock import utc_now
from server.kernel.ids import EncounterId, new_id
from server.people.service import People
from server.records.rules.note import NoteBody, VisitFacts
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from server.records.service import Notes
from tests.server.records.village import Diary, Village, add_patient, settle

Acknowledged = dict[EncounterId, int]
"""The newest version of each visit's note that a doctor was told is safe."""


@dataclass
class Practice:
    """One site, a patient a doctor, and what they save."""

    database: Database
    vault: PatientVault
    notes: Notes
    village: Village
    diary: Diary
    visits: list[EncounterId]
    acknowledged: Acknowledged = field(default_factory=dict)
    on_save: Callable[[], None] = lambda: None
    closed: bool = False

    async def save(self, visit: EncounterId) -> None:
        """Save the note of a visit once more."""
        before = self.acknowledged.get(visit, 0)
        body = NoteBody(examination=f"{visit} {before}")
        self.acknowledged[visit] = await self.notes.save(self.village.doctor(), visit, body, before)
        self.on_save()

    async def save_until_closed(self, visit: EncounterId) -> None:
        """Save again and again, until the practice closes or the database is gone."""
        try:
            while not self.closed:
                await self.save(visit)
        except (SQLAlchemyError, OSError):
            return


@asynccontextmanager
async def practice(url: str, key_file: Path, doctors: int) -> AsyncIterator[Practice]:
    """Give a new site with as many visits as doctors, in a database that has all tables."""
    database = Database(url)
    try:
        village, vault, diary = await settle(database), await unlock(database, key_file, utc_now), Diary({})
        await Sequencer(database, signer_of(vault), utc_now).settle()
        notes = Notes(database, vault, diary, People(database, vault, utc_now), utc_now)
        made = Practice(database, vault, notes, village, diary, [])
        async with database.transaction() as tx:
            for _ in range(doctors):
                patient, visit = await add_patient(tx, vault, village, utc_now), EncounterId(new_id())
                diary.visits[visit] = VisitFacts(visit, patient, village.gp, 1, True, utc_now(), None, ())
                made.visits.append(visit)
        yield made
    finally:
        await database.close()


async def lost(database: Database, acknowledged: Acknowledged) -> int:
    """How many acknowledged notes are gone, older than promised, or not what the log says was written."""
    async with database.reading() as tx:
        rows = (await tx.execute(text("SELECT encounter_id, id, row_ver, sealed_body FROM note"))).all()
        written = (await tx.execute(text("SELECT record, row_ver, ct_sha256 FROM audit_event"))).all()
    return missing(
        [tuple(row) for row in rows], {(row[0], row[1]): bytes(row[2] or b"") for row in written}, acknowledged
    )


def missing(
    rows: list[tuple[object, object, int, bytes]], written: dict[tuple[str, int], bytes], acknowledged: Acknowledged
) -> int:
    """The same of rows that were read in any other way."""
    there = {_dashed(visit): (_dashed(note), version, bytes(sealed)) for visit, note, version, sealed in rows}
    gone = 0
    for visit, promised in acknowledged.items():
        note, version, sealed = there.get(str(visit), ("", 0, b""))
        gone += version < promised or written.get((f"note:{note}", version)) != hashlib.sha256(sealed).digest()
    return gone


def _dashed(number: object) -> str:
    plain = str(number).replace("-", "")
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


async def after(saves: asyncio.Semaphore, count: int) -> None:
    """Wait until so many saves were acknowledged."""
    for _ in range(count):
        await asyncio.wait_for(saves.acquire(), 60)
