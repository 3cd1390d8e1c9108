"""The rows of changed hours, which can be undone, and of calendar addresses, which can be taken back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, ResourceId


class HoursChange(Row):
    """One change of somebody's hours: all of them before and after, as JSON, so that it can be read and undone."""

    __tablename__ = "hours_change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[ResourceId] = mapped_column(ForeignKey("resource.id"), index=True)
    changed_at: Mapped[datetime]
    changed_by: Mapped[AccountId | None]
    """None: somebody at the machine, by a file."""
    before: Mapped[str] = mapped_column(Text)
    then: Mapped[str] = mapped_column(Text)
    undone_at: Mapped[datetime | None]


class CalendarFeed(Row):
    """A secret address under which a calendar program reads one resource's appointments; only its hash is kept."""

    __tablename__ = "calendar_feed"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[ResourceId] = mapped_column(ForeignKey("resource.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    made_at: Mapped[datetime]
    made_by: Mapped[AccountId]
    revoked_at: Mapped[datetime | None]
