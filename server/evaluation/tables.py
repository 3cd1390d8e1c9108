"""The rows of residents' feedback: a face, no name and no words."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import CabinId, EncounterId


class FeedbackRow(Row):
    """What one patient thought of one visit."""

    __tablename__ = "feedback"
    __table_args__ = (CheckConstraint("face BETWEEN 1 AND 3", name="face"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"), unique=True)
    cabin_id: Mapped[CabinId] = mapped_column(ForeignKey("cabin.id"), index=True)
    face: Mapped[int]
    at: Mapped[datetime]
