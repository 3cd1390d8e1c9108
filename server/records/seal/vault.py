"""The vault: seals and opens fields under each patient's own key, and keeps opened keys for a short while.

which key?   made in this transaction  >  cache (2,048 patients, 5 minutes)  >  load, unwrap, check
then         AEAD with the place as AAD  >  plaintext, or one error that says nothing
"""

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen, Unavailable
from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.kernel.words import N_
from server.records.seal import store
from server.records.seal.envelope import (
    FreshKey,
    OpenedKey,
    Outcome,
    Random,
    Refused,
    Suite,
    header,
    open_field,
    seal_field,
)
from server.records.seal.keyring import Keyring

log = logging.getLogger(__name__)

CACHED = 2048
CACHED_FOR = timedelta(minutes=5)
BATCH = 500  # patients asked for in one query: below SQLite's limit of 999 parameters
_FRESH = "records.seal.fresh"

PatientKeys = dict[int, OpenedKey]
"""The opened versions of one patient's key."""


@dataclass(slots=True)
class KeyCache:
    """Opened keys of the patients of the last minutes; the least recently used leaves first."""

    now: Clock
    _kept: OrderedDict[PatientId, tuple[datetime, PatientKeys]] = field(default_factory=OrderedDict, repr=False)

    def get(self, patient_id: PatientId) -> PatientKeys | None:
        """Return the patient's keys, unless they are unknown or have been here for too long."""
        kept = self._kept.get(patient_id)
        if kept is None:
            return None
        if self.now() >= kept[0]:
            del self._kept[patient_id]
            return None
        self._kept.move_to_end(patient_id)
        return kept[1]

    def put(self, patient_id: PatientId, keys: PatientKeys) -> None:
        """Keep the patient's keys for five minutes from now."""
        self._kept[patient_id] = (self.now() + CACHED_FOR, keys)
        self._kept.move_to_end(patient_id)
        while len(self._kept) > CACHED:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


class PatientVault:
    """Implements `server.kernel.sealing.Vault` over `patient_key` rows and the keyring."""

    def __init__(
        self,
        keyring: Keyring,
        now: Clock,
        *,
        suite: Suite = Suite.AES_256_GCM,
        random: Random = os.urandom,
    ) -> None:
        self._keyring = keyring
        self._now = now
        self._suite = suite
        self._random = random
        self._cache = KeyCache(now)

    async def make_key(self, tx: AsyncSession, patient_id: PatientId) -> None:
        """Make the patient's first key, once, in the transaction that registers the patient.

        The key serves this transaction at once, but enters the cache only when read back after the commit:
        nothing may ever be sealed under a key that was rolled back.
        """
        kek_id = await store.primary_kek(tx)
        if kek_id is None or kek_id not in self._keyring.master:
            raise Unavailable(
                N_("Les dossiers sont verrouillés : une clé manque au serveur. Rien n’a été perdu."),
                code="sealed",
            )
        fresh = FreshKey.make(self._keyring.master[kek_id], patient_id, 1, self._random)
        await store.add_patient_key(tx, patient_id, kek_id, fresh, self._now())
        tx.info.setdefault(_FRESH, {})[patient_id] = {1: fresh.key}

    async def seal(self, tx: AsyncSession, place: Place, plaintext: bytes) -> bytes:
        """Return the ciphertext of `plaintext` for `place`, under the newest version of the patient's key."""
        try:
            keys = await self._keys(tx, place.patient_id)
            return seal_field(keys[max(keys)], place, plaintext, suite=self._suite, random=self._random)
        except Refused as refused:
            raise _alarm(place, refused.outcome) from None

    async def open(self, tx: AsyncSession, place: Place, sealed: bytes) -> bytes:
        """Return the plaintext, or raise CannotOpen."""
        try:
            key_ver = header(sealed).key_ver
            keys = await self._keys(tx, place.patient_id)
            if key_ver not in keys:  # a newer version than the cache has seen
                keys = await self._load(tx, place.patient_id)
            if key_ver not in keys:
                raise Refused(Outcome.MISSING_KEY)
            return open_field(keys[key_ver], place, sealed)
        except Refused as refused:
            raise _alarm(place, refused.outcome) from None

    async def warm(self, tx: AsyncSession, patients: Iterable[PatientId]) -> None:
        """Load the keys of many patients (at most 2,048) in few queries, before opening a list of theirs.

        A key that does not unwrap is left out: opening that patient's field then says so.
        """
        missing = [patient_id for patient_id in patients if self._cache.get(patient_id) is None][:CACHED]
        for start in range(0, len(missing), BATCH):
            by_patient: dict[PatientId, list[store.StoredKey]] = {}
            for stored in await store.patient_keys(tx, missing[start : start + BATCH]):
                by_patient.setdefault(stored.patient_id, []).append(stored)
            for patient_id, versions in by_patient.items():
                try:
                    self._cache.put(patient_id, self._unwrap(versions))
                except Refused:
                    continue

    def blind(self, table: str, field: str, normalised: str) -> bytes:
        """Return 16 bytes that are equal for equal values, and say nothing without the index key."""
        return self._keyring.index.blind(table, field, normalised)

    def forget(self) -> None:
        """Forget all opened keys now."""
        self._cache.clear()

    async def _keys(self, tx: AsyncSession, patient_id: PatientId) -> PatientKeys:
        fresh: PatientKeys | None = tx.info.get(_FRESH, {}).get(patient_id)
        return fresh or self._cache.get(patient_id) or await self._load(tx, patient_id)

    async def _load(self, tx: AsyncSession, patient_id: PatientId) -> PatientKeys:
        keys = self._unwrap(await store.patient_keys(tx, [patient_id]))
        self._cache.put(patient_id, keys)
        return keys

    def _unwrap(self, versions: Iterable[store.StoredKey]) -> PatientKeys:
        keys = {
            stored.ver: self._unwrap_one(stored, stored.wrapped) for stored in versions if stored.wrapped is not None
        }
        if not keys:
            raise Refused(Outcome.MISSING_KEY)
        return keys

    def _unwrap_one(self, stored: store.StoredKey, wrapped: bytes) -> OpenedKey:
        master = self._keyring.master.get(stored.kek_id)
        if master is None:
            raise Refused(Outcome.MISSING_KEY)
        if master.check != stored.kek_check:
            raise Refused(Outcome.WRONG_KEY)
        return master.unwrap(wrapped, stored.patient_id, stored.ver, stored.commit_tag)


def _alarm(place: Place, outcome: Outcome) -> CannotOpen:
    """Write the named cause to the log, for repair; return the error that says nothing."""
    log.error(
        "sealed field refused",
        extra={
            "outcome": outcome.value,
            "table": place.table,
            "column": place.column,
            "record_id": str(place.record_id),
        },
    )
    return CannotOpen()
