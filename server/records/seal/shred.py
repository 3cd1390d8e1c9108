"""Crypto-shredding: a patient's keys are destroyed, so that nothing sealed for them ever opens again.

    one person asks ──> ledger ──> another confirms ──> keys emptied, indexes gone, audit entry: one transaction
                                        └──> SQLite is overwritten; a restore plays the ledger again before it serves

For the end of retention and for test records. Until the last older backup is gone it is “pending in backups”.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import PatientId, new_id
from server.kernel.words import N_
from server.people.store import same_ids
from server.records.seal import store
from server.records.seal.rotation import BACKUPS_KEPT_FOR
from server.records.seal.store import Shredding

REASON_SIZE = 200


@dataclass(frozen=True, slots=True)
class Shredded:
    """What a confirmed shred did."""

    patient_id: PatientId
    keys: int
    in_backups_until: datetime


class Shredder:
    """What two people can do, and one cannot."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def ask(self, who: Identity, patient_id: PatientId, reason: str) -> UUID:
        """Write into the ledger that `who` wants a patient's records made unreadable. Nothing is destroyed yet."""
        require(who, Act.RECORD_SHRED)
        if not reason.strip() or len(reason) > REASON_SIZE:
            raise Invalid(N_("Écrivez pourquoi, en 200 signes au plus."), fields={"reason": N_("Pourquoi ?")})
        async with self._database.transaction() as tx:
            if not await store.patient_exists(tx, patient_id):
                raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
            if len(await same_ids(tx, patient_id)) > 1:  # half of a person must not stay readable
                raise Conflict(N_("Ce dossier est réuni avec un autre. Séparez-les d’abord."), code="merged")
            wish = Shredding(new_id(), patient_id, reason.strip(), who.account_id, self._now())
            await store.ask_shred(tx, wish)
            await self._note(tx, who, Action.SHRED_ASKED, wish)
        return wish.id

    async def confirm(self, who: Identity, shred_id: UUID) -> Shredded:
        """Destroy the keys that another person asked to destroy. There is no way back."""
        require(who, Act.RECORD_SHRED)
        async with self._database.transaction() as tx:
            wish = await store.shredding(tx, shred_id)
            if wish is None:
                raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
            if wish.confirmed_at is not None:
                raise Conflict(N_("C’est déjà fait."), code="shredded")
            if wish.asked_by == who.account_id:
                raise Conflict(N_("Une autre personne doit confirmer. Rien n’a été changé."), code="two-people")
            keys = await store.destroy_keys(tx, wish.patient_id, self._now())
            await store.confirm_shred(tx, shred_id, who.account_id, self._now())
            await self._note(tx, who, Action.SHREDDED, wish)
        await store.scour(self._database.engine)
        return Shredded(wish.patient_id, keys, self._now() + BACKUPS_KEPT_FOR)

    async def ledger(self) -> list[Shredding]:
        """Return all wishes, done or not, oldest first."""
        async with self._database.reading() as tx:
            return await store.ledger(tx)

    async def _note(self, tx: AsyncSession, who: Identity, action: Action, wish: Shredding) -> None:
        await record(
            tx,
            who,
            action,
            at=self._now(),
            patient_id=wish.patient_id,
            record=f"shred:{wish.id}",
            reason=wish.reason,
        )


def encoded(ledger: Iterable[Shredding]) -> bytes:
    """Return the ledger as JSON, to travel beside a backup: it holds no key and no name."""
    return msgspec.json.encode(list(ledger))


def decoded(raw: bytes) -> list[Shredding]:
    """Return the ledger that `encoded` wrote."""
    return msgspec.json.decode(raw, type=list[Shredding])


async def replay(tx: AsyncSession, ledger: Iterable[Shredding]) -> int:
    """Do every confirmed shred of `ledger` again in a restored database; return how many keys that destroyed.

    A restore calls it before anything is served, with the newest ledger that there is, not the backup's own.
    """
    there = {wish.id: wish for wish in await store.ledger(tx)}
    destroyed = 0
    for wish in ledger:
        if wish.id not in there:
            await store.ask_shred(tx, wish)
        if wish.confirmed_by is None or wish.confirmed_at is None:
            continue
        known = there.get(wish.id, wish)
        if known.confirmed_at is None:
            await store.confirm_shred(tx, wish.id, wish.confirmed_by, wish.confirmed_at)
        destroyed += await store.destroy_keys(tx, wish.patient_id, wish.confirmed_at)
    return destroyed
