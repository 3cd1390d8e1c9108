"""The named queries of setting up: what a file calls a place, instruments, and writing places down."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.tables import Account
from server.people.founding.rules import Instrument
from server.people.founding.tables import InstrumentRow, PlaceKey
from server.people.tables import CabinRow, HealthWorkerRow, PractitionerRow, SiteRow

P = TypeVar("P", SiteRow, CabinRow, InstrumentRow, PractitionerRow, HealthWorkerRow)


async def instruments(tx: AsyncSession) -> list[Instrument]:
    """Return all instruments by name."""
    rows = await tx.scalars(select(InstrumentRow).order_by(InstrumentRow.name))
    return [Instrument(row.id, row.site_id, row.name, row.in_service) for row in rows]


async def keys(tx: AsyncSession) -> dict[tuple[str, str], UUID]:
    """Return what files call places: (kind, key) to id."""
    return {(row.kind, row.key): row.subject_id for row in await tx.scalars(select(PlaceKey))}


async def kept(tx: AsyncSession, table: type[P], subject_id: UUID) -> P:
    """Return one row of a place or a person, locked."""
    return (await tx.scalars(select(table).where(table.id == subject_id).with_for_update())).one()


async def accounts(tx: AsyncSession) -> list[Account]:
    """Return all accounts by login."""
    return list(await tx.scalars(select(Account).order_by(Account.login)))
