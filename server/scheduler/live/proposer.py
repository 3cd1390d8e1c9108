"""Moments for one promise: found in the index, then checked against SQL; what does not stand is looked for again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.ids import PractitionerId, ResourceId, SiteId
from server.people import store as people
from server.people.rules import Site
from server.scheduler import store
from server.scheduler.live.service import LiveIndex
from server.scheduler.live.sharing import Sharing
from server.scheduler.rules.fairness import WAITS, Shares
from server.scheduler.rules.index import WEEK
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.scan import Scan, Tier, Tiers
from server.scheduler.rules.search import Ask, Found, PartOfDay
from server.scheduler.rules.units import day_units
from server.scheduler.service import asking
from server.scheduler.service.asking import ANOTHER_WORKER_COST, COSTS, Bench, doctor_cost, worker_cost
from server.scheduler.service.stops import say_when
from server.scheduler.service.views import Proposals, Why
from server.scheduler.tables import FollowUpPromise

TRIES = 2  # then the plain search over SQL answers: slower, and always right


class Proposer:
    """Proposes moments."""

    def __init__(self, database: Database, live: LiveIndex, now: Clock) -> None:
        self._database = database
        self._live = live
        self._now = now
        self._sharing = Sharing(live, now)

    async def proposals(
        self, row: FollowUpPromise, *, wide: bool, part: PartOfDay | None, seen: Iterable[date]
    ) -> Proposals:
        """Return up to three moments that stand in SQL at this instant, or none and why."""
        now, seen = self._now(), frozenset(seen)
        for _ in range(TRIES):
            async with self._database.reading() as tx:
                site = await people.site(tx, row.site_id)
            ask = asking.asked(row, site, now, wide=wide, part=part, seen=seen)
            await self._live.catch_up(_weeks(ask))
            async with self._database.reading() as tx:
                shares = await self._sharing.of(tx, row.site_id)
                scan = await self._scan(tx, row, ask, site, now, shares)
                answer = scan.search()
                only = {one for found in answer.found for one in found.serving.values()}
                around = await asking.bench(tx, row, now, wide=wide, part=part, seen=seen, only=only, shares=shares)
            unsure = [found for found in answer.found if not asking.stands(around, found)]
            if not unsure:
                shown = asking.shaped(row, around, answer, scan.closed_weekdays(answer.why_empty))
                return shown if shown.choices else await self._with_bus(row, ask, shown)
            self._live.changed(unit for found in unsure for unit in _units(around, found))
        async with self._database.reading() as tx:
            shares = await self._sharing.of(tx, row.site_id)
            around = await asking.bench(tx, row, now, wide=wide, part=part, seen=seen, shares=shares)
            return await say_when(tx, row, around.ask, asking.proposals(row, around))

    async def _with_bus(self, row: FollowUpPromise, ask: Ask, shown: Proposals) -> Proposals:
        async with self._database.reading() as tx:
            return await say_when(tx, row, ask, shown)

    async def _scan(
        self, tx: AsyncSession, row: FollowUpPromise, ask: Ask, site: Site, now: datetime, shares: Shares
    ) -> Scan:
        span = range(day_units(ask.window.earliest_on, ask.zone).start, day_units(ask.window.latest_on, ask.zone).stop)
        nobody = Calendar(ResourceId(row.patient_id), ResourceKind.PATIENT, row.patient_id, site.zone)
        patient = (await store.calendars(tx, [row.patient_id], span, at=now)).get(row.patient_id, nobody)
        return Scan(self._live.index, ask, await self._tiers(tx, row, ask, now, shares), patient)

    async def _tiers(self, tx: AsyncSession, row: FollowUpPromise, ask: Ask, now: datetime, shares: Shares) -> Tiers:
        stopping = self._live.index.stopping(row.site_id)
        cabins, _closed = await asking.cabins_in_service(tx, row.site_id, stopping)
        workers = await asking.workers_there(tx, row.site_id, stopping)
        instruments = await asking.instruments_in_service(tx, row, stopping)
        whys = await asking.continuity(tx, row, now)
        here = ask.at(ResourceKind.CABIN)
        sides: dict[ResourceKind, tuple[Tier, ...]] = {
            ResourceKind.PRACTITIONER: self._doctors(whys, shares, ask.at(ResourceKind.PRACTITIONER)),
            ResourceKind.CABIN: (self._tier(0, cabins, here),),
            ResourceKind.HEALTH_WORKER: (
                self._tier(0, [one for one in workers if not worker_cost(one, row.health_worker_id)], here),
                self._tier(
                    ANOTHER_WORKER_COST, [one for one in workers if worker_cost(one, row.health_worker_id)], here
                ),
            ),
            ResourceKind.INSTRUMENT: (self._tier(0, instruments, here),),
        }
        return {kind: sides[kind] for kind in asking.kinds_of(row) if kind is not ResourceKind.PATIENT}

    def _doctors(self, whys: Mapping[PractitionerId, Why], shares: Shares, at: SiteId | None) -> tuple[Tier, ...]:
        """Return tiers of doctors: who knows the patient by what they cost, then everybody by how full their month is.

        Whoever stands in two tiers is found in the cheaper one, for the cheapest combination wins.
        """
        index = self._live.index
        near: defaultdict[int, list[UUID]] = defaultdict(list)
        for one, why in whys.items():
            near[doctor_cost(one, why, shares)].append(one)
        extra = COSTS[Why.ANOTHER] - (WAITS if shares.waits else 0)
        known = {row for some in near.values() for row in index.rows(some)}
        strangers = [
            Tier(extra + full, index.there([row for row in rows if row not in known], at))
            for full, rows in self._sharing.strangers().items()
        ]
        return *(self._tier(cost, some, at) for cost, some in sorted(near.items())), *strangers

    def _tier(self, cost: int, subjects: Iterable[UUID], at: SiteId | None) -> Tier:
        return Tier(cost, self._live.least_loaded(subjects, at))


def _weeks(ask: Ask) -> range:
    first, last = day_units(ask.window.earliest_on, ask.zone), day_units(ask.window.latest_on, ask.zone)
    return range(first.start // WEEK, last.stop // WEEK + 1)


def _units(around: Bench, found: Found) -> Iterable[tuple[ResourceId, int]]:
    serving = set(found.serving.values())
    return [
        (one.calendar.resource_id, found.unit)
        for side in around.sides.values()
        for one in side
        if one.calendar.subject_id in serving
    ]
