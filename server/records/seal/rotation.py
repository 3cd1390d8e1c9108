"""The life of the master keys: staged everywhere, promoted, every patient key wrapped anew, the old one retired.

    key add ──> staged ──> (every live server has loaded it) ──> primary ──> decrypt ──> retired ──> dropped
                              promote, or refused                  rewrap: 500 a batch, under write load

No step loses a key: a server that lacks the new one cannot be overtaken, and a key that something needs stays.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.clock import Clock
from server.records.seal import store
from server.records.seal.envelope import Refused
from server.records.seal.keeper import LIVE_FOR
from server.records.seal.keyring import Keyring
from server.records.seal.providers import KeyProvider
from server.records.seal.start import admit
from server.records.seal.store import KnownKey, StoredKey

BATCH = 500  # rows of one transaction: some 10 ms on SQLite, so that a note in the making hardly waits
BACKUPS_KEPT_FOR = timedelta(days=35)  # SECURITY: the backups of the key table live for 35 days

Progress = Callable[[int], None]
"""Called with how many more keys are done."""


class NotNow(Exception):
    """The step is refused in the present state; the sentence says why, what is safe and what to do."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key as `telecabin key status` shows it."""

    known: KnownKey
    since: datetime
    patient_keys: int
    here: bool
    """Whether this machine's keyring holds it."""


@dataclass(frozen=True, slots=True)
class Status:
    """All keys, and what each live server has loaded."""

    keys: tuple[KeyState, ...]
    loaded: Mapping[str, Mapping[str, str]]

    @property
    def primary(self) -> str:
        """The key that new patient keys are wrapped under."""
        found = [one.known.kid for one in self.keys if one.known.purpose == "wrap" and one.known.state == "primary"]
        return found[0] if found else ""

    @property
    def next_step(self) -> str:
        """What a person would do now."""
        wraps = [one for one in self.keys if one.known.purpose == "wrap"]
        for one in wraps:
            if one.known.state == "staged":
                return f"Next: telecabin key promote {one.known.kid}"
        for one in wraps:
            if one.known.state == "decrypt":
                step = "rewrap" if one.patient_keys else f"retire {one.known.kid}"
                return f"Next: telecabin key {step}"
        return "Nothing to do. Rotate once a year: telecabin key add"


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What a rewrap did."""

    under: str
    done: int
    refused: int


class Rotation:
    """What a person can do with master keys."""

    def __init__(self, database: Database, provider: KeyProvider, now: Clock) -> None:
        self._database = database
        self._provider = provider
        self._now = now

    async def status(self) -> Status:
        """Return the keys, how many patient keys need each, and what the live servers have loaded."""
        keyring = await asyncio.to_thread(self._provider.load)
        async with self._database.transaction() as tx:
            await admit(tx, keyring, self._now, self._provider.name)
        async with self._database.reading() as tx:
            known, since = await store.known_keys(tx), await store.key_dates(tx)
            needed, loaded = await store.keys_in_need(tx), await self._loaded(tx)
        keys = [KeyState(one, since[kid], needed.get(kid, 0), kid in keyring.checks) for kid, one in known.items()]
        return Status(tuple(sorted(keys, key=lambda one: one.since)), loaded)

    async def promote(self, kid: str) -> str:
        """Make `kid` the primary, once every live server has loaded it; return the primary before it."""
        keyring = await asyncio.to_thread(self._provider.load)
        async with self._database.transaction() as tx:
            await admit(tx, keyring, self._now, self._provider.name)
            key = await self._wrapping(tx, kid)
            before = await store.primary_kek(tx) or ""
            if key.state == "primary":
                raise NotNow(f"{kid} is the primary already. Nothing was changed.")
            if key.state not in ("staged", "decrypt") or kid not in keyring.master:
                raise NotNow(f"{kid} is {key.state}: only a key that is loaded can be promoted. Nothing was changed.")
            self._refuse_lacking(key, await self._loaded(tx))
            await store.set_state(tx, before, "decrypt", self._now())
            await store.set_state(tx, kid, "primary", self._now())
            await record(tx, None, Action.KEY_PROMOTED, at=self._now(), record=f"kek_version:{kid}")
        return before

    async def left(self) -> int:
        """Return how many patient keys are not under the primary."""
        async with self._database.reading() as tx:
            primary, needed = await store.primary_kek(tx), await store.keys_in_need(tx)
        return sum(count for kid, count in needed.items() if kid != primary)

    async def rewrap(self, rate: int, progress: Progress = lambda _more: None) -> Rewrapped:
        """Wrap every patient key under the primary, at most `rate` a second; may be stopped and begun again.

        A key that does not open is left as it is and counted.
        """
        keyring = await asyncio.to_thread(self._provider.load)
        async with self._database.reading() as tx:
            primary = await store.primary_kek(tx)
        if primary is None or primary not in keyring.master:
            raise NotNow("the primary key is not in the keyring of this machine. Nothing was changed.")
        done = refused = 0
        after = None
        while True:
            began = time.monotonic()
            async with self._database.reading() as tx:
                batch = await store.keys_not_under(tx, primary, after, BATCH)
            if not batch:
                break
            wrapped = await asyncio.to_thread(rewrapped, keyring, primary, batch)
            if wrapped:
                async with self._database.transaction() as tx:
                    await store.put_rewrapped(tx, primary, wrapped)
            done, refused = done + len(wrapped), refused + len(batch) - len(wrapped)
            after = (batch[-1].patient_id, batch[-1].ver)
            progress(len(batch))
            await asyncio.sleep(max(0.0, len(batch) / rate - (time.monotonic() - began)))
        await self._note(primary, done)
        return Rewrapped(primary, done, refused)

    async def retire(self, kid: str) -> datetime:
        """Retire a key that no patient key needs; return until when a backup may still need it."""
        async with self._database.transaction() as tx:
            key = await self._wrapping(tx, kid)
            if key.state == "primary":
                raise NotNow(f"{kid} is the primary: promote another one first. Nothing was changed.")
            count = (await store.keys_in_need(tx)).get(kid, 0)
            if count:
                raise NotNow(
                    f"{counted(count)} still under {kid}: run “telecabin key rewrap” first. Nothing was changed."
                )
            if key.state != "retired":
                await store.set_state(tx, kid, "retired", self._now())
                await record(tx, None, Action.KEY_RETIRED, at=self._now(), record=f"kek_version:{kid}")
            return (await store.key_dates(tx))[kid] + BACKUPS_KEPT_FOR

    async def drop(self, kid: str, *, no_backup_needs_it: bool = False) -> None:
        """Take a retired key out of the keyring, when no backup can need it any more."""
        until = await self.retire(kid)
        if self._now() < until and not no_backup_needs_it:
            raise NotNow(
                f"{kid} is retired; backups made before may need it until {until:%Y-%m-%d}. "
                "It stays in the key file. With --no-backup-needs-it it is taken out now."
            )
        await asyncio.to_thread(self._provider.drop, kid)

    async def _wrapping(self, tx: AsyncSession, kid: str) -> KnownKey:
        key = await store.lock_key(tx, kid)
        if key is None or key.purpose != "wrap":
            raise NotNow(f"this database knows no master key {kid}: see “telecabin key status”. Nothing was changed.")
        return key

    async def _loaded(self, tx: AsyncSession) -> dict[str, dict[str, str]]:
        return await store.loaded_by(tx, self._now() - LIVE_FOR)

    def _refuse_lacking(self, key: KnownKey, loaded: Mapping[str, Mapping[str, str]]) -> None:
        lacking = [node for node, checks in loaded.items() if checks.get(key.kid) != key.kcv]
        if lacking:
            raise NotNow(
                f"{len(lacking)} of {len(loaded)} running servers have not loaded {key.kid}: {', '.join(lacking)}. "
                "Nothing was changed. Give them the new key file (a server looks every two seconds; one that has it "
                "as a systemd credential must be restarted), then promote again."
            )

    async def _note(self, primary: str, done: int) -> None:
        if not done:
            return
        async with self._database.transaction() as tx:
            await record(
                tx, None, Action.KEY_REWRAPPED, at=self._now(), record=f"kek_version:{primary}", reason=f"{done} keys"
            )


def counted(keys: int) -> str:
    """Return “1 patient key is”, “7 patient keys are”."""
    return "1 patient key is" if keys == 1 else f"{keys} patient keys are"


def rewrapped(keyring: Keyring, primary: str, batch: Sequence[StoredKey]) -> list[tuple[StoredKey, bytes]]:
    """Return each key of `batch` wrapped under `primary`, without those that do not open."""
    new = keyring.master[primary]
    done = []
    for one in batch:
        old = keyring.master.get(one.kek_id)
        if old is None or old.check != one.kek_check or one.wrapped is None:
            continue
        try:
            done.append((one, old.rewrap(new, one.wrapped, one.patient_id, one.ver, one.commit_tag)))
        except Refused:
            continue
    return done
