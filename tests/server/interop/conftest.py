"""A village that has something of everything a record can hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
import pytest_asyncio
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.sequencer import Sequencer, signer_of
from server.database.engine import Database
from server.encounters.guest_rules import GuestPart, GuestStatus
from server.encounters.tables import GuestRow
from server.kernel.access import Identity, Role
from server.kernel.clock import utc_now
from server.kernel.ids import AccountId, PatientId, SiteId, new_id
from server.kernel.sealing import Place
from server.people.tables import PatientRow
from server.records.documents.ground import body_place, content_place
from server.records.documents.rules import DocumentStatus
from server.records.documents.tables import ChunkRow, DocumentRow
from server.records.prescriptions.rules import Line, PrescriptionBody, PrescriptionStatus
from server.records.prescriptions.tables import PrescriptionRow
from server.records.seal.chunks import CHUNK, SEALED_CHUNK
from server.records.seal.keyring import init_key
from server.records.seal.shred import Shredder
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from server.records.tables import AddendumRow, NoteRow
from tests.flows.conftest import settle

SCAN = bytes(range(256)) * (CHUNK // 256) + b"the end"


@dataclass
class House:
    """A village, one person of it with a full record, and one who was shredded."""

    database: Database
    vault: PatientVault
    folder: Path
    patient: PatientId
    site: SiteId
    shredded: PatientId

    def worker(self, site: SiteId | None = None) -> Identity:
        """A nurse of the person's site, or of another."""
        return Identity(AccountId(new_id()), Role.HEALTH_WORKER, "louise", "Louise Perrin", site_id=site or self.site)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def house(tmp_path_factory: object) -> AsyncIterator[House]:
    """Made once: nothing here changes it but copies, which the log counts."""
    folder: Path = tmp_path_factory.mktemp("house")  # type: ignore[attr-defined]
    url, key_file = f"sqlite:///{folder}/village.db", init_key(folder / "keys.json").path
    await settle(url, key_file, utc_now())
    database = Database(url)
    try:
        vault = await unlock(database, key_file, utc_now)
        sequencer = Sequencer(database, signer_of(vault), utc_now)
        async with database.transaction() as tx:
            note = (await tx.scalars(select(NoteRow).where(NoteRow.status == "final").order_by(NoteRow.id))).first()
            assert note is not None
            await _write_more(tx, vault, note)
            rows = (await tx.execute(select(PatientRow.id, PatientRow.site_id).order_by(PatientRow.id))).all()
        mine = next(row for row in rows if row[0] == note.patient_id)
        gone = PatientId(next(row[0] for row in reversed(rows) if row[0] != note.patient_id))
        shredder = Shredder(database, utc_now)
        one, two = (Identity(AccountId(new_id()), Role.ADMIN, name, name) for name in ("a", "b"))
        await shredder.confirm(two, await shredder.ask(one, gone, "essai"))
        vault.forget()
        await sequencer.settle()
        yield House(database, vault, folder, PatientId(mine[0]), SiteId(mine[1]), gone)
    finally:
        await database.close()


async def _write_more(tx: AsyncSession, vault: PatientVault, note: NoteRow) -> None:
    """An addendum, a prescription, a guest, and a scan of two chunks."""
    now, patient, sealed_once = utc_now(), note.patient_id, {"row_ver": 1, "key_ver": 1}

    async def sealed(table: str, column: str, number: UUID, words: bytes) -> bytes:
        return await vault.seal(tx, Place(table, column, number, patient, 1), words)

    number = new_id()
    body = await sealed("note_addendum", "sealed_body", number, msgspec.json.encode({"text": "Ajout après coup"}))
    added = {"note_id": note.id, "patient_id": patient, "author_id": note.author_id, "added_at": now}
    await tx.execute(insert(AddendumRow).values(id=number, sealed_body=body, **added, **sealed_once))

    number, line = new_id(), Line(drug="Paracétamol 500 mg", dose="1 comprimé", days=5, renewals=1)
    body = await sealed("prescription", "sealed_body", number, msgspec.json.encode(PrescriptionBody((line,))))
    whose = {"encounter_id": note.encounter_id, "patient_id": patient, "author_id": note.author_id}
    when = {"status": PrescriptionStatus.ACTIVE, "created_at": now, "saved_at": now, "signed_at": now}
    await tx.execute(insert(PrescriptionRow).values(id=number, sealed_body=body, **whose, **when, **sealed_once))

    number = new_id()
    name = await sealed("guest", "sealed_name", number, "Jeanne l’interprète".encode())
    part = {"part": next(iter(GuestPart)), "status": GuestStatus.LEFT, "row_ver": 1, "invited_by": new_id()}
    at = {"invited_at": now, "expires_at": now, "ended_at": now}
    await tx.execute(insert(GuestRow).values(id=number, encounter_id=note.encounter_id, sealed_name=name, **part, **at))

    number = new_id()
    sealer = await vault.document_sealer(tx, content_place(number, patient))
    chunks = sealer.add(SCAN) + sealer.end()
    words = msgspec.json.encode({"title": "Radio", "media_type": "application/pdf", "width": 0, "height": 0})
    told = {"status": DocumentStatus.CURRENT, "size": len(SCAN), "added_at": now, "added_by": new_id()}
    body = await vault.seal(tx, body_place(number, patient), words)
    kept = {"sealed_body": body, "sealed_head": sealer.head, **sealed_once}
    await tx.execute(insert(DocumentRow).values(id=number, patient_id=patient, **told, **kept))
    for place, start in enumerate(range(0, len(chunks), SEALED_CHUNK)):
        piece = {"number": place, "sealed_chunk": chunks[start : start + SEALED_CHUNK]}
        await tx.execute(insert(ChunkRow).values(document_id=number, patient_id=patient, **piece))
