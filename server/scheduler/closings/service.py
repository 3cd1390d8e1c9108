"""Closing days by hand: nothing is saved before somebody has said what becomes of the appointments on those days.

close, turn, copy, undo ─▶ the days are those that were seen? ─▶ written in a transaction ─▶ who fits no more?
    some, and nobody has decided ─▶ rolled back; Asked: what changes, whom it hits
    none, or each is decided     ─▶ trail, appointments freed, log ─▶ commit ─▶ nudge
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AccountId, AppointmentId, new_id
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import Site
from server.scheduler import store as scheduler_store
from server.scheduler.availability.freeing import Decided, free
from server.scheduler.availability.rules import Booked, outside
from server.scheduler.availability.service import Nudger
from server.scheduler.availability.store import booked_of
from server.scheduler.availability.subjects import HOME_ZONE
from server.scheduler.closings import rules, store
from server.scheduler.closings.rules import DayHere, Lines, Wanted, areas_of, days_here
from server.scheduler.closings.tables import ClosingChange
from server.scheduler.rules.openings import Calendar
from server.scheduler.rules.units import unit_from, unit_of
from server.scheduler.service.views import CancelReason
from server.scheduler.tables import Appointment

CHANGES_SHOWN = 10
_A_DAY = timedelta(days=1)
_UNKNOWN = N_("Cet élément n’existe pas, ou il n’est pas à vous.")


@dataclass(frozen=True, slots=True)
class Area:
    """Where closing days hold: a zone, a department of it, or a site. `site` None: of all sites in it."""

    key: str
    within: tuple[str, ...]
    """Itself and the wider areas, the widest first."""
    zone: str
    site: Site | None = None

    @property
    def is_zone(self) -> bool:
        """Whether it is a whole zone."""
        return self.key == self.zone


@dataclass(frozen=True, slots=True)
class Changed:
    """One line of the trail."""

    id: UUID
    at: datetime
    by: AccountId
    before: Wanted
    then: Wanted
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClosingSheet:
    """The closing days of an area in a year. `seen` goes into every form over them."""

    area: Area
    areas: tuple[Area, ...]
    year: int
    days: tuple[DayHere, ...]
    seen: str
    lacking: int
    """How many public holidays of that year nobody has copied yet."""
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class ClosingOutcome:
    """What a change does. `hit` empty or decided: it is saved."""

    area: Area
    before: Wanted
    then: Wanted
    hit: tuple[Booked, ...]
    saved: bool


class _Asked(Exception):
    """Ends a transaction in which somebody has to decide first."""


class Closings:
    """The closing days of zones, departments and sites."""

    def __init__(self, database: Database, now: Clock, nudger: Nudger) -> None:
        self._database = database
        self._now = now
        self._nudger = nudger

    async def sheet(self, who: Identity, key: str, year: int) -> ClosingSheet:
        """Return the closing days of an area, or of the first one when `key` is empty."""
        require(who, Act.HOURS_EDIT)
        async with self._database.reading() as tx:
            areas = await _areas(tx)
            area = _named(areas, key or areas[0].key)
            said = await store.said_by(tx, area.within)
            changes = await store.changes(tx, area.key, CHANGES_SHOWN)
        own = said.get(area.key, {})
        days = [day for day in days_here(area.within, said).values() if day.on.year == year]
        lacking = rules.lacking(area.key, area.zone, year, own).lines
        shown = tuple(_changed(one) for one in changes)
        return ClosingSheet(area, tuple(areas), year, tuple(days), rules.digest(own), len(lacking), shown)

    async def turn(
        self, who: Identity, key: str, on: date, seen: str, decided: Decided | None = None
    ) -> ClosingOutcome:
        """Open a day that is closed in an area, or close again one that was opened."""
        require(who, Act.HOURS_EDIT)
        async with self._database.reading() as tx:
            area = _named(await _areas(tx), key)
            wanted = rules.turned(on, area.within, await store.said_by(tx, area.within), area.zone)
        return await self.put(who, key, wanted, seen, decided)

    async def copy(self, who: Identity, key: str, year: int, seen: str) -> ClosingOutcome:
        """Close an area on the public holidays of a year of which it says nothing yet."""
        require(who, Act.HOURS_EDIT)
        async with self._database.reading() as tx:
            area = _named(await _areas(tx), key)
            own = (await store.said_by(tx, [key])).get(key, {})
        return await self.put(who, key, rules.lacking(key, area.zone, year, own), seen)

    async def put(
        self, who: Identity, key: str, wanted: Wanted, seen: str, decided: Decided | None = None
    ) -> ClosingOutcome:
        """Say `wanted` about its days, unless appointments are hit and nobody decided. Conflict: others were faster."""
        require(who, Act.HOURS_EDIT)
        return await self._saved(who, key, wanted, seen, decided, None)

    async def undo(
        self, who: Identity, key: str, change_id: UUID, seen: str, decided: Decided | None = None
    ) -> ClosingOutcome:
        """Say again what an area said before a change, if nobody changed those days since. Like `put` otherwise."""
        require(who, Act.HOURS_EDIT)
        return await self._saved(who, key, None, seen, decided, change_id)

    async def _saved(
        self, who: Identity, key: str, wanted: Wanted | None, seen: str, decided: Decided | None, undoes: UUID | None
    ) -> ClosingOutcome:
        outcomes: list[ClosingOutcome] = []
        lines: list[str] = []
        try:
            async with self._database.transaction() as tx:
                area = _named(await _areas(tx), key)
                own = (await store.said_by(tx, [key])).get(key, {})
                rules.refuse_other(own, seen)
                if undoes is not None:
                    wanted = await self._undone(tx, area, undoes, own)
                outcome = await self._write(tx, area, rules.put(own, wanted or Wanted()), decided or Decided())
                outcomes.append(outcome)
                if not outcome.saved:
                    raise _Asked
                if outcome.then.lines:
                    lines = await self._note(tx, who, outcome, decided or Decided())
        except _Asked:
            pass
        if lines:
            await self._nudger.nudge(*lines)
        return outcomes[0]

    async def _undone(self, tx: AsyncSession, area: Area, change_id: UUID, own: Lines) -> Wanted:
        row = await store.change(tx, area.key, change_id)
        shown = _changed(row)
        if row.undone_at is not None or any(own.get(on) != line for on, line in shown.then.lines.items()):
            raise Conflict(N_("Ce changement a déjà été annulé. Rien n’a été modifié."), code="undone")
        row.undone_at = self._now()
        return shown.before

    async def _write(
        self, tx: AsyncSession, area: Area, change: tuple[Wanted, Wanted], decided: Decided
    ) -> ClosingOutcome:
        """Write what an area says, and look who fitted before and fits no more."""
        before, then = change
        coming = await self._coming(tx, then.lines)
        subjects = {one for row in coming for one in _subjects(row)}
        fitted = await self._calendars(tx, coming, subjects)
        await store.say(tx, area.key, then)
        fits = await self._calendars(tx, coming, subjects)
        hit = tuple(found for row in coming if (found := _hit(row, fitted, fits)))
        saved = not {one.id for one in hit} - decided.freed - decided.kept
        return ClosingOutcome(area, before, then, hit, saved)

    async def _coming(self, tx: AsyncSession, days: Collection[date]) -> list[Appointment]:
        """Return who is expected on these days, wherever the clocks stand."""
        if not days:
            return []
        begin, end = (datetime.combine(on, time(), UTC) for on in (min(days) - _A_DAY, max(days) + 2 * _A_DAY))
        return await store.booked_between(tx, max(begin, self._now()), end)

    @staticmethod
    async def _calendars(tx: AsyncSession, coming: list[Appointment], subjects: set[UUID]) -> dict[UUID, Calendar]:
        if not coming:
            return {}
        first, last = min(row.starts_at for row in coming), max(row.ends_at for row in coming)
        return await scheduler_store.calendars(tx, subjects, range(unit_of(first), unit_from(last)), taken=False)

    async def _note(self, tx: AsyncSession, who: Identity, outcome: ClosingOutcome, decided: Decided) -> list[str]:
        now, key = self._now(), outcome.area.key
        tx.add(
            ClosingChange(
                id=new_id(),
                area=key,
                changed_at=now,
                changed_by=who.account_id,
                before=msgspec.json.encode(outcome.before).decode(),
                then=msgspec.json.encode(outcome.then).decode(),
            )
        )
        await record(tx, who, Action.CLOSING_CHANGED, at=now, record=f"closing:{key}")
        freed: set[AppointmentId] = {one.id for one in outcome.hit} & decided.freed
        return ["hours", *await free(tx, who, now, freed, CancelReason.OTHER)]


async def _areas(tx: AsyncSession) -> list[Area]:
    """Return every area that somebody stands in: zones, then departments, then sites."""
    sites = await people_store.sites(tx)
    zones = list(dict.fromkeys([*(site.zone for site in sites), HOME_ZONE]))
    found = {zone: Area(zone, (zone,), zone) for zone in zones}
    for site in sites:
        within = areas_of(site.zone, site.insee)
        found.setdefault(within[-1], Area(within[-1], within, site.zone))
    for site in sites:
        found[str(site.id)] = Area(str(site.id), areas_of(site.zone, site.insee, site.id), site.zone, site)
    return list(found.values())


def _named(areas: list[Area], key: str) -> Area:
    for one in areas:
        if one.key == key:
            return one
    raise NotFound(_UNKNOWN)


def _subjects(row: Appointment) -> list[UUID]:
    everybody = row.practitioner_id, row.cabin_id, row.health_worker_id, row.instrument_id
    return [one for one in everybody if one is not None]


def _hit(row: Appointment, fitted: dict[UUID, Calendar], fits: dict[UUID, Calendar]) -> Booked | None:
    for subject in _subjects(row):
        if subject in fitted and subject in fits:
            one = booked_of(row)
            if outside(fitted[subject], fits[subject], [one]):
                return one
    return None


def _changed(row: ClosingChange) -> Changed:
    before, then = (msgspec.json.decode(text.encode(), type=Wanted) for text in (row.before, row.then))
    return Changed(row.id, row.changed_at, row.changed_by, before, then, row.undone_at)
