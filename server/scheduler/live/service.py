"""The index of one process: made from SQL, told of bookings over the bus, read again where somebody booked.

    a booking commits ──▶ changed(units) ──▶ these resource-weeks are stale here
                                        └─▶ bus ──▶ and stale in every other process
    a hold is over    ──▶ stale at the next look
    a search          ──▶ catch_up()    ──▶ hours as seen before? stale weeks read again ──▶ search

A word that the bus loses costs a second search: `Proposer` checks each moment against SQL before it is shown. What
the word holds is the numbers of resources and weeks, and of no patient.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.ids import ResourceId, SiteId
from server.scheduler.live import store
from server.scheduler.rules.hold import is_over
from server.scheduler.rules.index import WEEK, Index
from server.scheduler.rules.openings import Calendar
from server.scheduler.rules.units import unit_of
from server.scheduler.store import Held
from signalling.bus import Bus

CHANNEL = "scheduler.units"
AHEAD = 8  # weeks that are read when the process starts: most follow-ups fall into them
LOAD_FOR = timedelta(days=28)  # over which work is shared out, from now on: a month, rolling
ORDERED_FOR = 60.0  # s that an order by load is good for
_Stale = tuple[ResourceId, int]


class LiveIndex:
    """The index, and what is known to be out of date in it."""

    def __init__(self, database: Database, now: Clock, bus: Bus | None = None) -> None:
        self.index = Index()
        self._database = database
        self._now = now
        self._bus = bus
        self._hours: tuple[object, ...] = ()
        self._weeks: set[int] = set()
        self._stale: set[_Stale] = set()
        self._ends: dict[_Stale, datetime] = {}
        """When the first hold on a resource-week is over."""
        self._catching_up = asyncio.Lock()
        self._ordered: dict[tuple[UUID | None, ...], tuple[datetime, tuple[int, ...]]] = {}

    async def listen(self) -> None:
        """Hear of bookings in other processes, and read the coming weeks."""
        if self._bus is not None:
            await self._bus.subscribe(CHANNEL, self._hear)
            self._bus.on_return(self.doubt)
        await self.catch_up(range(unit_of(self._now()) // WEEK, unit_of(self._now()) // WEEK + AHEAD))

    def changed(self, held: Iterable[Held]) -> None:
        """Note that these units were taken or freed, here and, over the bus, in the other processes."""
        stale = {(resource_id, unit // WEEK) for resource_id, unit in held}
        self._stale |= stale
        if self._bus is not None and stale:
            self._bus.publish(CHANNEL, msgspec.json.encode(sorted(stale)))

    def doubt(self) -> None:
        """Read everything anew at the next look: nobody knows what was missed."""
        self._hours = ()

    async def catch_up(self, weeks: Iterable[int]) -> None:
        """Read from SQL what is stale or new, so that a search over these weeks sees what is committed."""
        wanted = set(weeks)
        month = month_from(self._now())
        wanted |= {week + 1 for week in wanted} | set(range(month.start // WEEK, month.stop // WEEK + 1))
        async with self._catching_up:
            try:
                await self._read(wanted)
            except BaseException:
                self.doubt()  # what was stale is not known any more
                raise

    async def _read(self, wanted: set[int]) -> None:
        async with self._database.reading() as tx:
            hours = await store.hours_seen(tx)
            if hours != self._hours:
                self._start_again(await store.every_calendar(tx))
                self._hours = hours
            stale, now = self._take_stale(), self._now()
            if stale:
                taken = await store.taken_in(tx, {week for _, week in stale}, now, {one for one, _ in stale})
                for resource_id, week in stale:
                    self.index.set_taken(resource_id, week, taken.get((resource_id, week), 0))
            if missing := wanted - self._weeks:
                for (resource_id, week), bits in (await store.taken_in(tx, missing, now)).items():
                    self.index.set_taken(resource_id, week, bits)
                self._weeks |= missing
            if stale or missing:
                for resource_id, week, end in await store.ends_of_holds(tx, now):
                    key = (resource_id, week)
                    self._ends[key] = min(end, self._ends.get(key, end))

    def _take_stale(self) -> set[_Stale]:
        """Return, once, what is to be read again: what was told, and where a hold is over."""
        over = {one for one, end in self._ends.items() if is_over(end, self._now())}
        self._ends = {one: end for one, end in self._ends.items() if one not in over}
        stale, self._stale = {one for one in self._stale | over if one[1] in self._weeks}, set()
        return stale

    def least_loaded(self, subjects: Iterable[UUID], at: SiteId | None = None) -> tuple[int, ...]:
        """Return their rows, of their hours at a site if one is named: who has least to do first.

        Work is counted in tenths of the open time that is given away in the coming month.
        """
        everybody = tuple(subjects)
        key, now = (at, *everybody), self._now()
        since, rows = self._ordered.get(key, (None, ()))
        if since is None or abs((now - since).total_seconds()) > ORDERED_FOR:
            month = month_from(now)
            some = self.index.rows(everybody, at)
            rows = tuple(sorted(some, key=lambda row: int(10 * self.index.load(row, month))))
            self._ordered = {key: (now, rows)} if len(self._ordered) > 100 else {**self._ordered, key: (now, rows)}
        return rows

    def _start_again(self, calendars: Iterable[Calendar]) -> None:
        fresh = Index()
        for calendar in calendars:
            fresh.put(calendar)
        self.index, self._weeks, self._ordered, self._ends = fresh, set(), {}, {}

    def _hear(self, word: bytes) -> None:
        self._stale |= set(msgspec.json.decode(word, type=list[_Stale]))


def month_from(now: datetime) -> range:
    """Return the units over which work is shared out."""
    return range(unit_of(now), unit_of(now + LOAD_FOR))
