"""Renews patients' own keys: a new version for what is written from now on, and everything older sealed anew.

    renew ──> a new version ──> each sealed row: opened, sealed under it, logged ──> (15 minutes) ──> the older ends
              servers take it within 5 minutes: their opened keys live no longer

A few rows a transaction, beside running servers. Which key sealed a value stands in the value: a renewal that was
cut goes on where it was. A row keeps its version: whoever is writing it notices nothing.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen
from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.people.store import same_ids
from server.records.places import place_of
from server.records.renewal import store
from server.records.seal import store as key_store
from server.records.seal.chunks import SEALED_CHUNK
from server.records.seal.envelope import MAX_KEY_VER
from server.records.seal.rotation import NotNow
from server.records.seal.vault import CACHED_FOR, PatientVault

BATCH = 25  # rows of one transaction: a note in the making waits some 20 ms for SQLite's one writer
ENDS_AFTER = CACHED_FOR + timedelta(minutes=10)
"""By then no server has the older version alone in memory, and no transaction that began with it is open."""

Progress = Callable[[int], None]
"""Called with how many more rows are done."""


@dataclass(slots=True)
class Renewed:
    """What a renewal did. `ends_at`: when the newest of the older versions may end; None: all have ended."""

    patients: int = 0
    rows: int = 0
    refused: int = 0
    ends_at: datetime | None = None


class Renewal:
    """What a person can do with patients' keys. The vault must open what ended keys sealed, too."""

    def __init__(self, database: Database, vault: PatientVault, now: Clock) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def chosen(self, patients: Iterable[PatientId], made_before: datetime | None) -> list[PatientId]:
        """Return whose keys to renew: these with all records joined to theirs; all older ones; or the unfinished."""
        async with self._database.reading() as tx:
            named = [one for patient_id in patients for one in sorted(await same_ids(tx, patient_id) or {patient_id})]
            if made_before is not None:
                named += await key_store.keys_made_before(tx, made_before)
            unfinished = await key_store.unfinished_renewals(tx)
        return list(dict.fromkeys([*named, *unfinished]))

    async def renew(self, patients: Iterable[PatientId], rate: int, progress: Progress = lambda _more: None) -> Renewed:
        """Renew the keys of these, at most `rate` rows a second; may be stopped and begun again.

        What has begun goes on; what is done and has settled ends. A row that does not open is left and counted.
        """
        told = Renewed()
        for patient_id in patients:
            newest = await self._begin(patient_id)
            await self._reseal(patient_id, newest, rate, (told, progress))
            ends_at = await self._end(patient_id, newest)
            told.patients += 1
            told.ends_at = max(filter(None, (told.ends_at, ends_at)), default=None)
        return told

    async def _begin(self, patient_id: PatientId) -> int:
        """Return the version to seal under: a new one, or the one that an unfinished renewal made."""
        async with self._database.transaction() as tx:
            versions = await self._living(tx, patient_id)
            newest = versions[-1].ver
            if len(versions) == 1:
                if newest == MAX_KEY_VER:
                    raise NotNow(f"patient {patient_id} has had {MAX_KEY_VER} keys: there is no number for another.")
                newest += 1
                await self._vault.renew_key(tx, patient_id, newest)
                await self._note(tx, Action.KEY_RENEWED, patient_id, newest)
        self._vault.forget()
        return newest

    async def _living(self, tx: AsyncSession, patient_id: PatientId) -> list[key_store.KeyVersion]:
        versions = [one for one in await key_store.hold_versions(tx, patient_id) if one.living and not one.ended]
        if not versions:
            raise NotNow(f"patient {patient_id} has no key: unknown here, or shredded. Nothing of theirs was changed.")
        return versions

    async def _reseal(self, patient_id: PatientId, key_ver: int, rate: int, told: tuple[Renewed, Progress]) -> None:
        count, progress = told
        async with self._database.reading() as tx:  # who only looks keeps nobody from writing
            tables = await store.tables_with_older(tx, patient_id, key_ver)
        for table in tables:
            after: store.Found | None = None
            most = 1 if store.HEAD in table.c else BATCH  # a document may be 20 MB
            while True:
                began = time.monotonic()
                async with self._database.transaction() as tx:
                    await self._living(tx, patient_id)  # whoever is being shredded meanwhile stays shredded
                    rows = await store.older_rows(tx, table, patient_id, key_ver, (after, most))
                    done = sum([await self._anew(tx, table, row, patient_id, key_ver) for row in rows])
                count.rows, count.refused = count.rows + done, count.refused + len(rows) - done
                if not rows:
                    break
                after = rows[-1]
                progress(len(rows))
                await asyncio.sleep(max(0.0, len(rows) / rate - (time.monotonic() - began)))

    async def _anew(
        self, tx: AsyncSession, table: store.SealedTable, row: store.Found, patient_id: PatientId, key_ver: int
    ) -> bool:
        """Seal a row anew and log its ciphertext; False when it does not open."""
        columns = [name for name in store.sealed_columns(table) if row[name] is not None]
        try:
            values = {name: await self._value(tx, place_of(table.name, name, row, patient_id), row[name])
                      for name in columns}  # fmt: skip
        except CannotOpen:
            return False
        await store.put_anew(tx, table, row, values, key_ver)
        if name := store.record_of(table, row):
            digest = hashlib.sha256(values[columns[0]]).digest()
            about = {"record": name, "row_ver": row["row_ver"], "ct_sha256": digest}
            await record(tx, None, Action.RECORD_RESEALED, at=self._now(), **about)
        return True

    async def _value(self, tx: AsyncSession, place: Place, sealed: bytes) -> bytes:
        if place.column == store.HEAD:
            return await self._document(tx, place, sealed)
        return await self._vault.seal(tx, place, await self._vault.open(tx, place, sealed))

    async def _document(self, tx: AsyncSession, place: Place, head: bytes) -> bytes:
        """Seal the chunks of a document under a file key of their own, made anew, and return the head that holds it."""
        chunks = await store.chunks(tx, place.record_id)
        opener = await self._vault.document_opener(tx, place, head)
        opened = [opener.chunk(number, one, last=number == len(chunks) - 1) for number, one in enumerate(chunks)]
        sealer = await self._vault.document_sealer(tx, place)
        whole = b"".join(sealer.add(one) for one in opened) + sealer.end()
        for number in range(len(chunks)):
            sealed = whole[number * SEALED_CHUNK : (number + 1) * SEALED_CHUNK]
            await store.put_chunk(tx, place.record_id, number, sealed)
        return sealer.head

    async def _end(self, patient_id: PatientId, newest: int) -> datetime | None:
        """End the older versions when nothing needs them; return when that may be, or None when it is done."""
        async with self._database.transaction() as tx:
            versions = await self._living(tx, patient_id)
            if len(versions) == 1:
                return None
            ends_at = versions[-1].created_at + ENDS_AFTER
            if versions[-1].ver != newest or self._now() < ends_at or await store.count_older(tx, patient_id, newest):
                return max(ends_at, self._now())
            await key_store.end_versions(tx, patient_id, newest, self._now())
            await self._note(tx, Action.KEY_ENDED, patient_id, newest - 1)
        self._vault.forget()
        return None

    async def _note(self, tx: AsyncSession, action: Action, patient_id: PatientId, key_ver: int) -> None:
        row = f"patient_key:{patient_id}"
        await record(tx, None, action, at=self._now(), record=row, reason=f"version {key_ver}")
