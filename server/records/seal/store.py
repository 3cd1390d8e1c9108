"""The queries over keys: the only SQL of the encryption core."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from server.kernel.ids import PatientId
from server.people.tables import PatientKeyword, PatientRow
from server.records.seal.envelope import FreshKey
from server.records.seal.tables import KekVersion, NodeKeyAck, PatientKey, Shred


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
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """A version of a patient's key, without the key: since when, and whether it is `living` or ended."""

    ver: int
    created_at: datetime
    living: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class Shredding:
    """A line of the ledger: done once a second person has confirmed it."""

    id: UUID
    patient_id: PatientId
    reason: str
    asked_by: UUID
    asked_at: datetime
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = None


_LEDGER = [getattr(Shred, name) for name in Shredding.__slots__]
_STORED = select(
    PatientKey.patient_id,
    PatientKey.ver,
    PatientKey.kek_id,
    KekVersion.kcv,
    PatientKey.wrapped,
    PatientKey.commit_tag,
    PatientKey.ended_at,
).join(KekVersion, KekVersion.kid == PatientKey.kek_id)
_REWRAP = (
    update(PatientKey.__table__)  # type: ignore[arg-type]
    .where(
        PatientKey.patient_id == bindparam("patient"),
        PatientKey.ver == bindparam("version"),
        PatientKey.wrapped == bindparam("before"),
    )
    .values(wrapped=bindparam("now"), kek_id=bindparam("kek"))
)


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
    """Return the id of the master key that new patient keys are wrapped under.

    On PostgreSQL it cannot be retired before this transaction ends (FOR KEY SHARE against `lock_key`).
    """
    query = select(KekVersion.kid).where(KekVersion.purpose == "wrap", KekVersion.state == "primary")
    query = query.with_for_update(read=True, key_share=True)
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
    query = _STORED.where(PatientKey.patient_id.in_(list(patients)))
    query = query.order_by(PatientKey.patient_id, PatientKey.ver)
    return [StoredKey(*row) for row in await tx.execute(query)]


async def hold_versions(tx: AsyncSession, patient_id: PatientId) -> list[KeyVersion]:
    """Return the versions of a patient's key, oldest first; until this transaction ends nobody renews or shreds them.

    The first version is there for ever, and stands for all: who waits for it looks at the others afterwards.
    """
    mine = PatientKey.patient_id == patient_id
    await tx.execute(select(PatientKey.ver).where(mine, PatientKey.ver == 1).with_for_update())
    columns = (PatientKey.ver, PatientKey.created_at, PatientKey.wrapped.is_not(None), PatientKey.ended_at.is_not(None))
    rows = await tx.execute(select(*columns).where(mine).order_by(PatientKey.ver))
    return [KeyVersion(*row) for row in rows]


async def end_versions(tx: AsyncSession, patient_id: PatientId, before: int, at: datetime) -> None:
    """Believe nothing any more that was sealed under the versions before this one."""
    older = (PatientKey.patient_id == patient_id, PatientKey.ver < before, PatientKey.ended_at.is_(None))
    await tx.execute(update(PatientKey).where(*older).values(ended_at=at))


async def keys_made_before(tx: AsyncSession, instant: datetime) -> list[PatientId]:
    """Return the patients whose newest key was made before an instant, without the shredded."""
    newest = select(PatientKey.patient_id).where(PatientKey.wrapped.is_not(None), PatientKey.ended_at.is_(None))
    newest = newest.group_by(PatientKey.patient_id).having(func.max(PatientKey.created_at) < instant)
    return list(await tx.scalars(newest.order_by(PatientKey.patient_id)))


async def unfinished_renewals(tx: AsyncSession) -> list[PatientId]:
    """Return the patients of whom more than one version is in use: a renewal has begun and not ended."""
    renewed = select(PatientKey.patient_id).where(PatientKey.ver > 1, PatientKey.ended_at.is_(None))
    living = (PatientKey.wrapped.is_not(None), PatientKey.ended_at.is_(None))
    query = select(PatientKey.patient_id).where(*living, PatientKey.patient_id.in_(renewed))
    query = query.group_by(PatientKey.patient_id).having(func.count() > 1)
    return list(await tx.scalars(query.order_by(PatientKey.patient_id)))


async def lock_key(tx: AsyncSession, kid: str) -> KnownKey | None:
    """Return a known key, held until this transaction ends: no patient key can come under it meanwhile."""
    query = select(KekVersion.kid, KekVersion.purpose, KekVersion.kcv, KekVersion.state)
    row = (await tx.execute(query.where(KekVersion.kid == kid).with_for_update())).one_or_none()
    return KnownKey(*row) if row else None


async def set_state(tx: AsyncSession, kid: str, state: str, at: datetime) -> None:
    """Move a key on in its life."""
    await tx.execute(update(KekVersion).where(KekVersion.kid == kid).values(state=state, state_at=at))


async def key_dates(tx: AsyncSession) -> dict[str, datetime]:
    """Return since when each known key has been in its state."""
    return {kid: at for kid, at in await tx.execute(select(KekVersion.kid, KekVersion.state_at))}


async def say_loaded(tx: AsyncSession, node: str, checks: Mapping[str, str], at: datetime) -> None:
    """Write down which keys a running server has loaded, in place of what it said before."""
    await tx.execute(delete(NodeKeyAck).where(NodeKeyAck.node == node))
    rows = [{"node": node, "kid": kid, "kcv": check, "seen_at": at} for kid, check in checks.items()]
    await tx.execute(insert(NodeKeyAck), rows)


async def say_gone(tx: AsyncSession, node: str) -> None:
    """Forget a server that stopped."""
    await tx.execute(delete(NodeKeyAck).where(NodeKeyAck.node == node))


async def forget_silent(tx: AsyncSession, before: datetime) -> None:
    """Forget the servers that were last heard of before an instant."""
    await tx.execute(delete(NodeKeyAck).where(NodeKeyAck.seen_at < before))


async def loaded_by(tx: AsyncSession, since: datetime) -> dict[str, dict[str, str]]:
    """Return what each server that spoke since an instant has loaded: node -> key id -> check value."""
    query = select(NodeKeyAck.node, NodeKeyAck.kid, NodeKeyAck.kcv).where(NodeKeyAck.seen_at >= since)
    found: dict[str, dict[str, str]] = {}
    for node, kid, kcv in await tx.execute(query.order_by(NodeKeyAck.node, NodeKeyAck.kid)):
        found.setdefault(node, {})[kid] = kcv
    return found


async def keys_not_under(
    tx: AsyncSession, primary: str, after: tuple[PatientId, int] | None, limit: int
) -> Sequence[StoredKey]:
    """Return the next patient keys that another master key wraps, in the order of their ids."""
    query = (
        _STORED.where(PatientKey.kek_id != primary, PatientKey.wrapped.is_not(None))
        .order_by(PatientKey.patient_id, PatientKey.ver)
        .limit(limit)
    )
    if after is not None:
        query = query.where(
            tuple_(PatientKey.patient_id, PatientKey.ver)
            > tuple_(bindparam("patient", after[0], PatientKey.patient_id.type), after[1])
        )
    return [StoredKey(*row) for row in await tx.execute(query)]


async def put_rewrapped(tx: AsyncSession, kek_id: str, done: Sequence[tuple[StoredKey, bytes]]) -> None:
    """Replace wrapped keys by the same keys under `kek_id`, unless one was changed or shredded meanwhile."""
    rows = [
        {"patient": one.patient_id, "version": one.ver, "before": one.wrapped, "now": wrapped, "kek": kek_id}
        for one, wrapped in done
    ]
    await (await tx.connection()).execute(_REWRAP, rows)


async def ask_shred(tx: AsyncSession, wish: Shredding) -> None:
    """Write a wish into the ledger."""
    await tx.execute(insert(Shred).values(**asdict(wish)))


async def shredding(tx: AsyncSession, shred_id: UUID) -> Shredding | None:
    """Return an entry of the ledger, held until this transaction ends."""
    query = select(*_LEDGER).where(Shred.id == shred_id).with_for_update()
    row = (await tx.execute(query)).one_or_none()
    return Shredding(*row) if row else None


async def confirm_shred(tx: AsyncSession, shred_id: UUID, who: UUID, at: datetime) -> None:
    """Write the second person into the ledger."""
    await tx.execute(update(Shred).where(Shred.id == shred_id).values(confirmed_by=who, confirmed_at=at))


async def ledger(tx: AsyncSession) -> list[Shredding]:
    """Return the whole ledger, oldest first."""
    return [Shredding(*row) for row in await tx.execute(select(*_LEDGER).order_by(Shred.asked_at, Shred.id))]


async def last_shred(tx: AsyncSession) -> datetime | None:
    """Return when a patient was last shredded."""
    return (await tx.execute(select(func.max(Shred.confirmed_at)))).scalar_one()


async def patient_exists(tx: AsyncSession, patient_id: PatientId) -> bool:
    """Return whether a patient has keys here, shredded or not."""
    query = select(PatientKey.ver).where(PatientKey.patient_id == patient_id).limit(1)
    return (await tx.execute(query)).first() is not None


async def destroy_keys(tx: AsyncSession, patient_id: PatientId, at: datetime) -> int:
    """Empty all wrapped keys of a patient, and the blind indexes that lead to them. Return how many keys there were."""
    await hold_versions(tx, patient_id)
    mine = PatientKey.patient_id == patient_id
    living = select(func.count()).select_from(PatientKey).where(mine, PatientKey.wrapped.is_not(None))
    count = (await tx.execute(living)).scalar_one()
    await tx.execute(
        update(PatientKey).where(mine, PatientKey.wrapped.is_not(None)).values(wrapped=None, shredded_at=at)
    )
    await tx.execute(delete(PatientKeyword).where(PatientKeyword.patient_id == patient_id))
    await tx.execute(update(PatientRow.__table__).where(PatientRow.id == patient_id).values(code_index=None))  # type: ignore[arg-type]
    return count


async def scour(engine: AsyncEngine) -> None:
    """Have SQLite overwrite what the database file and its log still hold of deleted rows. PostgreSQL: see RUNBOOK."""
    if engine.dialect.name != "sqlite":
        return
    async with engine.connect() as line:
        driver = (await line.get_raw_connection()).driver_connection
        if driver is None:
            return
        for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            await (await driver.execute(statement)).close()
