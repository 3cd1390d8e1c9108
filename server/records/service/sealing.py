"""One sealed column with its audit leaf: what the services of the records have in common."""

import hashlib
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.ids import PatientId
from server.kernel.sealing import Place, Vault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scribe:
    """Seals, opens and writes down the act, in the caller's transaction."""

    vault: Vault
    now: Clock

    async def seal(self, tx: AsyncSession, place: Place, body: msgspec.Struct) -> "Sealed":
        """Return `body` sealed for `place`, with the key version that the row keeps beside it."""
        sealed = await self.vault.seal(tx, place, msgspec.json.encode(body))
        return Sealed(place, sealed, int.from_bytes(sealed[2:4], "big"))

    async def open(self, tx: AsyncSession, place: Place, sealed: bytes, kind: type[T]) -> T:
        """Return what was sealed at `place`; raises CannotOpen."""
        return msgspec.json.decode(await self.vault.open(tx, place, sealed), type=kind)

    async def wrote(self, tx: AsyncSession, who: Identity, action: Action, sealed: "Sealed") -> None:
        """Write down that `who` wrote this very ciphertext."""
        place = sealed.place
        await record(
            tx,
            who,
            action,
            at=self.now(),
            patient_id=place.patient_id,
            record=f"{place.table}:{place.record_id}",
            row_ver=place.row_ver,
            ct_sha256=hashlib.sha256(sealed.body).digest(),
        )

    async def noted(
        self,
        tx: AsyncSession,
        who: Identity,
        action: Action,
        patient_id: PatientId,
        row: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write down that `who` read, or moved a row without writing words."""
        await record(tx, who, action, at=self.now(), patient_id=patient_id, record=row, reason=reason)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext, its place and the version of the key that made it."""

    place: Place
    body: bytes
    key_ver: int


def body_of(table: str, record_id: UUID, patient_id: PatientId, row_ver: int) -> Place:
    """Return the place of the column `sealed_body`, which every table of the records has."""
    return Place(table, "sealed_body", record_id, patient_id, row_ver)
