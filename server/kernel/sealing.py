"""The contract between subjects that keep secrets and the vault that seals them (`server.records.seal`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import PatientId


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed field lives; all of it is bound into the ciphertext, so that it opens nowhere else.

    `row_ver` is the version that the row has once the write is done.
    """

    table: str
    column: str
    record_id: UUID
    patient_id: PatientId
    row_ver: int


class Vault(Protocol):
    """Seals and opens fields under the key of one patient."""

    async def make_key(self, tx: AsyncSession, patient_id: PatientId) -> None:
        """Make the patient's first key, once, in the transaction that registers the patient."""

    async def seal(self, tx: AsyncSession, place: Place, plaintext: bytes) -> bytes:
        """Return the ciphertext of `plaintext` for `place`, in the format of FORMAT.md."""

    async def open(self, tx: AsyncSession, place: Place, sealed: bytes) -> bytes:
        """Return the plaintext, or raise CannotOpen."""

    async def warm(self, tx: AsyncSession, patients: Iterable[PatientId]) -> None:
        """Load the keys of many patients in few queries, before opening a list of theirs."""

    def blind(self, table: str, field: str, normalised: str) -> bytes:
        """Return 16 bytes that are equal for equal values, and say nothing without the index key."""
