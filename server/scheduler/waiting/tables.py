"""The rows of the waiting list: who waits, which moments were freed, and who was asked."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import (
    AccountId,
    AppointmentId,
    FreedMomentId,
    PatientId,
    PractitionerId,
    PromiseId,
    SiteId,
    WaitingEntryId,
    WaitingOfferId,
)
from server.scheduler.rules.search import PartOfDay
from server.scheduler.waiting.rules import EntryStatus, MomentStatus, OfferStatus


class WaitingEntry(Row):
    """Somebody wants a moment, or an earlier one, for one promise."""

    __tablename__ = "waiting_entry"
    __table_args__ = (Index("ix_waiting_entry_site_id_status", "site_id", "status"),)

    id: Mapped[WaitingEntryId] = mapped_column(primary_key=True)
    promise_id: Mapped[PromiseId] = mapped_column(ForeignKey("follow_up_promise.id"), unique=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    status: Mapped[EntryStatus]
    from_on: Mapped[date]
    until_on: Mapped[date]
    weekdays: Mapped[int]
    part: Mapped[PartOfDay | None]
    practitioner_id: Mapped[PractitionerId | None] = mapped_column(ForeignKey("practitioner.id"))
    since: Mapped[datetime]
    created_by: Mapped[AccountId]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class FreedMoment(Row):
    """A doctor's moment that became free: written in the transaction that frees it, so that none is lost."""

    __tablename__ = "freed_moment"
    __table_args__ = (
        Index("ix_freed_moment_status_not_before", "status", "not_before"),
        Index("ix_freed_moment_practitioner_id_starts_at", "practitioner_id", "starts_at"),
    )

    id: Mapped[FreedMomentId] = mapped_column(primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    starts_at: Mapped[datetime]
    given_up_by: Mapped[PromiseId | None] = mapped_column(ForeignKey("follow_up_promise.id"))
    """Who did not want it: they are not asked. None: a doctor has opened it."""
    status: Mapped[MomentStatus]
    freed_at: Mapped[datetime]
    not_before: Mapped[datetime]
    """Nobody is told at night: it waits until the village is up."""


class WaitingOffer(Row):
    """One moment, offered to one person, kept by a hold until somebody answers or the time is over."""

    __tablename__ = "waiting_offer"
    __table_args__ = (
        UniqueConstraint("moment_id", "entry_id"),
        Index("ix_waiting_offer_site_id_status", "site_id", "status"),
        Index("ix_waiting_offer_status_until", "status", "until"),
    )

    id: Mapped[WaitingOfferId] = mapped_column(primary_key=True)
    moment_id: Mapped[FreedMomentId] = mapped_column(ForeignKey("freed_moment.id"))
    entry_id: Mapped[WaitingEntryId] = mapped_column(ForeignKey("waiting_entry.id"), index=True)
    promise_id: Mapped[PromiseId] = mapped_column(ForeignKey("follow_up_promise.id"), index=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    hold_id: Mapped[AppointmentId] = mapped_column(ForeignKey("appointment.id"), unique=True)
    hold_version: Mapped[int]
    status: Mapped[OfferStatus]
    offered_at: Mapped[datetime]
    until: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[AccountId | None]
    """Who wrote the answer down; None: by the link, or nobody answered."""
