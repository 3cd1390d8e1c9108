"""The named queries of setting up: what is there, as lines of a file, and writing lines down."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.tables import Account, SessionRow
from server.kernel.access import Role
from server.kernel.ids import AccountId
from server.people.founding.rules import (
    LINES,
    CabinLine,
    Instrument,
    InstrumentLine,
    Line,
    PlaceKind,
    PractitionerLine,
    SiteLine,
    StaffLine,
    WorkerLine,
    kind_of,
)
from server.people.founding.tables import InstrumentRow, PlaceKey
from server.people.tables import CabinRow, HealthWorkerRow, PractitionerRow, SiteRow

PlaceRow = SiteRow | CabinRow | InstrumentRow | PractitionerRow | HealthWorkerRow
TABLES: dict[PlaceKind, type[PlaceRow]] = {
    PlaceKind.SITE: SiteRow,
    PlaceKind.CABIN: CabinRow,
    PlaceKind.INSTRUMENT: InstrumentRow,
    PlaceKind.PRACTITIONER: PractitionerRow,
    PlaceKind.HEALTH_WORKER: HealthWorkerRow,
}
_NOT_COLUMNS = {"key", "site", "login", "hours"}


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is there: its id, its line, and whether its account is closed."""

    id: UUID
    line: Line
    closed: bool = False


Known = dict[tuple[PlaceKind, str], Kept]


async def instruments(tx: AsyncSession) -> list[Instrument]:
    """Return all instruments by name."""
    rows = await tx.scalars(select(InstrumentRow).order_by(InstrumentRow.name))
    return [Instrument(row.id, row.site_id, row.name, row.in_service, row.what) for row in rows]


async def known(tx: AsyncSession) -> Known:
    """Return everything that is there by kind and key; what no file named yet has its id as key."""
    keys = {row.subject_id: row.key for row in await tx.scalars(select(PlaceKey))}
    accounts = list(await tx.scalars(select(Account).order_by(Account.created_at)))
    of_subject: dict[UUID | None, Account] = {}
    for one in accounts:
        of_subject[one.cabin_id or one.health_worker_id or one.practitioner_id] = one
    found: Known = {}
    for kind, table in TABLES.items():
        rows = cast("Iterable[PlaceRow]", await tx.scalars(select(table).order_by(table.name)))
        for row in rows:
            account = of_subject.get(row.id) if _has_account(kind) else None
            line = _line(kind, row, keys, account.login if account else "")
            found[kind, line.key] = Kept(row.id, line, bool(account and account.disabled_at))
    for one in accounts:
        if one.role in (Role.COORDINATOR, Role.ADMIN):
            staff = StaffLine(one.login, one.name, one.role)
            found[PlaceKind.STAFF, one.login] = Kept(one.id, staff, one.disabled_at is not None)
    return found


def _has_account(kind: PlaceKind) -> bool:
    return kind in (PlaceKind.CABIN, PlaceKind.PRACTITIONER, PlaceKind.HEALTH_WORKER)


def _line(kind: PlaceKind, row: PlaceRow, keys: dict[UUID, str], login: str) -> Line:
    if isinstance(row, SiteRow):
        own = [getattr(row, f) for f in SiteLine.__struct_fields__ if f != "key"]
        return SiteLine(keys.get(row.id, str(row.id)), *own)
    if isinstance(row, PractitionerRow):
        return PractitionerLine(row.rpps, row.name, row.specialty, row.place, row.phone, row.email, login)
    key, site = keys.get(row.id, str(row.id)), keys.get(row.site_id, str(row.site_id))
    if isinstance(row, CabinRow):
        return CabinLine(key, site, row.name, login, row.access_notes, row.phone, row.in_service)
    if isinstance(row, InstrumentRow):
        return InstrumentLine(key, site, row.name, row.what, row.in_service)
    return WorkerLine(key, site, row.name, row.profession, row.phone, login)


async def write(tx: AsyncSession, line: Line, subject_id: UUID, known: Known, *, new: bool) -> None:
    """Write a line of a place or a person: its own row, and what files call it."""
    kind = kind_of(line)
    table = TABLES[kind]
    names = {field for field in LINES[kind].__struct_fields__ if field not in _NOT_COLUMNS}
    if kind is PlaceKind.PRACTITIONER:
        names.discard("zone")
    values: dict[str, object] = {name: getattr(line, name) for name in names}
    site = getattr(line, "site", None)
    if site is not None:
        values["site_id"] = known[PlaceKind.SITE, site].id
    if new:
        tx.add(table(id=subject_id, **values))
        await tx.flush()
        if kind is not PlaceKind.PRACTITIONER:
            tx.add(PlaceKey(kind=kind.value, key=line.key, subject_id=subject_id))
    else:
        await tx.execute(update(table).where(table.id == subject_id).values(**values))
    await tx.flush()


async def account(tx: AsyncSession, login: str) -> Account | None:
    """Return the account of a login, locked."""
    return await tx.scalar(select(Account).where(Account.login == login).with_for_update())


async def end_sessions(tx: AsyncSession, account_id: AccountId) -> None:
    """Sign an account out everywhere."""
    for row in await tx.scalars(select(SessionRow).where(SessionRow.account_id == account_id)):
        await tx.delete(row)


async def rename(tx: AsyncSession, account_id: AccountId, name: str) -> None:
    """Say what the holder of an account is called."""
    await tx.execute(update(Account).where(Account.id == account_id).values(name=name))


async def close(tx: AsyncSession, account_id: AccountId, at: datetime | None) -> None:
    """Close an account from an instant, or open it again."""
    await tx.execute(update(Account).where(Account.id == account_id).values(disabled_at=at))
