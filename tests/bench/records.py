"""What sealing costs: an encrypted, audited note save through the service, against the same rows written plainly.

Both write one `note` row, its version and one `audit_event` row, the same columns, in one durable commit, one after
the other on the same database, so that the machine's moods fall on both. The plain one does only that; the sealed one
also checks the claim, compares and swaps, seals, hashes the leaf.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from sqlalchemy import bindparam, insert, update

from server.audit.sequencer import Sequencer, signer_of
from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.encounters.facts import EncounterFacts
from server.encounters.service.ground import Ground
from server.kernel.access import Identity
from server.kernel.clock import utc_now
from server.kernel.ids import NoteId, PatientId, new_id
from server.kernel.sealing import Place
from server.people.service import People
from server.records.rules.note import NoteBody, NoteStatus
from server.records.seal.envelope import OpenedKey, open_field, seal_field
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.service import Notes
from server.records.tables import NoteRow, NoteVersionRow
from tests import components
from tests.bench import Figure, at_least, at_most, quantile
from tests.bench.audit import log
from tests.bench.notes import history
from tests.bench.paper import drawing
from tests.bench.seal import keys
from tests.databases import create_all_tables
from tests.server.records.village import Village, add_patient, add_visit, settle

SAVES = 300
WARM_UP = 30
GOAL = 1.3
WORDS = NoteBody(
    examination="Gorge rouge, pas de fièvre, auscultation faite avec l’infirmière. " * 12,
    conclusion="Angine virale probable. " * 12,
    acts="Paracétamol 1 g trois fois par jour, cinq jours. " * 6,
    advice="Buvez, reposez-vous, revenez si la fièvre monte. " * 6,
    no_incident=True,
)


_PLAIN_NOTE = update(NoteRow.__table__).where(NoteRow.id == bindparam("this_id"))  # built once, as ours are
_PLAIN_VERSION = insert(NoteVersionRow.__table__)
_PLAIN_ENTRY = insert(AuditEvent.__table__)


class Quiet:
    """Nobody listens."""

    async def nudge(self, *lines: str) -> None:
        """Say nothing."""


async def run() -> list[Figure]:
    """Measure on SQLite and on PostgreSQL, then the cipher alone."""
    with components.service_folder() as folder:
        figures = [*await _saves("SQLite", f"sqlite:///{folder}/bench.db", folder / "sqlite.json")]
        with components.postgres(folder, durable=True) as cluster:
            url = cluster.url(await cluster.create())
            figures += await _saves("PostgreSQL", url, folder / "postgres.json")
    return [
        *figures,
        _cipher(),
        *keys.figures(),
        *await log.figures(),
        *await history.figures(),
        *await drawing.figures(),
    ]


async def _saves(name: str, url: str, key_file: Path) -> list[Figure]:
    database = Database(url)
    try:
        await create_all_tables(database)
        return await _compare(name, database, key_file)
    finally:
        await database.close()


async def _compare(name: str, database: Database, key_file: Path) -> list[Figure]:
    vault = await unlock(database, init_key(key_file).path, utc_now)
    Sequencer(database, signer_of(vault), utc_now)  # signs, and remembers the head, as in a server
    village = await settle(database)
    async with database.transaction() as tx:
        patient = await add_patient(tx, vault, village, utc_now)
        encounter_id = await add_visit(tx, vault, village, patient, utc_now())
    people = People(database, vault, utc_now)
    notes = Notes(database, vault, EncounterFacts(Ground(database, people, vault, utc_now, Quiet())), people, utc_now)
    doctor = village.doctor()
    plain_id = await _plain_note(database, village, patient)
    row_ver = {"sealed": 0, "plain": 1}

    async def sealed() -> None:
        row_ver["sealed"] = await notes.save(doctor, encounter_id, WORDS, row_ver["sealed"])

    async def plain() -> None:
        row_ver["plain"] += 1
        await _plain_save(database, doctor, (plain_id, patient), row_ver["plain"])

    took = await _interleaved({"sealed": sealed, "plain": plain})
    medians = {kind: quantile(times, 0.5) for kind, times in took.items()}
    beside = {f"{kind} ms": 1000 * median for kind, median in medians.items()}
    ratio = medians["sealed"] / medians["plain"]
    slow = 1000 * quantile(took["sealed"], 0.95)
    return [
        at_most(f"{name}: sealed, audited note save ÷ plain rows", ratio, "×", GOAL, beside),
        at_most(f"{name}: sealed, audited note save, p95", slow, "ms", 50, {"median": beside["sealed ms"]}),
    ]


async def _interleaved(doings: dict[str, Callable[[], Awaitable[None]]]) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in doings}
    for turn in range(WARM_UP + SAVES):
        order = list(doings) if turn % 2 else list(reversed(doings))
        for name in order:
            start = time.perf_counter()
            await doings[name]()
            if turn >= WARM_UP:
                took[name].append(time.perf_counter() - start)
    return took


async def _plain_note(database: Database, village: Village, patient: PatientId) -> NoteId:
    note_id, now = NoteId(new_id()), utc_now()
    values = {"encounter_id": new_id(), "patient_id": patient, "author_id": village.gp, "sealed_body": b""}
    more = {"status": NoteStatus.PRELIMINARY, "row_ver": 1, "key_ver": 1, "created_at": now, "saved_at": now}
    async with database.transaction() as tx:
        await tx.execute(insert(NoteRow).values(id=note_id, **values, **more))
    return note_id


async def _plain_save(database: Database, doctor: Identity, note: tuple[NoteId, PatientId], row_ver: int) -> None:
    """Write the three rows of a save as somebody would who neither seals nor checks."""
    (note_id, patient), now = note, utc_now()
    body = {"row_ver": row_ver, "key_ver": 1, "sealed_body": msgspec.json.encode(WORDS), "saved_at": now}
    entry = {
        "id": new_id(),
        "at": now,
        "actor": doctor.account_id,
        "role": doctor.role.value,
        "action": "note:saved",
        "patient_id": note_id,
        "record": f"note:{note_id}",
        "row_ver": row_ver,
        "ct_sha256": bytes(32),
        "reason": None,
        "salt": bytes(16),
        "leaf": bytes(32),
    }
    async with database.transaction() as tx:
        await tx.execute(_PLAIN_NOTE, {"this_id": note_id, "author_id": doctor.practitioner_id, **body})
        version = {"note_id": note_id, "patient_id": patient, "author_id": doctor.practitioner_id, **body}
        await tx.execute(_PLAIN_VERSION, version)
        await tx.execute(_PLAIN_ENTRY, entry)


def _cipher() -> Figure:
    """Seal and open one note, in memory: the part of a save that encryption itself takes."""
    key, place = OpenedKey(1, bytes(32)), Place("note", "sealed_body", new_id(), PatientId(new_id()), 1)
    words, took = msgspec.json.encode(WORDS), []
    for _ in range(2000):
        start = time.perf_counter()
        open_field(key, place, seal_field(key, place, words))
        took.append(time.perf_counter() - start)
    beside = {"note bytes": float(len(words))}
    return at_least("seal and open a note, in memory", 1 / quantile(took, 0.5), "1/s", 20_000, beside)
