"""The named queries of referrals and of broken glass."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import AccountId, GlassId, PatientId, PractitionerId, ReferralId
from server.people.access.glass_rules import Glass, Verdict
from server.people.access.tables import GlassRow, ReferralRow
from server.people.store import same_person


async def is_referred(tx: AsyncSession, practitioner_id: PractitionerId, patient_id: PatientId, at: datetime) -> bool:
    """Return whether some doctor's referral of the patient to this one holds at an instant."""
    query = select(ReferralRow.id).where(
        ReferralRow.practitioner_id == practitioner_id,
        ReferralRow.patient_id.in_(same_person(patient_id)),
        *_holds(at),
    )
    return (await tx.scalars(query.limit(1))).first() is not None


async def looks_through(tx: AsyncSession, account_id: AccountId, patient_id: PatientId, at: datetime) -> bool:
    """Return whether this person broke the glass of this patient, and the hour is not over at an instant."""
    query = select(GlassRow.id).where(
        GlassRow.account_id == account_id,
        GlassRow.patient_id.in_(same_person(patient_id)),
        GlassRow.broken_at <= at,
        GlassRow.until > at,
        GlassRow.reviewed_at.is_(None),
    )
    return (await tx.scalars(query.limit(1))).first() is not None


async def referrals_of(
    tx: AsyncSession, practitioner_id: PractitionerId, at: datetime, patient_id: PatientId | None = None
) -> Sequence[ReferralRow]:
    """Return the referrals that hold, by this doctor or to them, of one patient or of all; the newest first."""
    mine = (ReferralRow.practitioner_id == practitioner_id) | (ReferralRow.referred_by == practitioner_id)
    query = select(ReferralRow).where(mine, *_holds(at)).order_by(ReferralRow.since.desc(), ReferralRow.id)
    if patient_id is not None:
        query = query.where(ReferralRow.patient_id.in_(same_person(patient_id)))
    return (await tx.scalars(query)).all()


async def revoke(tx: AsyncSession, referral_id: ReferralId, by: PractitionerId, at: datetime) -> PatientId | None:
    """End a referral that this doctor made and that still holds; return whose it was, or None."""
    query = update(ReferralRow).where(ReferralRow.id == referral_id, ReferralRow.referred_by == by, *_holds(at))
    found: PatientId | None = await tx.scalar(query.values(revoked_at=at).returning(ReferralRow.patient_id))
    return found


async def unreviewed_of(tx: AsyncSession, account_id: AccountId) -> Glass | None:
    """Return what this person broke and nobody has reviewed yet: at most one."""
    query = select(GlassRow).where(GlassRow.account_id == account_id, GlassRow.reviewed_at.is_(None))
    row = (await tx.scalars(query)).one_or_none()
    return glass(row) if row else None


async def unreviewed(tx: AsyncSession) -> list[Glass]:
    """Return what nobody has reviewed yet, the oldest first."""
    query = select(GlassRow).where(GlassRow.reviewed_at.is_(None)).order_by(GlassRow.broken_at, GlassRow.id)
    return [glass(row) for row in await tx.scalars(query)]


async def reviewed_since(tx: AsyncSession, since: datetime) -> list[Glass]:
    """Return what was reviewed since an instant, the newest first."""
    query = select(GlassRow).where(GlassRow.reviewed_at >= since).order_by(GlassRow.reviewed_at.desc(), GlassRow.id)
    return [glass(row) for row in await tx.scalars(query)]


async def broken(tx: AsyncSession, glass_id: GlassId) -> Glass:
    """Return one, and hold it still until the transaction ends; raises NoResultFound."""
    query = select(GlassRow).where(GlassRow.id == glass_id).with_for_update()
    return glass((await tx.scalars(query)).one())


async def of_patient(tx: AsyncSession, patient_id: PatientId) -> Sequence[GlassRow]:
    """Return every time that the glass of a patient was broken, the newest first."""
    query = select(GlassRow).where(GlassRow.patient_id.in_(same_person(patient_id)))
    return (await tx.scalars(query.order_by(GlassRow.broken_at.desc(), GlassRow.id))).all()


async def close(tx: AsyncSession, account_id: AccountId, at: datetime) -> Glass | None:
    """End the hour of this person now; return what was open, or None when nothing was."""
    query = update(GlassRow).where(
        GlassRow.account_id == account_id, GlassRow.reviewed_at.is_(None), GlassRow.until > at
    )
    found = await tx.scalar(query.values(until=at).returning(GlassRow.id))
    return await broken(tx, found) if found else None


async def decide(tx: AsyncSession, glass_id: GlassId, verdict: Verdict, by: AccountId, at: datetime) -> bool:
    """Keep a verdict; return whether there was none before."""
    query = update(GlassRow).where(GlassRow.id == glass_id, GlassRow.reviewed_at.is_(None))
    values = {"verdict": verdict, "reviewed_at": at, "reviewed_by": by}
    return await tx.scalar(query.values(**values).returning(GlassRow.id)) is not None


def glass(row: GlassRow) -> Glass:
    """Return the row without its words."""
    return Glass(
        row.id,
        row.patient_id,
        row.account_id,
        row.practitioner_id,
        row.reason,
        row.broken_at,
        row.until,
        row.verdict,
        row.reviewed_at,
        row.reviewed_by,
    )


def _holds(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return ReferralRow.since <= at, ReferralRow.until > at, ReferralRow.revoked_at.is_(None)
