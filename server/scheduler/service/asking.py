"""From a promise to the search and back: who could serve, in which window, and what the pages see of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.errors import Invalid
from server.kernel.ids import CabinId, HealthWorkerId, InstrumentId, PractitionerId, ResourceId, SiteId
from server.kernel.words import N_
from server.people import store as people
from server.people.founding import store as founding
from server.people.founding.rules import Instrument
from server.people.rules import Cabin, HealthWorker, Practitioner, Site
from server.readiness import store as readiness
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.live import store as live
from server.scheduler.rules.fairness import WAITS, Shares
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.promise import Window
from server.scheduler.rules.search import (
    NEEDS,
    Answer,
    Ask,
    Candidate,
    Found,
    PartOfDay,
    Sides,
    WhyEmpty,
    day_cost,
    held_for,
    is_open,
    needed,
    search,
)
from server.scheduler.rules.units import UNIT_FOR, day_units, local_day, unit_of, wall_time
from server.scheduler.service.views import Because, Choice, Proposal, Proposals, Reason, Why
from server.scheduler.service.whereabouts import found_at
from server.scheduler.store import Held
from server.scheduler.tables import Appointment, FollowUpPromise

Subject = TypeVar("Subject", bound=UUID)
LEAD_FOR = timedelta(hours=1)  # to come to the cabin from the next hamlet
LASTS_FOR = NEEDS[ResourceKind.PATIENT] * UNIT_FOR
COSTS = {Why.ASKED: 0, Why.TREATING: 3, Why.KNOWN: 6, Why.VILLAGE: 9, Why.ANOTHER: 12}
"""Continuity, in the coin of days: one day late for one's own doctor, four days late before a stranger."""
VILLAGE_FOR = timedelta(days=365)
ANOTHER_WORKER_COST = 1
NOTHING_SHARED = Shares()
MOST_DAYS_SEEN = 60


@dataclass(frozen=True, slots=True)
class Bench:
    """Everybody who could serve one promise, and their calendars."""

    ask: Ask
    sides: Sides
    site: Site
    strict: Window
    practitioners: dict[PractitionerId, Practitioner]
    cabins: dict[CabinId, Cabin]
    health_workers: dict[HealthWorkerId, HealthWorker]
    whys: dict[PractitionerId, Why]
    instruments: Mapping[InstrumentId, Instrument] = field(default_factory=dict)
    closed: frozenset[CabinId] = frozenset()
    """Cabins of the site that failed their last check: they may not serve."""

    shares: Shares = NOTHING_SHARED
    usual: HealthWorkerId | None = None
    """Who was beside the patient before."""

    def chosen(self, choice: Choice) -> Sides | None:
        """Return the sides with only what was chosen on them, or None when something of it may not serve."""
        wanted = {
            ResourceKind.PRACTITIONER: choice.practitioner_id,
            ResourceKind.CABIN: choice.cabin_id,
            ResourceKind.HEALTH_WORKER: choice.health_worker_id,
            ResourceKind.INSTRUMENT: choice.instrument_id,
        }
        narrowed = {
            kind: tuple(one for one in side if wanted.get(kind, one.calendar.subject_id) == one.calendar.subject_id)
            for kind, side in self.sides.items()
        }
        only_these = all(wanted[kind] is None for kind in wanted if kind not in self.sides)
        return narrowed if only_these and all(len(side) == 1 for side in narrowed.values()) else None


def choice_of(row: Appointment) -> Choice:
    """Return what was chosen when an appointment was booked."""
    who = row.practitioner_id, row.cabin_id, row.health_worker_id, row.instrument_id
    return Choice(row.starts_at, *who)


def held(sides: Sides, starts_at: datetime, modality: Modality) -> set[Held]:
    """Return the units that a chosen moment takes, of every resource: with the travel to a home, and back."""
    first = unit_of(starts_at)
    return {
        (one.calendar.resource_id, first + n)
        for kind, side in sides.items()
        for one in side
        for n in held_for(kind, modality)
    }


async def bench(
    tx: AsyncSession,
    row: FollowUpPromise,
    now: datetime,
    *,
    wide: bool = False,
    part: PartOfDay | None = None,
    seen: Iterable[date] = (),
    only: Collection[UUID] | None = None,
    shares: Shares = NOTHING_SHARED,
) -> Bench:
    """Load who could serve a promise. `wide` doubles the tolerance and reaches beyond today, for who comes late.

    `only` spares the calendars of everybody else: to check moments that were found already.
    """
    site = await people.site(tx, row.site_id)
    strict = Window(row.due_on, row.earliest_on, row.latest_on)
    ask = asked(row, site, now, wide=wide, part=part, seen=seen)
    wanted = None if only is None else {*only, row.practitioner_id}
    doctors = {one.id: one for one in await people.practitioners(tx) if wanted is None or one.id in wanted}
    stopping = await live.stopping(tx, row.site_id, wanted)
    cabins, closed = await cabins_in_service(tx, row.site_id, stopping)
    workers = await workers_there(tx, row.site_id, stopping)
    instruments = await instruments_in_service(tx, row, stopping)
    near = await continuity(tx, row, now)
    whys = {one: near.get(one, Why.ANOTHER) for one in doctors}
    some = [one for one in (*doctors, *cabins, *workers, *instruments) if wanted is None or one in wanted]
    known = await store.calendars(tx, [*some, row.patient_id], _reach(ask.window, site.zone), at=now)
    nowhere = Calendar(ResourceId(row.patient_id), ResourceKind.PATIENT, row.patient_id, site.zone)
    everyone = {
        ResourceKind.PRACTITIONER: _side(known, {one: doctor_cost(one, why, shares) for one, why in whys.items()}),
        ResourceKind.CABIN: _side(known, dict.fromkeys(cabins, 0)),
        ResourceKind.HEALTH_WORKER: _side(known, {one: worker_cost(one, row.health_worker_id) for one in workers}),
        ResourceKind.INSTRUMENT: _side(known, dict.fromkeys(instruments, 0)),
        ResourceKind.PATIENT: (Candidate(known.get(row.patient_id, nowhere)),),
    }
    sides = {kind: everyone[kind] for kind in kinds_of(row)}
    return Bench(
        ask, sides, site, strict, doctors, cabins, workers, whys, instruments, closed, shares, row.health_worker_id
    )


def doctor_cost(doctor: UUID, why: Why, shares: Shares) -> int:
    """Return what a doctor costs: continuity, then how full their month is. Who asked costs nothing."""
    if why is Why.ASKED:
        return COSTS[why]
    helps = WAITS if shares.waits and why is Why.ANOTHER else 0
    return COSTS[why] + shares.quarter(doctor) - helps


def worker_cost(worker: UUID, usual: UUID | None) -> int:
    """Return what a health worker costs: nothing, unless somebody else is the usual one."""
    return 0 if usual in (None, worker) else ANOTHER_WORKER_COST


def kinds_of(row: FollowUpPromise) -> tuple[ResourceKind, ...]:
    """Return what a promise takes."""
    return needed(row.modality, with_health_worker=row.with_health_worker, with_instrument=row.instrument is not None)


def asked(
    row: FollowUpPromise, site: Site, now: datetime, *, wide: bool, part: PartOfDay | None, seen: Iterable[date]
) -> Ask:
    """Return what is looked for."""
    strict = Window(row.due_on, row.earliest_on, row.latest_on)
    window = strict.widened(local_day(now, site.zone)) if wide else strict
    return Ask(window, site.zone, row.modality, now + LEAD_FOR, part, frozenset(seen), row.site_id)


async def cabins_in_service(
    tx: AsyncSession, site_id: SiteId, stopping: Collection[UUID] = ()
) -> tuple[dict[CabinId, Cabin], frozenset[CabinId]]:
    """Return the cabins of a site, and the buses that stop there, that may serve; and those whose last check failed."""
    every = await people.cabins(tx, None if stopping else site_id)
    in_service = [one for one in every if one.in_service and (one.site_id == site_id or one.id in stopping)]
    closed = await readiness.closed(tx, [one.id for one in in_service])
    return {one.id: one for one in in_service if one.id not in closed}, frozenset(closed)


async def workers_there(
    tx: AsyncSession, site_id: SiteId, stopping: Collection[UUID] = ()
) -> dict[HealthWorkerId, HealthWorker]:
    """Return the health workers of a site, and those who come with a bus."""
    every = await people.health_workers(tx, None if stopping else site_id)
    return {one.id: one for one in every if one.site_id == site_id or one.id in stopping}


async def instruments_in_service(
    tx: AsyncSession, row: FollowUpPromise, stopping: Collection[UUID] = ()
) -> dict[InstrumentId, Instrument]:
    """Return the instruments of a promise's site, and those that a bus brings, that are what it asks for."""
    if row.instrument is None:
        return {}
    some = [one for one in await founding.instruments(tx) if one.site_id == row.site_id or one.id in stopping]
    return {one.id: one for one in some if one.in_service and one.what is row.instrument}


async def continuity(tx: AsyncSession, row: FollowUpPromise, now: datetime) -> dict[PractitionerId, Why]:
    """Return who knows this patient, or at least their village; all others are strangers."""
    whys = dict.fromkeys(await live.comes_to(tx, row.site_id, now - VILLAGE_FOR), Why.VILLAGE)
    whys |= dict.fromkeys(await live.has_seen(tx, row.patient_id), Why.KNOWN)
    if (treating := await people.treating_practitioner(tx, row.patient_id)) is not None:
        whys[treating] = Why.TREATING
    return whys | {row.practitioner_id: Why.ASKED}


def _reach(window: Window, zone: str) -> range:
    first, last = day_units(window.earliest_on, zone), day_units(window.latest_on, zone)
    return range(first.start, last.stop)


def _side(known: Mapping[UUID, Calendar], costs: Mapping[Subject, int]) -> tuple[Candidate, ...]:
    some = [Candidate(known[subject], cost) for subject, cost in costs.items() if subject in known]
    return tuple(sorted(some, key=lambda one: one.cost))


def proposals(row: FollowUpPromise, around: Bench) -> Proposals:
    """Search, and return what the pages see."""
    return shaped(row, around, search(around.ask, around.sides))


def stands(around: Bench, found: Found) -> bool:
    """Return whether a moment may be booked as the rows are now: open to everybody, nobody taken or without a break."""
    serving = found.serving
    sides = {
        kind: tuple(one for one in side if one.calendar.subject_id == serving[kind])
        for kind, side in around.sides.items()
    }
    free = all(
        found.unit + n not in one.calendar.taken
        for kind, side in sides.items()
        for one in side
        for n in _with_breaks(held_for(kind, around.ask.modality), one.calendar.buffer)
    )
    return free and all(sides.values()) and is_open(around.ask, sides, found.unit)


def _with_breaks(held: range, buffer: int) -> range:
    return range(held.start - buffer, held.stop + buffer)


def shaped(row: FollowUpPromise, around: Bench, answer: Answer, closed_weekdays: tuple[int, ...] = ()) -> Proposals:
    """Return an answer as the pages see it."""
    choices = tuple(_proposal(found, around) for found in answer.found)
    days = sorted(around.ask.seen | {one.on for one in choices})
    more = ".".join(day.isoformat() for day in days)
    asked_by = around.practitioners[row.practitioner_id]
    why = WhyEmpty.CABIN_DOWN if answer.why_empty is WhyEmpty.NO_CABIN and around.closed else answer.why_empty
    return Proposals(row.id, row.due_on, row.modality, asked_by, choices, why, more, closed_weekdays)


def stop_of(site: Site, cabin: Cabin) -> str:
    """Return where the medicobus stops for people of a site: a cabin of elsewhere is one. Empty for their own cabin."""
    return "" if cabin.site_id == site.id else site.name


def days_seen(after: str | None) -> frozenset[date]:
    """Return the days that `more` of an earlier answer names, or raise Invalid."""
    days = after.split(".") if after else []
    try:
        if len(days) > MOST_DAYS_SEEN:
            raise ValueError
        return frozenset(date.fromisoformat(day) for day in days)
    except ValueError:
        raise Invalid(N_("Cette liste de jours n’est pas lisible. Revenez au début.")) from None


def proposal_of(choice: Choice, around: Bench) -> Proposal:
    """Return a choice as the pages see it."""
    serving = {
        ResourceKind.PRACTITIONER: choice.practitioner_id,
        ResourceKind.CABIN: choice.cabin_id,
        ResourceKind.HEALTH_WORKER: choice.health_worker_id,
        ResourceKind.INSTRUMENT: choice.instrument_id,
    }
    known: dict[ResourceKind, UUID] = {kind: one for kind, one in serving.items() if one is not None}
    return _proposal(Found(unit_of(choice.starts_at), 0, known), around)


def _comes(doctor: PractitionerId, unit: int, around: Bench) -> bool:
    """Whether the doctor sees people in the village at that moment."""
    lasts = range(unit, unit + LASTS_FOR // UNIT_FOR)
    return around.ask.modality is Modality.IN_PERSON and any(
        one.calendar.comes_to(around.site.id, lasts, Modality.IN_PERSON)
        for one in around.sides.get(ResourceKind.PRACTITIONER, ())
        if one.calendar.subject_id == doctor
    )


def _proposal(found: Found, around: Bench) -> Proposal:
    serving = found.serving
    doctor = PractitionerId(serving[ResourceKind.PRACTITIONER])
    cabin = serving.get(ResourceKind.CABIN)
    worker = serving.get(ResourceKind.HEALTH_WORKER)
    instrument = serving.get(ResourceKind.INSTRUMENT)
    local = wall_time(found.starts_at, around.site.zone)
    on = date.fromisoformat(local[:10])
    known = around.practitioners[doctor]
    return Proposal(
        starts_at=found.starts_at,
        ends_at=found.starts_at + LASTS_FOR,
        wall_time=local,
        on=on,
        part=PartOfDay.MORNING if local[11:] < "12:00" else PartOfDay.AFTERNOON,
        modality=around.ask.modality,
        practitioner=found_at(known, around.site) if _comes(doctor, found.unit, around) else known,
        cabin=around.cabins[CabinId(cabin)] if cabin else None,
        stop=stop_of(around.site, around.cabins[CabinId(cabin)]) if cabin else "",
        health_worker=around.health_workers[HealthWorkerId(worker)] if worker else None,
        why=around.whys[doctor],
        in_window=around.strict.earliest_on <= on <= around.strict.latest_on,
        on_due_day=on == around.strict.due_on,
        snug=found.snug,
        instrument=around.instruments[InstrumentId(instrument)] if instrument else None,
        cost=found.cost,
        because=tuple(_because(found, around, doctor, on)),
    )


def _because(found: Found, around: Bench, doctor: PractitionerId, on: date) -> Iterator[Because]:
    """Yield all that was weighed besides who the doctor is: each cost once, so that their sum is the moment's."""
    due_on, shares, why = around.strict.due_on, around.shares, around.whys[doctor]
    if on == due_on:
        yield Because(Reason.DUE_DAY)
    else:
        yield Because(Reason.LATER if on > due_on else Reason.SOONER, day_cost(due_on, on), abs((on - due_on).days))
    if found.snug:
        yield Because(Reason.SNUG)
    if why is not Why.ASKED:
        if full := shares.quarter(doctor):
            yield Because(Reason.FULL, full, full)
        if shares.roomier(doctor):
            yield Because(Reason.ROOMIER)
        if why is Why.ANOTHER and shares.waits:
            yield Because(Reason.VILLAGE_WAITS, -WAITS)
    worker = found.serving.get(ResourceKind.HEALTH_WORKER)
    if worker is not None and around.usual is not None:
        cost = worker_cost(worker, around.usual)
        yield Because(Reason.OTHER_WORKER if cost else Reason.USUAL_WORKER, cost)
