"""How full each doctor's month is, and which villages wait: reckoned from the index, once a minute."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.clock import Clock
from server.kernel.ids import SiteId
from server.people import store as people
from server.scheduler.live import store
from server.scheduler.live.service import ORDERED_FOR, LiveIndex, month_from
from server.scheduler.rules.fairness import Shares, quarter, waiting
from server.scheduler.rules.index import Index
from server.scheduler.rules.openings import ResourceKind


class Sharing:
    """Reckons shares. The index has caught up with the coming month."""

    def __init__(self, live: LiveIndex, now: Clock) -> None:
        self._live = live
        self._now = now
        self._of: Index | None = None
        self._at: datetime | None = None
        self._quarters: dict[UUID, int] = {}
        self._waiting: frozenset[SiteId] = frozenset()
        self._strangers: dict[int, tuple[int, ...]] = {}

    async def of(self, tx: AsyncSession, site_id: SiteId) -> Shares:
        """Return what counts for a promise of a site."""
        await self._reckon(tx)
        return Shares(self._quarters, site_id in self._waiting)

    def strangers(self) -> dict[int, tuple[int, ...]]:
        """Return the rows of all doctors by the quarter of their month that is full."""
        return self._strangers

    async def _reckon(self, tx: AsyncSession) -> None:
        index, now = self._live.index, self._now()
        fresh = self._at is not None and abs((now - self._at).total_seconds()) <= ORDERED_FOR
        if fresh and self._of is index:
            return
        month = month_from(now)
        doctors = self._live.least_loaded(index.subjects(ResourceKind.PRACTITIONER))
        rows: defaultdict[int, list[int]] = defaultdict(list)
        self._quarters = {}
        for row in doctors:
            full = quarter(index.load(row, month))
            rows[full].append(row)
            self._quarters[index.subject(row)] = full
        self._strangers = {full: tuple(some) for full, some in sorted(rows.items())}
        self._waiting = waiting(await self._loads(tx, month), await store.overdue(tx, now.date()))
        self._of, self._at = index, now

    async def _loads(self, tx: AsyncSession, month: range) -> dict[SiteId, float]:
        """Return the load of each village: of all its cabins together."""
        index, found = self._live.index, defaultdict[SiteId, list[float]](list)
        for cabin in await people.cabins(tx):
            if (row := index.row(cabin.id)) is not None:
                found[cabin.site_id].append(index.load(row, month))
        return {site: sum(some) / len(some) for site, some in found.items()}
