"""Seeing and changing hours: nothing is saved before somebody has said what becomes of the appointments it hits.

save(plan, seen) ─▶ the hours are those that were seen? ─▶ possible? ─▶ which appointments fall outside?
    some, and nobody has decided ─▶ Asked: what changes, whom it hits; nothing is written
    none, or each is decided     ─▶ one transaction: hours, trail, appointments freed, log ─▶ nudge
undo ─▶ the hours before a change, by the same way
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict
from server.kernel.ids import AccountId, ResourceId, new_id
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import Site
from server.scheduler import store as scheduler_store
from server.scheduler.availability import store
from server.scheduler.availability.freeing import Decided, free
from server.scheduler.availability.rules import (
    Booked,
    Difference,
    Plan,
    Weekly,
    check_plan,
    check_zone,
    difference,
    digest,
    outside,
    refuse_other,
)
from server.scheduler.availability.subjects import HOME_ZONE, Subject, require_hours, subject, subjects
from server.scheduler.availability.tables import HoursChange
from server.scheduler.closings.store import grounds
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.service.views import CancelReason
from server.scheduler.tables import Resource

CHANGES_SHOWN = 10
_WHY = {ResourceKind.PRACTITIONER: CancelReason.PRACTITIONER, ResourceKind.CABIN: CancelReason.CABIN}


class Nudger(Protocol):
    """Tells pages that something changed; they come and look."""

    async def nudge(self, *lines: str) -> None:
        """Nudge everybody who listens on these lines."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the trail."""

    id: UUID
    at: datetime
    by: AccountId | None
    difference: Difference
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Somebody's hours. `seen` goes into every form over them; `calendar` holds what is taken in the asked span."""

    subject: Subject
    zone: str
    plan: Plan
    seen: str
    calendar: Calendar
    booked: tuple[Booked, ...]
    closing: dict[date, str]
    sites: tuple[Site, ...]
    changes: tuple[Change, ...]
    resource_id: ResourceId | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the planning board. `calendar` None: nobody has said any hours."""

    subject: Subject
    calendar: Calendar | None
    closing: dict[date, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change does. `hit` empty or decided: it is saved."""

    plan: Plan
    difference: Difference
    hit: tuple[Booked, ...]
    saved: bool


class Availability:
    """The hours of cabins, doctors, health workers and instruments."""

    def __init__(self, database: Database, now: Clock, nudger: Nudger) -> None:
        self._database = database
        self._now = now
        self._nudger = nudger

    async def subjects(self, who: Identity) -> list[tuple[Subject, Plan | None]]:
        """Return all who can have hours, with those that they have."""
        require(who, Act.HOURS_EDIT)
        async with self._database.reading() as tx:
            found = await subjects(tx)
            rows = await store.resources(tx, [one.id for one in found])
            now = self._now()
            return [(one, await store.plan(tx, rows[one.id], now) if one.id in rows else None) for one in found]

    async def board(self, who: Identity, kind: ResourceKind, span: range) -> list[Row]:
        """Return everybody of a kind with their calendar over `span`: one look at who is open, taken or closed."""
        require(who, Act.HOURS_EDIT)
        async with self._database.reading() as tx:
            found = [one for one in await subjects(tx) if one.kind is kind]
            known = await scheduler_store.calendars(tx, [one.id for one in found], span, at=self._now())
            closing = {
                one.id: await store.closing_days(tx, known[one.id].zone, one.site) for one in found if one.id in known
            }
        return [Row(one, known.get(one.id), closing.get(one.id, {})) for one in found]

    async def sheet(self, who: Identity, subject_id: UUID, span: range) -> Sheet:
        """Return somebody's hours, and what is taken in `span`."""
        require_hours(who, subject_id)
        async with self._database.reading() as tx:
            return await self._sheet(tx, await subject(tx, subject_id), span)

    async def save(
        self, who: Identity, subject_id: UUID, plan: Plan, seen: str, decided: Decided | None = None
    ) -> Outcome:
        """Put `plan` in the place of the hours that were `seen`, unless appointments are hit and nobody decided.

        Raises Conflict when somebody else changed the hours, Invalid for impossible ones.
        """
        require_hours(who, subject_id)
        async with self._database.transaction() as tx:
            outcome, lines = await self._save(tx, who, await subject(tx, subject_id), plan, seen, decided)
        if lines:
            await self._nudger.nudge(*lines)
        return outcome

    async def undo(
        self, who: Identity, subject_id: UUID, change_id: UUID, seen: str, decided: Decided | None = None
    ) -> Outcome:
        """Put back the hours before a change, if nobody changed them since. Like `save` otherwise."""
        require_hours(who, subject_id)
        async with self._database.transaction() as tx:
            found, now = await subject(tx, subject_id), self._now()
            row = await store.resource(tx, subject_id)
            change = await store.change(tx, change_id, subject_id)
            if row is None or change.undone_at is not None:
                raise Conflict(N_("Ce changement a déjà été annulé. Rien n’a été modifié."), code="undone")
            refuse_other(await store.plan(tx, row, now), digest(_lasting(change.then, now)))
            outcome, lines = await self._save(tx, who, found, _lasting(change.before, now), seen, decided)
            if outcome.saved:
                change.undone_at = now
        if lines:
            await self._nudger.nudge(*lines)
        return outcome

    async def open_weekly(
        self, tx: AsyncSession, who: Identity | None, one: Subject, zone: str, weekly: tuple[Weekly, ...]
    ) -> Outcome:
        """Put weekly lines in the place of all others, in the caller's transaction; exceptions stay.

        Appointments that are hit stop it.
        """
        row, now = await self.set_zone(tx, who, one, zone), self._now()
        before = await store.plan(tx, row, now)
        plan = msgspec.structs.replace(before, weekly=weekly)
        outcome, _ = await self._save(tx, who, one, plan, digest(before), None)
        return outcome

    async def set_zone(self, tx: AsyncSession, who: Identity | None, one: Subject, zone: str) -> Resource:
        """Return the resource of a subject, made if it had none, in this zone. In the caller's transaction."""
        check_zone(zone)
        new = Resource(id=ResourceId(new_id()), kind=one.kind, subject_id=one.id, zone=zone, active=True, buffer_min=0)
        await scheduler_store.add_resource(tx, new)
        row = await store.resource(tx, one.id, lock=True)
        assert row is not None  # noqa: S101 - it was added in this transaction
        if row.zone != zone:
            row.zone = zone
            now = self._now()
            await store.replace_plan(tx, row, await store.plan(tx, row, now), now)  # new rows: who searches reads anew
            await record(tx, who, Action.HOURS_CHANGED, at=self._now(), record=f"resource:{row.id}")
        return row

    async def zone_of(self, tx: AsyncSession, one: Subject) -> str:
        """Return the zone of a subject: its own, its site's, or that of the first site."""
        row = await store.resource(tx, one.id)
        if row is not None:
            return row.zone
        sites = [one.site] if one.site else await people_store.sites(tx)
        return sites[0].zone if sites else HOME_ZONE

    async def _sheet(self, tx: AsyncSession, one: Subject, span: range) -> Sheet:
        now, row = self._now(), await store.resource(tx, one.id)
        zone = await self.zone_of(tx, one)
        closing = await store.closing_days(tx, zone, one.site)
        known = (await scheduler_store.calendars(tx, [one.id], span, at=now)).get(one.id)
        empty = Calendar(ResourceId(one.id), one.kind, one.id, zone, closing_days=frozenset(closing))
        plan = await store.plan(tx, row, now) if row else Plan()
        changes = await store.changes(tx, row.id, CHANGES_SHOWN) if row else []
        return Sheet(
            one,
            zone,
            plan,
            digest(plan),
            known or empty,
            tuple(await store.booked(tx, one.kind, one.id, now)),
            closing,
            tuple(await people_store.sites(tx)),
            tuple(_change(each) for each in changes),
            row.id if row else None,
        )

    async def _save(
        self, tx: AsyncSession, who: Identity | None, one: Subject, plan: Plan, seen: str, decided: Decided | None
    ) -> tuple[Outcome, list[str]]:
        row = await self.set_zone(tx, who, one, await self.zone_of(tx, one))
        now = self._now()
        before = await store.plan(tx, row, now)
        refuse_other(before, seen)
        places = {site.id: (site.latitude, site.longitude) for site in await people_store.sites(tx)}
        home = one.site.id if one.site else None
        plan = check_plan(plan, places, home)
        known = await _known(tx, row, one, (before, plan))
        coming = await store.booked(tx, one.kind, one.id, now)
        hit = outside(before.calendar(known), plan.calendar(known), coming)
        outcome = Outcome(plan, difference(before, plan), tuple(hit), saved=True)
        choice = decided or Decided()
        if {one.id for one in hit} - choice.freed - choice.kept:
            return Outcome(plan, outcome.difference, outcome.hit, saved=False), []
        if not outcome.difference:
            return outcome, []
        await store.replace_plan(tx, row, plan, now)
        tx.add(
            HoursChange(
                id=new_id(),
                resource_id=row.id,
                changed_at=now,
                changed_by=who.account_id if who else None,
                before=_written(before),
                then=_written(plan),
            )
        )
        await record(tx, who, Action.HOURS_CHANGED, at=now, record=f"resource:{row.id}")
        freed = choice.freed & {each.id for each in hit}
        return outcome, ["hours", *await free(tx, who, now, freed, _WHY.get(one.kind, CancelReason.OTHER))]


async def _known(tx: AsyncSession, row: Resource, one: Subject, plans: Iterable[Plan]) -> Calendar:
    """Return a calendar without hours, for any of these plans: where it is, what is closed there, how far it is."""
    named = [line.site_id for plan in plans for line in plan.weekly]
    named += [line.site_id for plan in plans for line in plan.once]
    sites, home = {site_id for site_id in named if site_id}, one.site.id if one.site else None
    ground = await grounds(tx, [row.zone], [one.id], sites)
    return Calendar(
        row.id,
        one.kind,
        one.id,
        row.zone,
        closing_days=ground.closed(row.zone, home),
        closed_at={site_id: ground.closed(row.zone, site_id) for site_id in sites},
        home=home,
        travel=ground.travel({*sites, home} if home else sites),
    )


def _written(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


def _read(text: str) -> Plan:
    return msgspec.json.decode(text.encode(), type=Plan)


def _lasting(text: str, now: datetime) -> Plan:
    """Return kept hours without exceptions that are over by now."""
    plan = _read(text)
    return msgspec.structs.replace(plan, once=tuple(one for one in plan.once if one.ends_at > now))


def _change(row: HoursChange) -> Change:
    return Change(row.id, row.changed_at, row.changed_by, difference(_read(row.before), _read(row.then)), row.undone_at)
