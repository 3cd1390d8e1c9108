"""The queries over keys: the only SQL of the encryption core."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import PatientId
from server.records.seal.envelope import FreshKey
from server.records.seal.tables import KekVersion, PatientKey


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that the database knows by its check value."""

    kid: str
    purpose: str
    kcv: str
    state: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One version of a patient's key as it lies in the database."""

    patient_id: PatientId
    ver: int
    kek_id: str
    kek_check: str
    wrapped: bytes | None
    commit_tag: bytes


async def known_keys(tx: AsyncSession) -> dict[str, KnownKey]:
    """Return the keys that this database knows, by id."""
    rows = await tx.execute(select(KekVersion.kid, KekVersion.purpose, KekVersion.kcv, KekVersion.state))
    return {row.kid: KnownKey(row.kid, row.purpose, row.kcv, row.state) for row in rows}


async def keys_in_need(tx: AsyncSession) -> dict[str, int]:
    """Return how many patient keys each master key still holds."""
    query = (
        select(PatientKey.kek_id, func.count())
        .where(PatientKey.wrapped.is_not(None))
        .group_by(PatientKey.kek_id)
        .order_by(PatientKey.kek_id)
    )
    return {kek_id: count for kek_id, count in await tx.execute(query)}


async def add_known_key(tx: AsyncSession, known: KnownKey, provider: str, at: datetime) -> None:
    """Write down a key of the key file; two nodes that start together write it once."""
    values = {
        "kid": known.kid,
        "purpose": known.purpose,
        "provider": provider,
        "kcv": known.kcv,
        "state": known.state,
        "created_at": at,
        "state_at": at,
    }
    dialect = tx.get_bind().dialect.name
    adder = sqlite.insert if dialect == "sqlite" else postgresql.insert
    await tx.execute(adder(KekVersion).values(**values).on_conflict_do_nothing())


async def primary_kek(tx: AsyncSession) -> str | None:
    """Return the id of the master key that new patient keys are wrapped under."""
    query = select(KekVersion.kid).where(KekVersion.purpose == "wrap", KekVersion.state == "primary")
    return (await tx.execute(query)).scalar_one_or_none()


async def add_patient_key(tx: AsyncSession, patient_id: PatientId, kek_id: str, fresh: FreshKey, at: datetime) -> None:
    """Keep a new version of a patient's key."""
    await tx.execute(
        insert(PatientKey).values(
            patient_id=patient_id,
            ver=fresh.key.ver,
            kek_id=kek_id,
            wrapped=fresh.wrapped,
            commit_tag=fresh.commit_tag,
            created_at=at,
        )
    )


async def patient_keys(tx: AsyncSession, patients: Iterable[PatientId]) -> Sequence[StoredKey]:
    """Return every version of the keys of `patients` (at most 500 of them), oldest first."""
    query = (
        select(
            PatientKey.patient_id,
            PatientKey.ver,
            PatientKey.kek_id,
            KekVersion.kcv,
            PatientKey.wrapped,
            PatientKey.commit_tag,
        )
        .join(KekVersion, KekVersion.kid == PatientKey.kek_id)
        .where(PatientKey.patient_id.in_(list(patients)))
        .order_by(PatientKey.patient_id, PatientKey.ver)
    )
    return [StoredKey(*row) for row in await tx.execute(query)]
