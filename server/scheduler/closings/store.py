"""The named queries of closing days: what areas say, where everybody stands, and who is booked on some days."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.errors import Conflict
from server.kernel.ids import SiteId
from server.kernel.words import N_
from server.people.founding.tables import InstrumentRow
from server.people.tables import CabinRow, HealthWorkerRow, SiteRow
from server.scheduler.availability.rules import travel_min
from server.scheduler.closings.rules import ClosingLine, Wanted, areas_of, closed_days
from server.scheduler.closings.tables import ClosingChange
from server.scheduler.rules.appointment import EXPECTED
from server.scheduler.tables import Appointment, ClosingDay


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where people and things stand, and which days are closed there."""

    homes: dict[UUID, SiteId]
    insees: dict[SiteId, str]
    said: dict[str, dict[date, ClosingLine]]
    where: dict[SiteId, tuple[float, float]]
    """Latitude and longitude."""

    def closed(self, zone: str, site_id: SiteId | None) -> frozenset[date]:
        """Return the days closed in a zone, at a site if one is named."""
        insee = self.insees.get(site_id, "") if site_id else ""
        return closed_days(areas_of(zone, insee, site_id), self.said)

    def travel(self, places: Collection[SiteId]) -> dict[tuple[SiteId, SiteId], int]:
        """Return the units of driving between each two of these sites, both ways."""
        known = [one for one in places if one in self.where]
        return {
            (one, other): travel_min(self.where[one], self.where[other]) // 5
            for one in known
            for other in known
            if one != other
        }


async def grounds(
    tx: AsyncSession, zones: Collection[str], subjects: Collection[UUID], sites: Collection[SiteId]
) -> Grounds:
    """Return where these subjects stand, and the closing days there, in these zones and at these other sites."""
    homes = await _homes(tx, subjects)
    places = {*homes.values(), *sites}
    rows = list(await tx.scalars(select(SiteRow).where(SiteRow.id.in_(places))))
    insees = {row.id: row.insee for row in rows}
    areas = {area for site_id, insee in insees.items() for area in areas_of("", insee, site_id)}
    where = {row.id: (row.latitude, row.longitude) for row in rows}
    return Grounds(homes, insees, await said_by(tx, {*zones, *areas}), where)


async def _homes(tx: AsyncSession, subjects: Collection[UUID]) -> dict[UUID, SiteId]:
    wanted = list(subjects)
    some = [
        select(table.id, table.site_id).where(table.id.in_(wanted))
        for table in (CabinRow, HealthWorkerRow, InstrumentRow)
    ]
    return {subject: site_id for subject, site_id in await tx.execute(union_all(*some))}


async def said_by(tx: AsyncSession, areas: Collection[str]) -> dict[str, dict[date, ClosingLine]]:
    """Return what areas say, day by day."""
    found: dict[str, dict[date, ClosingLine]] = defaultdict(dict)
    for row in await tx.scalars(select(ClosingDay).where(ClosingDay.area.in_(list(areas)))):
        found[row.area][row.on] = ClosingLine(row.on, row.label, row.closed)
    return found


async def say(tx: AsyncSession, area: str, wanted: Wanted) -> None:
    """Put these lines in the place of what an area said about their days. Raises Conflict when somebody was faster."""
    await tx.execute(delete(ClosingDay).where(ClosingDay.area == area, ClosingDay.on.in_(list(wanted.lines))))
    lines = (line for line in wanted.lines.values() if line is not None)
    tx.add_all(ClosingDay(area=area, on=one.on, label=one.label, closed=one.closed) for one in lines)
    try:
        await tx.flush()
    except IntegrityError:
        raise Conflict(
            N_("Quelqu’un a modifié ces jours entre-temps. Rien n’a été écrasé. Regardez-les, puis recommencez."),
            code="edited-elsewhere",
        ) from None


async def booked_between(tx: AsyncSession, begin: datetime, end: datetime) -> list[Appointment]:
    """Return the appointments that are expected in [begin, end), everywhere, in order."""
    query = select(Appointment).where(
        Appointment.starts_at < end, Appointment.ends_at > begin, Appointment.status.in_(EXPECTED)
    )
    return list(await tx.scalars(query.order_by(Appointment.starts_at, Appointment.id)))


async def changes(tx: AsyncSession, area: str, most: int) -> list[ClosingChange]:
    """Return the last changes of an area's closing days, newest first."""
    query = select(ClosingChange).where(ClosingChange.area == area)
    return list(await tx.scalars(query.order_by(ClosingChange.changed_at.desc(), ClosingChange.id.desc()).limit(most)))


async def change(tx: AsyncSession, area: str, change_id: UUID) -> ClosingChange:
    """Return one change of an area, locked."""
    query = select(ClosingChange).where(ClosingChange.id == change_id, ClosingChange.area == area)
    return (await tx.scalars(query.with_for_update())).one()
