"""The declarative root of all rows, with portable types and constraint names that both databases share."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, ClassVar, NewType
from uuid import UUID

from sqlalchemy import Date, DateTime, LargeBinary, MetaData, String, Uuid
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from server.kernel import ids


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant. SQLite keeps no zone: we store UTC and give UTC back; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(enum: type[Enum]) -> list[str]:
    return [member.value for member in enum]


# SQLAlchemy 2.1 looks a NewType up by itself, not by its supertype.
_IDS = {kind: Uuid() for kind in vars(ids).values() if isinstance(kind, NewType) and kind.__supertype__ is UUID}


class Row(DeclarativeBase):
    """The parent of every row. Rows never leave services: those return frozen dataclasses."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # Enums are stored by value, as text: a new value needs no migration of the type.
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {
        datetime: UtcDateTime(),
        date: Date(),
        bytes: LargeBinary(),
        UUID: Uuid(),
        **_IDS,
        str: String(),
        Enum: SqlEnum(Enum, native_enum=False, length=40, values_callable=_values, validate_strings=True),
    }
