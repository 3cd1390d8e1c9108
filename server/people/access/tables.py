"""The rows of referrals and of broken glass. Why somebody broke it is sealed under the patient's key."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, GlassId, PatientId, PractitionerId, ReferralId
from server.people.access.glass_rules import GlassReason, Verdict

_UNREVIEWED = text("reviewed_at IS NULL")


class ReferralRow(Row):
    """A doctor lets another read a patient's record until an instant."""

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_whom", "practitioner_id", "patient_id"),
        Index("ix_referral_by", "referred_by"),
    )

    id: Mapped[ReferralId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    referred_by: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class GlassRow(Row):
    """A record that was opened in an emergency. One that nobody reviewed yet bars the next: the index says so."""

    __tablename__ = "broken_glass"
    __table_args__ = (
        Index("ix_broken_glass_whom", "practitioner_id", "patient_id"),
        Index(
            "uq_broken_glass_unreviewed",
            "account_id",
            unique=True,
            sqlite_where=_UNREVIEWED,
            postgresql_where=_UNREVIEWED,
        ),
    )

    id: Mapped[GlassId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    account_id: Mapped[AccountId]
    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    reason: Mapped[GlassReason]
    sealed_words: Mapped[bytes]
    row_ver: Mapped[int]
    broken_at: Mapped[datetime]
    until: Mapped[datetime]
    verdict: Mapped[Verdict | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[AccountId | None]
