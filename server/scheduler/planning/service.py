"""What people do with plans: have one made for the territory, and accept or decline it line by line at each site.

coordinator: start ──▶ running ──child process──▶ ready            (nothing is booked)
health worker of a site: accept ──the same booking as by hand──▶ booked
                            └─ somebody was faster: said, and the next best moment stands in the line
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.encounters.service.ground import Nudger
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AppointmentId, PromiseId, SiteId, new_id
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people import store as people_store
from server.people.service import People
from server.scheduler import store as scheduler_store
from server.scheduler.planning import loading, maker, store
from server.scheduler.planning.loading import Loaded, may_plan
from server.scheduler.planning.rules import SILENT_FOR, LineStatus, PlanStatus, Summary, figures, last_day
from server.scheduler.planning.tables import TerritoryPlan, TerritoryPlanLine
from server.scheduler.planning.views import PlanView, ProposedLine, SitePlan, Territory
from server.scheduler.rules.planning import Placed
from server.scheduler.rules.planning_tours import tour
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import Choice, SlotTaken
from server.scheduler.service.worklists import TO_DO, Worklists

PLAN_FOR = 20.0  # s: within half a percent of the best known, see the measures
BUS_HALF_DAYS = 2  # a week, until the coordinator says otherwise: what most buses give to one territory
LINE = "readiness"  # the coordinators' pages alone listen to it; the doctors' queue has nothing to fetch
LOST = N_("Ce moment vient d’être pris. Rien n’a été réservé. Voici le meilleur moment qui reste.")
NOTHING_LEFT = N_("Ce moment vient d’être pris, et il n’en reste aucun. Rien n’a été réservé. Rappelez la personne.")
GONE = N_("Cette proposition n’existe plus. Rien n’a été réservé. Rechargez la page.")
_log = structlog.get_logger()


class Planning:
    """Plans of the territory."""

    def __init__(
        self,
        database: Database,
        people: People,
        vault: Vault,
        follow_ups: FollowUps,
        now: Clock,
        nudger: Nudger,
        seconds: float = PLAN_FOR,
        make: maker.Make = maker.make,
    ) -> None:
        self._database = database
        self._follow_ups = follow_ups
        self._now = now
        self._nudger = nudger
        self.seconds = seconds
        self._plan = make
        self._worklists = Worklists(database, people, vault, now)
        self._making: set[asyncio.Task[None]] = set()

    async def start(self, who: Identity, bus_half_days: int = BUS_HALF_DAYS) -> UUID:
        """Begin a plan and return its number; raises Conflict while another is in the making."""
        require(who, Act.PLAN_MAKE)
        now, plan_id = self._now(), new_id()
        async with self._database.transaction() as tx:
            running = await store.latest(tx, PlanStatus.RUNNING)
            if running is not None and not _silent(running, now):
                raise Conflict(N_("Un plan est déjà en préparation. Attendez qu’il soit prêt."), code="plan-running")
            if running is not None:
                await store.advanced(tx, running.id, PlanStatus.FAILED, running.progress, now)
            row = TerritoryPlan(
                id=plan_id,
                status=PlanStatus.RUNNING,
                made_at=now,
                made_by=who.account_id,
                first_on=now.date(),
                last_on=last_day(now.date()),
                progress=0,
                seen_at=now,
                summary="",
            )
            await store.add(tx, [row])
        task = asyncio.create_task(self._make(plan_id, bus_half_days), name="plan")
        self._making.add(task)
        task.add_done_callback(self._making.discard)
        return plan_id

    async def made(self) -> None:
        """Wait until no plan is in the making here."""
        await asyncio.gather(*self._making)

    async def close(self) -> None:
        """Stop what is in the making: its plan is noted as failed."""
        for task in self._making:
            task.cancel()
        await asyncio.gather(*self._making, return_exceptions=True)

    async def tidied(self, _app: object) -> AsyncIterator[None]:
        """Stop what is in the making when the server stops."""
        yield
        await self.close()

    async def territory(self, who: Identity) -> Territory:
        """Return the newest plan in figures, and one in the making; no patient is named."""
        require(who, Act.PLAN_MAKE)
        async with self._database.reading() as tx:
            sites = {UUID(str(one.id)): one for one in await people_store.sites(tx)}
            ready, newest = await store.latest(tx, PlanStatus.READY), await store.latest(tx)
            plan = await self._view(tx, ready) if ready else None
            other = newest is not None and newest.status is not PlanStatus.READY
            running = await self._view(tx, newest) if newest and other else None
        return Territory(sites, plan, running)

    async def of_site(self, who: Identity) -> SitePlan | None:
        """Return what the newest plan proposes at the caller's site and waits for a word; readings are logged."""
        require(who, Act.FOLLOW_UP_BOOK)
        site_id = _site_of(who)
        async with self._database.transaction() as tx:
            plan = await store.latest(tx, PlanStatus.READY)
            if plan is None:
                return None
            pairs = await store.open_lines(tx, plan.id, site_id)
            promises = await self._worklists.promise_lines(tx, who, [promise for _, promise in pairs])
            doctors = {one.id: one for one in await people_store.practitioners(tx)}
            cabins = {one.id: one for one in await people_store.cabins(tx, site_id)}
            workers = {one.id: one for one in await people_store.health_workers(tx, site_id)}
            counted = await store.counts(tx, plan.id)
            waiting = await scheduler_store.promises(tx, TO_DO, site_id=site_id)
            lines = tuple(
                ProposedLine(
                    promise=promise,
                    starts_at=line.starts_at,
                    practitioner=doctors.get(line.practitioner_id) if line.practitioner_id else None,
                    cabin=cabins.get(line.cabin_id) if line.cabin_id else None,
                    health_worker=workers.get(line.health_worker_id) if line.health_worker_id else None,
                    in_window=line.in_window,
                    replaced=line.replaced,
                )
                for (line, _), promise in zip(pairs, promises, strict=True)
            )
            return SitePlan(
                plan.made_at,
                plan.last_on,
                lines,
                counted.get((site_id, LineStatus.ACCEPTED), 0),
                counted.get((site_id, LineStatus.DECLINED), 0),
                sum(not may_plan(row) for row in waiting),
            )

    async def accept(self, who: Identity, promise_id: PromiseId, starts_at: datetime) -> AppointmentId:
        """Book what the plan proposes, as `starts_at` showed it.

        Raises Conflict: `slot-taken` when the moment was lost, and then the next best stands in the line;
        `plan-changed` when the line is not what was shown.
        """
        require(who, Act.FOLLOW_UP_BOOK)
        async with self._database.reading() as tx:
            line = await self._line(tx, who, promise_id)
            choice = _choice(line)
        if choice is None or choice.starts_at != starts_at:
            raise Conflict(GONE, code="plan-changed")
        try:
            key = f"{line.plan_id.hex[:12]}-{promise_id.hex}-{int(choice.starts_at.timestamp())}"
            booked = await self._follow_ups.book(who, promise_id, choice, key)
        except SlotTaken as taken:
            left = [one.choice for one in taken.proposals.choices]
            await self._replace(who, promise_id, choice, left[0] if left else None, taken)
            raise Conflict(LOST if left else NOTHING_LEFT, code=SlotTaken.code) from None
        await self._decide(who, promise_id, LineStatus.ACCEPTED)
        return booked

    async def decline(self, who: Identity, promise_id: PromiseId) -> None:
        """Take a line off the list: the follow-up stays due, and is booked by hand."""
        require(who, Act.FOLLOW_UP_BOOK)
        await self._decide(who, promise_id, LineStatus.DECLINED)

    async def _decide(self, who: Identity, promise_id: PromiseId, status: LineStatus) -> None:
        async with self._database.transaction() as tx:
            line = await self._line(tx, who, promise_id, lock=True)
            line.status, line.decided_at, line.decided_by = status, self._now(), who.account_id
        await self._nudger.nudge(LINE, f"site:{line.site_id}")

    async def _replace(
        self, who: Identity, promise_id: PromiseId, lost: Choice, then: Choice | None, taken: SlotTaken
    ) -> None:
        async with self._database.transaction() as tx:
            line = await self._line(tx, who, promise_id, lock=True)
            if _choice(line) != lost:
                return
            _put(line, then)
            line.in_window = then is not None and taken.proposals.choices[0].in_window
            line.replaced = True

    async def _line(
        self, tx: AsyncSession, who: Identity, promise_id: PromiseId, *, lock: bool = False
    ) -> TerritoryPlanLine:
        """Return the line of the newest plan for a promise of the caller's site, while it waits for a word."""
        plan = await store.latest(tx, PlanStatus.READY)
        line = await store.line(tx, plan.id, promise_id, lock=lock) if plan else None
        if line is None or line.site_id != _site_of(who):
            raise NotFound(N_("Cette proposition n’existe pas, ou elle n’est pas à votre site."))
        if line.status not in (LineStatus.PROPOSED, LineStatus.NONE):
            raise Conflict(GONE, code="plan-changed")
        return line

    async def _make(self, plan_id: UUID, bus_half_days: int) -> None:
        """Make one plan, whatever happens: it ends ready or failed."""
        try:
            async with self._database.reading() as tx:
                loaded = await loading.load(tx, self._now())

            async def heard(percent: int) -> None:
                await self._note(plan_id, PlanStatus.RUNNING, percent)

            told = await self._plan(maker.Question(loaded.problem, self.seconds), heard)
            await self._keep(plan_id, loaded, told, bus_half_days)
        except BaseException as error:
            _log.warning("plan_failed", error=type(error).__name__)
            await asyncio.shield(self._note(plan_id, PlanStatus.FAILED, 0))
            if not isinstance(error, Exception):
                raise

    async def _note(self, plan_id: UUID, status: PlanStatus, percent: int) -> None:
        async with self._database.transaction() as tx:
            await store.advanced(tx, plan_id, status, percent, self._now())
        if status is not PlanStatus.RUNNING:  # who watches a plan being made asks every two seconds anyhow
            await self._nudger.nudge(LINE)

    async def _keep(self, plan_id: UUID, loaded: Loaded, told: maker.Told, bus_half_days: int) -> None:
        summary = _summary(loaded, told, self._now(), bus_half_days)
        async with self._database.transaction() as tx:
            await store.add(tx, _lines(plan_id, loaded, told.plan or ()))
            written = msgspec.json.encode(summary).decode()
            await store.advanced(tx, plan_id, PlanStatus.READY, 100, self._now(), written)
        sites = {f"site:{one}" for one in loaded.sites.values()}
        await self._nudger.nudge(LINE, *sorted(sites))

    async def _view(self, tx: AsyncSession, row: TerritoryPlan) -> PlanView:
        return PlanView(
            id=row.id,
            status=row.status,
            made_at=row.made_at,
            first_on=row.first_on,
            last_on=row.last_on,
            progress=row.progress,
            summary=msgspec.json.decode(row.summary, type=Summary) if row.summary else None,
            decided=await store.counts(tx, row.id),
            lost=row.status is PlanStatus.FAILED or _silent(row, self._now()),
        )


def _silent(row: TerritoryPlan, now: datetime) -> bool:
    return row.status is PlanStatus.RUNNING and now - row.seen_at > SILENT_FOR


def _summary(loaded: Loaded, told: maker.Told, now: datetime, bus_half_days: int) -> Summary:
    on_board = tour(loaded.riders, loading.weekdays(now, loaded.zone), bus_half_days)
    return Summary(
        figures(loaded.problem, told.plan or ()),
        figures(loaded.problem, told.desks or ()),
        on_board.stops,
        {str(village): count for village, count in on_board.waiting.items()},
    )


def _lines(plan_id: UUID, loaded: Loaded, plan: Iterable[Placed | None]) -> Iterable[TerritoryPlanLine]:
    for wish, at in zip(loaded.problem.wishes, plan, strict=True):
        line = TerritoryPlanLine(
            plan_id=plan_id,
            promise_id=PromiseId(wish.promise_id),
            site_id=loaded.sites[wish.promise_id],
            in_window=at is not None and at.day.strict,
            replaced=False,
        )
        _put(line, loaded.choice(at) if at else None)
        yield line


def _put(line: TerritoryPlanLine, choice: Choice | None) -> None:
    line.status = LineStatus.PROPOSED if choice else LineStatus.NONE
    line.starts_at = choice.starts_at if choice else None
    line.practitioner_id = choice.practitioner_id if choice else None
    line.cabin_id = choice.cabin_id if choice else None
    line.health_worker_id = choice.health_worker_id if choice else None


def _choice(line: TerritoryPlanLine) -> Choice | None:
    if line.starts_at is None or line.practitioner_id is None:
        return None
    return Choice(line.starts_at, line.practitioner_id, line.cabin_id, line.health_worker_id)


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
