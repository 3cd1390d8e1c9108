"""The rows of reminders: by which channels a patient wants them, and the outbox."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, AppointmentId, PatientId, ReminderChoiceId, ReminderId, SiteId
from server.scheduler.reminders.rules import Channel, Occasion, ReminderStatus


class ReminderChoice(Row):
    """One patient's word about one channel. The telephone number or e-mail address is sealed; "" for a printed card."""

    __tablename__ = "reminder_choice"
    __table_args__ = (UniqueConstraint("patient_id", "channel"),)

    id: Mapped[ReminderChoiceId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    channel: Mapped[Channel]
    wanted: Mapped[bool]
    locale: Mapped[str] = mapped_column(String(8))
    sealed_address: Mapped[bytes]
    said_at: Mapped[datetime]
    said_by: Mapped[AccountId | None]
    """Who wrote it down; None: the patient took the consent back by the link of a reminder."""
    row_ver: Mapped[int]


class Reminder(Row):
    """The outbox: one message about one moment of one appointment. Its id is the provider's idempotency key."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("appointment_id", "starts_at", "occasion", "channel"),
        Index("ix_reminder_status_not_before", "status", "not_before"),
        Index("ix_reminder_site_id_status", "site_id", "status"),
    )

    id: Mapped[ReminderId] = mapped_column(primary_key=True)
    appointment_id: Mapped[AppointmentId] = mapped_column(ForeignKey("appointment.id"))
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    starts_at: Mapped[datetime]
    """The moment that it speaks of: when the appointment moved on, it is dropped."""
    occasion: Mapped[Occasion]
    channel: Mapped[Channel]
    status: Mapped[ReminderStatus]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    fence: Mapped[int]
    """Counts who took it to send: only the last may write what came of it."""
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    trouble: Mapped[str | None] = mapped_column(String(40))
    provider_ref: Mapped[str | None] = mapped_column(String(120))
    sent_at: Mapped[datetime | None]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    code_index: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    """Blind: what one says by telephone instead of following the link."""
