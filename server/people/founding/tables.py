"""The rows of what stands beside people: instruments that a site shares, and the keys that a file of places uses."""

from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import InstrumentId, SiteId
from server.people.founding.rules import InstrumentKind


class InstrumentRow(Row):
    """Something that a site has once and shares: an electrocardiograph, a spirometer."""

    __tablename__ = "instrument"

    id: Mapped[InstrumentId] = mapped_column(primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    in_service: Mapped[bool]
    what: Mapped[InstrumentKind] = mapped_column(default=InstrumentKind.OTHER, server_default="other")


class PlaceKey(Row):
    """What a file of places calls a place or a person: reading the file again changes them, and makes none twice."""

    __tablename__ = "place_key"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(unique=True)
