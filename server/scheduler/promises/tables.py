"""The rows beside promises: why one was withdrawn, and who handed which ones over."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, AppointmentId, HandoverId, PromiseId
from server.scheduler.promises.rules import HandoverKind, Reader, WithdrawReason


class Withdrawal(Row):
    """A promise that nobody will keep, and why."""

    __tablename__ = "promise_withdrawal"

    promise_id: Mapped[PromiseId] = mapped_column(ForeignKey("follow_up_promise.id"), primary_key=True)
    reason: Mapped[WithdrawReason]
    withdrawn_at: Mapped[datetime]
    withdrawn_by: Mapped[AccountId]


class Reading(Row):
    """When somebody of the site, or the doctor who asked, has last opened a promise that had something new."""

    __tablename__ = "promise_reading"

    promise_id: Mapped[PromiseId] = mapped_column(ForeignKey("follow_up_promise.id"), primary_key=True)
    reader: Mapped[Reader] = mapped_column(primary_key=True)
    read_at: Mapped[datetime]


class Handover(Row):
    """Everything that one doctor or health worker had promised, given to another, in one act."""

    __tablename__ = "promise_handover"
    __table_args__ = (CheckConstraint("from_id <> to_id", name="two"), Index("ix_promise_handover_made_at", "made_at"))

    id: Mapped[HandoverId] = mapped_column(primary_key=True)
    kind: Mapped[HandoverKind]
    from_id: Mapped[UUID]
    to_id: Mapped[UUID]
    made_at: Mapped[datetime]
    made_by: Mapped[AccountId]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[AccountId | None]


class HandoverLine(Row):
    """One promise, or the appointment of one, that changed hands. `moved`: it does stand with the other now."""

    __tablename__ = "promise_handover_line"

    handover_id: Mapped[HandoverId] = mapped_column(ForeignKey("promise_handover.id"), primary_key=True)
    promise_id: Mapped[PromiseId] = mapped_column(ForeignKey("follow_up_promise.id"), primary_key=True)
    appointment_id: Mapped[AppointmentId | None] = mapped_column(ForeignKey("appointment.id"))
    moved: Mapped[bool]
