"""The vault: seals and opens fields under each patient's own key, and keeps opened keys for a short while.

which key?   made in this transaction  >  cache (2,048 patients, 5 minutes)  >  load, unwrap, check
shut?        the keys are away: everything is refused (503 `sealed`), nothing is written in clear
then         AEAD with the place as AAD  >  plaintext, or one error that says nothing
"""

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen, Unavailable
from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.kernel.words import N_
from server.records.seal import store
from server.records.seal.chunks import DocumentOpener, DocumentSealer, document_key_ver
from server.records.seal.envelope import (
    FreshKey,
    KeysAway,
    MasterKey,
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
P = ParamSpec("P")
Made = TypeVar("Made")

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
        ended_too: bool = False,
    ) -> None:
        """`ended_too`: believe what ended keys sealed as well; for who seals everything anew, and nobody else."""
        self._ended_too = ended_too
        self._keyring = keyring
        self._now = now
        self._suite = suite
        self._random = random
        self._cache = KeyCache(now)
        self._shut = False

    @property
    def keyring(self) -> Keyring:
        """The keys in use."""
        return self._keyring

    @property
    def is_shut(self) -> bool:
        """Whether the keys are away: nothing is sealed or opened then, and nothing is written in clear."""
        return self._shut

    def shut(self) -> None:
        """Seal the records until the keys are back: forget what is open, refuse everything."""
        self._shut = True
        self._cache.clear()

    def use(self, keyring: Keyring) -> None:
        """Take these keys from now on, and serve again if the records were shut."""
        self._keyring = keyring
        self._shut = False

    async def make_key(self, tx: AsyncSession, patient_id: PatientId) -> None:
        """Make the patient's first key, once, in the transaction that registers the patient.

        The key serves this transaction at once, but enters the cache only when read back after the commit:
        nothing may ever be sealed under a key that was rolled back.
        """
        fresh = await self._make(tx, patient_id, 1)
        tx.info.setdefault(_FRESH, {})[patient_id] = {1: fresh.key}

    async def renew_key(self, tx: AsyncSession, patient_id: PatientId, key_ver: int) -> None:
        """Make a newer version of the patient's key. Who calls holds the versions, and forgets opened keys after."""
        await self._make(tx, patient_id, key_ver)

    async def _make(self, tx: AsyncSession, patient_id: PatientId, key_ver: int) -> FreshKey:
        self._refuse_when_shut()
        kek_id = await store.primary_kek(tx)
        if kek_id is None or kek_id not in self._keyring.master:
            raise _sealed()
        master = self._keyring.master[kek_id]
        fresh = await self._ask(master, FreshKey.make, master, patient_id, key_ver, self._random)
        await store.add_patient_key(tx, patient_id, kek_id, fresh, self._now())
        return fresh

    async def seal(self, tx: AsyncSession, place: Place, plaintext: bytes) -> bytes:
        """Return the ciphertext of `plaintext` for `place`, under the newest version of the patient's key."""
        self._refuse_when_shut()
        try:
            keys = await self._keys(tx, place.patient_id)
            return seal_field(keys[max(keys)], place, plaintext, suite=self._suite, random=self._random)
        except Refused as refused:
            raise _alarm(place, refused.outcome) from None

    async def open(self, tx: AsyncSession, place: Place, sealed: bytes) -> bytes:
        """Return the plaintext, or raise CannotOpen."""
        self._refuse_when_shut()
        try:
            return open_field(await self._version(tx, place, header(sealed).key_ver), place, sealed)
        except Refused as refused:
            raise _alarm(place, refused.outcome) from None

    async def document_sealer(self, tx: AsyncSession, place: Place) -> DocumentSealer:
        """Return what seals a document for `place`, piece by piece, under a key of its own."""
        self._refuse_when_shut()
        try:
            keys = await self._keys(tx, place.patient_id)
        except Refused as refused:
            raise _alarm(place, refused.outcome) from None
        return DocumentSealer(keys[max(keys)], place, suite=self._suite, random=self._random)

    async def document_opener(self, tx: AsyncSession, place: Place, head: bytes) -> "GuardedOpener":
        """Return what opens a sealed document chunk by chunk; `head` is its first HEAD_SIZE bytes."""
        self._refuse_when_shut()
        try:
            key = await self._version(tx, place, document_key_ver(head))
            return GuardedOpener(DocumentOpener(key, place, head), place)
        except Refused as refused:
            raise _alarm(place, refused.outcome) from None

    async def warm(self, tx: AsyncSession, patients: Iterable[PatientId]) -> None:
        """Load the keys of many patients (at most 2,048) in few queries, before opening a list of theirs.

        A key that does not unwrap is left out: opening that patient's field then says so.
        """
        self._refuse_when_shut()
        missing = [patient_id for patient_id in patients if self._cache.get(patient_id) is None][:CACHED]
        for start in range(0, len(missing), BATCH):
            by_patient: dict[PatientId, list[store.StoredKey]] = {}
            for stored in await store.patient_keys(tx, missing[start : start + BATCH]):
                by_patient.setdefault(stored.patient_id, []).append(stored)
            for patient_id, versions in by_patient.items():
                try:
                    self._cache.put(patient_id, await self._unwrap(versions))
                except Refused:
                    continue

    def blind(self, table: str, field: str, normalised: str) -> bytes:
        """Return 16 bytes that are equal for equal values, and say nothing without the index key."""
        self._refuse_when_shut()
        return self._keyring.index.blind(table, field, normalised)

    def forget(self) -> None:
        """Forget all opened keys now."""
        self._cache.clear()

    async def _keys(self, tx: AsyncSession, patient_id: PatientId) -> PatientKeys:
        fresh: PatientKeys | None = tx.info.get(_FRESH, {}).get(patient_id)
        return fresh or self._cache.get(patient_id) or await self._load(tx, patient_id)

    async def _version(self, tx: AsyncSession, place: Place, key_ver: int) -> OpenedKey:
        keys = await self._keys(tx, place.patient_id)
        if key_ver not in keys:  # a newer version than the cache has seen
            keys = await self._load(tx, place.patient_id)
        if key_ver not in keys:
            raise Refused(Outcome.MISSING_KEY)
        return keys[key_ver]

    async def _load(self, tx: AsyncSession, patient_id: PatientId) -> PatientKeys:
        keys = await self._unwrap(await store.patient_keys(tx, [patient_id]))
        self._cache.put(patient_id, keys)
        return keys

    async def _unwrap(self, versions: Iterable[store.StoredKey]) -> PatientKeys:
        keys = {
            one.ver: await self._unwrap_one(one, one.wrapped)
            for one in versions
            if one.wrapped is not None and (self._ended_too or one.ended_at is None)
        }
        if not keys:
            raise Refused(Outcome.MISSING_KEY)
        return keys

    async def _unwrap_one(self, stored: store.StoredKey, wrapped: bytes) -> OpenedKey:
        master = self._keyring.master.get(stored.kek_id)
        if master is None:
            raise Refused(Outcome.MISSING_KEY)
        if master.check != stored.kek_check:
            raise Refused(Outcome.WRONG_KEY)
        return await self._ask(master, master.unwrap, wrapped, stored.patient_id, stored.ver, stored.commit_tag)

    async def _ask(self, master: MasterKey, ask: Callable[P, Made], /, *words: P.args, **more: P.kwargs) -> Made:
        """Ask a master key, beside the event loop when it is far; shut the records when it does not answer."""
        try:
            return await asyncio.to_thread(ask, *words, **more) if master.remote else ask(*words, **more)
        except KeysAway:
            self.shut()
            log.error("records shut: the keys are away", extra={"key_id": master.id})
            raise _sealed() from None

    def _refuse_when_shut(self) -> None:
        if self._shut:
            raise _sealed()


class GuardedOpener:
    """Opens a document, and raises CannotOpen at the first chunk that is not what was sealed there."""

    def __init__(self, opener: DocumentOpener, place: Place) -> None:
        self._opener, self._place = opener, place

    def add(self, piece: bytes) -> bytes:
        """Return the plaintext of the chunks that `piece` completes."""
        try:
            return self._opener.add(piece)
        except Refused as refused:
            raise _alarm(self._place, refused.outcome) from None

    def chunk(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Return the plaintext of one whole chunk; `last` says that the document ends with it."""
        try:
            return self._opener.chunk(number, sealed, last=last)
        except Refused as refused:
            raise _alarm(self._place, refused.outcome) from None

    def end(self) -> bytes:
        """Return the rest. Only after this is the document known to be whole."""
        try:
            return self._opener.end()
        except Refused as refused:
            raise _alarm(self._place, refused.outcome) from None


def _sealed() -> Unavailable:
    return Unavailable(
        N_("Les dossiers sont verrouillés : une clé manque au serveur. Rien n’a été perdu."),
        code="sealed",
    )


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
