"""From the rows to a problem of plain numbers, and from a plan back to moments: the only place that knows both."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import CabinId, HealthWorkerId, PractitionerId, ResourceId, SiteId
from server.people import store as people
from server.people.rules import Cabin, HealthWorker, Practitioner, Site
from server.readiness import store as readiness
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.planning.rules import last_day
from server.scheduler.rules.openings import NOWHERE, Calendar, ResourceKind, must_be_there
from server.scheduler.rules.planning import NOBODY, Day, Diary, Placed, Problem, Span, Tier, Wish
from server.scheduler.rules.planning_tours import Rider
from server.scheduler.rules.search import GRID, day_cost
from server.scheduler.rules.units import day_units, instant_of, instant_of_wall, local_day, unit_from, unit_of
from server.scheduler.service import asking
from server.scheduler.service.asking import ANOTHER_WORKER_COST, COSTS, LEAD_FOR
from server.scheduler.service.views import Choice, Why
from server.scheduler.service.worklists import TO_DO
from server.scheduler.tables import FollowUpPromise

NOON = 12 * 60


@dataclass(frozen=True, slots=True)
class Loaded:
    """A problem, and what its numbers mean."""

    problem: Problem
    origin: int
    """The unit since the epoch that is the problem's unit 0."""
    sites: Mapping[UUID, SiteId]
    """Of each promise."""
    riders: tuple[Rider, ...]
    """Who has to be seen in person."""
    zone: str
    """In which the medicobus counts its days."""

    def choice(self, at: Placed) -> Choice:
        """Return what to send to be booked."""

        def subject(row: int) -> UUID | None:
            return None if row == NOBODY else self.problem.diaries[row].subject_id

        cabin, worker = subject(at.cabin), subject(at.worker)
        return Choice(
            instant_of(self.origin + at.unit),
            PractitionerId(self.problem.diaries[at.doctor].subject_id),
            CabinId(cabin) if cabin else None,
            HealthWorkerId(worker) if worker else None,
        )


@dataclass(frozen=True, slots=True)
class _Territory:
    """Everybody and every place, and the days that are looked at."""

    sites: dict[SiteId, Site]
    doctors: list[Practitioner]
    cabins: dict[SiteId, list[Cabin]]
    workers: dict[SiteId, list[HealthWorker]]
    now: datetime
    span: range


async def load(tx: AsyncSession, now: datetime) -> Loaded:
    """Read every promise that needs a moment in the coming six weeks, and all who could serve."""
    territory = await _territory(tx, now)
    rows = [row for row in await store.promises(tx, TO_DO) if may_plan(row) and _days(row, territory)]
    places = [one.id for some in territory.cabins.values() for one in some]
    staff = [one.id for some in territory.workers.values() for one in some]
    patients = list(dict.fromkeys(row.patient_id for row in rows))
    known = await store.calendars(
        tx, [*(one.id for one in territory.doctors), *places, *staff, *patients], territory.span, at=now
    )
    for row in rows:
        nowhere = Calendar(
            ResourceId(row.patient_id), ResourceKind.PATIENT, row.patient_id, territory.sites[row.site_id].zone
        )
        known.setdefault(row.patient_id, nowhere)
    rank = {subject: number for number, subject in enumerate(known)}
    wishes = [await _wish(tx, row, territory, rank) for row in rows]
    diaries = tuple(_diary(one, territory.span) for one in known.values())
    grid = -(-unit_from(now + LEAD_FOR) // GRID) * GRID - territory.span.start
    return Loaded(
        Problem(len(territory.span), grid, diaries, tuple(wishes)),
        territory.span.start,
        {row.id: row.site_id for row in rows},
        tuple(_rider(row) for row in rows if row.modality is Modality.IN_PERSON),
        next((one.zone for one in territory.sites.values()), "UTC"),
    )


def may_plan(row: FollowUpPromise) -> bool:
    """Return whether a batch may place a promise: one that needs an instrument, or a visit at home, is booked alone."""
    return row.instrument is None and row.modality is not Modality.HOME


async def _territory(tx: AsyncSession, now: datetime) -> _Territory:
    sites = {one.id: one for one in await people.sites(tx)}
    in_service = [one for one in await people.cabins(tx) if one.in_service]
    closed = set(await readiness.closed(tx, [one.id for one in in_service]))
    cabins: dict[SiteId, list[Cabin]] = defaultdict(list)
    for cabin in in_service:
        if cabin.id not in closed:
            cabins[cabin.site_id].append(cabin)
    workers: dict[SiteId, list[HealthWorker]] = defaultdict(list)
    for worker in await people.health_workers(tx):
        workers[worker.site_id].append(worker)
    first = unit_of(now) // GRID * GRID
    ends = [day_units(last_day(local_day(now, one.zone)), one.zone).stop for one in sites.values()]
    return _Territory(
        sites, await people.practitioners(tx), cabins, workers, now, range(first, max(ends, default=first))
    )


async def _wish(tx: AsyncSession, row: FollowUpPromise, territory: _Territory, rank: Mapping[UUID, int]) -> Wish:
    whys = await asking.continuity(tx, row, territory.now)
    tiers: dict[int, list[int]] = defaultdict(list)
    for doctor in territory.doctors:
        if doctor.id in rank:
            tiers[COSTS[whys.get(doctor.id, Why.ANOTHER)]].append(rank[doctor.id])
    remote = row.modality is Modality.REMOTE
    beside = remote and row.with_health_worker
    return Wish(
        promise_id=row.id,
        village=row.site_id,
        patient=rank[row.patient_id],
        days=tuple(_days(row, territory)),
        doctors=tuple(Tier(cost, tuple(some)) for cost, some in sorted(tiers.items())),
        cabins=tuple(rank[one.id] for one in territory.cabins[row.site_id] if one.id in rank) if remote else (),
        workers=tuple(_workers(row, territory, rank)) if beside else (),
        accompanied=beside,
        remote=remote,
    )


def _workers(row: FollowUpPromise, territory: _Territory, rank: Mapping[UUID, int]) -> Iterator[Tier]:
    here = [one.id for one in territory.workers[row.site_id] if one.id in rank]
    if row.health_worker_id in here:
        yield Tier(0, (rank[row.health_worker_id],))
    if others := tuple(rank[one] for one in here if one != row.health_worker_id):
        yield Tier(ANOTHER_WORKER_COST, others)


def _days(row: FollowUpPromise, territory: _Territory) -> list[Day]:
    """Return the days of a window that the plan looks at; who is late already gets the wider window of the desks."""
    site, now = territory.sites[row.site_id], territory.now
    today = local_day(now, site.zone)
    ask = asking.asked(row, site, now, wide=today > row.latest_on, part=None, seen=())
    some = [on for on in ask.days if on < last_day(today)]
    strict = {on for on in some if row.earliest_on <= on <= row.latest_on}
    found = [_day(on, site.zone, territory.span, row.due_on, strict=on in strict) for on in some]
    return sorted(found, key=lambda day: (day.cost, day.start))


def _day(on: date, zone: str, span: range, due_on: date, *, strict: bool) -> Day:
    units = day_units(on, zone)
    noon = unit_from(instant_of_wall(on, NOON, zone))
    start, middle, stop = (max(unit - span.start, 0) for unit in (units.start, noon, units.stop))
    return Day(start, middle, stop, day_cost(due_on, on), strict)


def _rider(row: FollowUpPromise) -> Rider:
    return Rider(row.id, row.site_id, row.earliest_on, max(row.latest_on, row.due_on))


def _diary(calendar: Calendar, span: range) -> Diary:
    remote, in_person = (
        tuple(_spans(calendar.free_in(span, modality, _place(calendar, modality))))
        for modality in (Modality.REMOTE, Modality.IN_PERSON)
    )
    return Diary(calendar.kind, calendar.subject_id, remote, in_person, calendar.buffer)


def _place(calendar: Calendar, modality: Modality) -> SiteId | None:
    """Return where a plan counts on somebody who has to be there: at home. Hours elsewhere are booked one by one."""
    return (calendar.home or NOWHERE) if must_be_there(calendar.kind, modality) else None


def _spans(bits: int) -> Iterable[Span]:
    """Yield the runs of set bits."""
    first = 0
    while bits:
        gap = (bits & -bits).bit_length() - 1
        first, bits = first + gap, bits >> gap
        length = (~bits & (bits + 1)).bit_length() - 1
        yield first, first + length
        first, bits = first + length, bits >> length


def weekdays(now: datetime, zone: str) -> list[date]:
    """Return the working days on which a medicobus could go, from tomorrow on."""
    today = local_day(now, zone)
    days = (today + timedelta(days=number) for number in range(1, (last_day(today) - today).days))
    return [day for day in days if day.weekday() < 5]
