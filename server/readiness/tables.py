"""The rows of cabins' checks: figures of devices and of a line, and nobody's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import CabinId
from server.readiness.faults import Fault
from server.readiness.rules import Colour


class ReadinessRow(Row):
    """One check of one cabin. `figures` is the JSON of `rules.Figures`."""

    __tablename__ = "readiness_check"
    __table_args__ = (Index("ix_readiness_check_cabin_id_at", "cabin_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cabin_id: Mapped[CabinId] = mapped_column(ForeignKey("cabin.id"))
    at: Mapped[datetime]
    colour: Mapped[Colour]
    fault: Mapped[Fault | None]
    asked: Mapped[bool]
    figures: Mapped[str] = mapped_column(String(2000))
