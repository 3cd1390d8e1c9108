"""The rows of changed closing days, which can be undone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId


class ClosingChange(Row):
    """One change of an area's closing days: what it said about some days before and after, as JSON."""

    __tablename__ = "closing_change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(String(40), index=True)
    changed_at: Mapped[datetime]
    changed_by: Mapped[AccountId]
    before: Mapped[str] = mapped_column(Text)
    then: Mapped[str] = mapped_column(Text)
    undone_at: Mapped[datetime | None]
