"""A whole site leaves in clear, and a whole site arrives: nothing is lost between, and the keys are others.

    export/
      manifest.json           when, schema, rows per table, the verifier key of the audit log
      tables/<table>.ndjson   every row, sealed columns opened; the audit log too, verifiable with the key above
      patients/<number>.json  each record as a FHIR R4 bundle, for other software

What does not leave: keys, sign-ins, and indexes that only this key file reads (papers with a code must be given anew).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.sequencer import Sequencer, signer_of
from server.audit.store import log as log_store
from server.audit.store import record
from server.database.engine import Database
from server.database.migrate import newest
from server.interop import store
from server.interop.opening import DOCUMENT_HEAD, SEALED, opened, place_in, sealable
from server.interop.service import copy_of
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen, Conflict, Invalid
from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.kernel.words import N_
from server.people.rules import Traits, name_keys
from server.records.places import COPIES
from server.records.seal.chunks import SEALED_CHUNK
from server.records.seal.vault import PatientVault

FORMAT = "telecabin-site/1"
OF_THE_OLD_KEY = frozenset({"audit_checkpoint"})
"""Signatures of the key that stayed behind: they prove the old log, and stand in the export for that."""
GONE = b"shredded"
"""Stands where the sealed words of a shredded patient stood: nothing opens it."""
Progress = Callable[[int, int], None]


class Manifest(msgspec.Struct, frozen=True):
    """What an export holds."""

    format: str
    made_at: datetime
    revision: str
    rows: dict[str, int]
    patients: int
    log_key: str


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Where a site arrives, and what was sealed anew on the way."""

    vault: PatientVault
    now: Clock
    sealed: list[tuple[str, PatientId, int, bytes]] = field(default_factory=list)
    shredded: set[PatientId] = field(default_factory=set)


def _quiet(done: int, of: int) -> None:
    """Tell nobody."""


async def export_site(
    database: Database, vault: PatientVault, who: Identity, folder: Path, now: Clock, progress: Progress = _quiet
) -> Manifest:
    """Write the whole site into a new folder, in clear, as of one moment."""
    require(who, Act.SITE_EXPORT)
    async with database.transaction() as tx:
        await record(tx, who, Action.SITE_EXPORTED, at=now())
    tables, records = _folders(folder)
    async with database.reading() as tx:
        await log_store.one_moment(tx)
        shredded, patients = await store.shredded(tx), await store.patients(tx)
        counts: dict[str, int] = {}
        for number, table in enumerate(store.tables_of_the_site(), 1):
            counts[table.name] = 0
            with (tables / f"{table.name}.ndjson").open("xb") as file:
                async for rows in store.pages(tx, table):
                    for row in rows:
                        plain = await opened(tx, vault, table.name, row, shredded)
                        file.write(msgspec.json.encode(plain, order="sorted") + b"\n")
                    counts[table.name] += len(rows)
            progress(number, len(store.tables_of_the_site()) + len(patients))
        for number, patient_id in enumerate(patients, 1):
            with suppress(CannotOpen):  # shredded: the tables say so
                copy = await copy_of(tx, vault, patient_id, now)
                (records / f"{patient_id}.json").write_bytes(msgspec.json.encode(copy.bundle))
            progress(len(counts) + number, len(counts) + len(patients))
    made = Manifest(FORMAT, now(), newest(), counts, len(patients), signer_of(vault).verifier.written())
    (folder / "manifest.json").write_bytes(msgspec.json.encode(made, order="sorted"))
    return made


async def import_site(database: Database, vault: PatientVault, folder: Path, now: Clock) -> Manifest:
    """Write an exported site into a new, migrated database, sealed under its own keys. All of it, or nothing."""
    try:
        made = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError):
        raise Invalid(N_("Ce dossier n’est pas l’export d’un site.")) from None
    if made.format != FORMAT or made.revision != newest():
        raise Conflict(N_("Cet export est d’une autre version. Rien n’a été changé."), code="other-version")
    sequencer = Sequencer(database, signer_of(vault), now)
    async with database.transaction() as tx:
        if await store.patients(tx) or await log_store.head(tx) is not None:
            raise Conflict(N_("La base n’est pas vide. Rien n’a été changé."), code="not-empty")
        arrival = _Arrival(vault, now)
        for table in store.tables_of_the_site():
            count = 0
            for row in _lines(folder / "tables" / f"{table.name}.ndjson"):
                count += 1
                if table.name not in OF_THE_OLD_KEY:
                    await _arrive(tx, arrival, table, row)
            if count != made.rows.get(table.name, 0):
                raise Invalid(N_("Il manque des lignes dans cet export. Rien n’a été changé."))
        for name, patient_id, row_ver, sealed in arrival.sealed:
            facts: dict[str, Any] = {"row_ver": row_ver, "ct_sha256": hashlib.sha256(sealed).digest()}
            await record(tx, None, Action.RECORD_IMPORTED, at=now(), patient_id=patient_id, record=name, **facts)
    await sequencer.settle()
    return made


def _folders(folder: Path) -> tuple[Path, Path]:
    folder.mkdir(mode=0o700)
    tables, records = folder / "tables", folder / "patients"
    tables.mkdir()
    records.mkdir()
    return tables, records


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line)


async def _arrive(tx: AsyncSession, arrival: _Arrival, table: store.Table, row: dict[str, Any]) -> None:
    """Write one row; a patient's new key comes first, and what is found by name is indexed anew."""
    name, values = table.name, store.typed(table, row)
    if name == "shred" and values["confirmed_at"] is not None:
        arrival.shredded.add(PatientId(values["patient_id"]))
    if name == "audit_head":
        values["note"] = None  # signed anew, with the key of here
    if name == "patient" and values["id"] not in arrival.shredded:
        await arrival.vault.make_key(tx, PatientId(values["id"]))
    sealed = [column.name for column in table.columns if column.name.startswith(SEALED)]
    chunks: list[bytes] = []
    for column in sealed:
        content = row.get(column.removeprefix(SEALED))
        if content is not None:
            place = await place_in(tx, name, column, values)
            values[column], more = await _sealed_anew(tx, arrival, place, content)
            chunks += more
    await store.add(tx, table, values)
    if chunks:
        await store.add_chunks(tx, values["id"], values["patient_id"], chunks)
    if sealed and "row_ver" in values and name not in COPIES:
        arrival.sealed.append((f"{name}:{place.record_id}", place.patient_id, values["row_ver"], values[sealed[0]]))
    if name == "patient" and values["id"] not in arrival.shredded:
        keys = sorted(name_keys(msgspec.convert(row["traits"], type=Traits)))
        blinds = [arrival.vault.blind("patient", "name", one) for one in keys]
        await store.add_name_keys(tx, PatientId(values["id"]), blinds)


async def _sealed_anew(tx: AsyncSession, arrival: _Arrival, place: Place, content: object) -> tuple[bytes, list[bytes]]:
    """Return what stands in the column, and a document's chunks."""
    if place.patient_id in arrival.shredded:
        return GONE, []
    if place.column != DOCUMENT_HEAD:
        return await arrival.vault.seal(tx, place, sealable(content)), []
    sealer = await arrival.vault.document_sealer(tx, place)
    whole = sealer.add(base64.b64decode(str(content))) + sealer.end()
    return sealer.head, [whole[start : start + SEALED_CHUNK] for start in range(0, len(whole), SEALED_CHUNK)]
