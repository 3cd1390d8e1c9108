"""Opening a commune from a file: places, people, accounts, hours and public holidays, in one transaction or none.

file ─▶ founding: rows and accounts ─▶ hours of each line that gives some ─▶ holidays of each zone ─▶ report
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.errors import Conflict
from server.kernel.words import N_
from server.people.founding.rules import Line, PlacesFile, PractitionerLine, SiteLine, Step, kind_of
from server.people.founding.service import Founded, Founding
from server.scheduler.availability.rules import Difference
from server.scheduler.availability.service import Availability
from server.scheduler.availability.subjects import subject
from server.scheduler.availability.written import read_hours
from server.scheduler.closings.rules import areas_of
from server.scheduler.service.agenda import Agenda

YEARS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would do: what changed, whose hours, and the passwords to say once, by login."""

    steps: tuple[Step, ...]
    hours: tuple[tuple[str, Difference], ...]
    passwords: dict[str, str]
    lines: int


class _Rehearsed(Exception):
    """Ends a transaction that was only tried."""


class Opening:
    """Imports a file of places."""

    def __init__(
        self, database: Database, founding: Founding, availability: Availability, agenda: Agenda, now: Clock
    ) -> None:
        self._database = database
        self._founding = founding
        self._availability = availability
        self._agenda = agenda
        self._now = now

    async def read(self, who: Identity | None, file: PlacesFile, *, rehearse: bool) -> Report:
        """Write a file, or say what it would do. Raises Invalid for faults, Conflict for hours that hit appointments.

        The caller has authorised; `who` None is somebody at the machine. Reading the same file twice changes nothing.
        """
        reports: list[Report] = []
        try:
            async with self._database.transaction() as tx:
                reports.append(await self._write(tx, who, list(file.lines())))
                if rehearse:
                    raise _Rehearsed
        except _Rehearsed:
            pass
        return reports[0]

    async def _write(self, tx: AsyncSession, who: Identity | None, lines: Collection[Line]) -> Report:
        founded = await self._founding.found(tx, who, lines)
        hours = []
        for line in lines:
            written = getattr(line, "hours", ())
            if written:
                changed = await self._open(tx, who, line, founded)
                hours += [(line.name, changed)] if changed else []
        areas = {(line.zone, area) for line in lines if isinstance(line, SiteLine) for area in _areas(line)}
        years = range(self._now().year, self._now().year + YEARS_AHEAD)
        for zone, area in sorted(areas):
            await self._agenda.close_on_holidays(tx, zone, years, area)
        return Report(founded.steps, tuple(hours), founded.passwords, len(lines))

    async def _open(self, tx: AsyncSession, who: Identity | None, line: Line, founded: Founded) -> Difference:
        """Write the weekly hours of a line; its zone is the site's, or the one that a doctor's line names."""
        one = await subject(tx, founded.ids[kind_of(line), line.key])
        named = line.zone if isinstance(line, PractitionerLine) else ""
        zone = named or await self._availability.zone_of(tx, one)
        weekly = read_hours(getattr(line, "hours", ()))
        done = await self._availability.open_weekly(tx, who, one, zone, weekly)
        if not done.saved:
            raise Conflict(
                N_("Les heures de « %(name)s » laissent %(count)s rendez-vous dehors. Changez-les dans le navigateur."),
                code="hits",
                name=line.name,
                count=len(done.hit),
            )
        return done.difference


def _areas(line: SiteLine) -> tuple[str, ...]:
    return areas_of(line.zone, line.insee)
