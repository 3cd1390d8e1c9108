"""What the front office does with a series: see it whole, book it line by line or at once, move or cancel what follows.

each open time ─▶ the moment it had │ like the others: same people and hour │ the search's first ──accept──▶ booked
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AppointmentId, PromiseId, SeriesId
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.service import People
from server.scheduler import store as scheduler_store
from server.scheduler.promises.rules import WithdrawReason
from server.scheduler.promises.service import Promises
from server.scheduler.rules.appointment import EXPECTED, AppointmentStatus
from server.scheduler.rules.promise import OPEN, PromiseStatus
from server.scheduler.rules.search import WhyEmpty
from server.scheduler.rules.units import instant_of_wall, wall_time
from server.scheduler.series import store
from server.scheduler.series.alike import again, alike, people_of
from server.scheduler.service import asking
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import AppointmentLine, CancelReason, Choice, PromiseLine, Proposal
from server.scheduler.service.worklists import Worklists
from server.scheduler.tables import Appointment, FollowUpPromise, PromiseSeries

NOT_YOURS = N_("Cette série n’existe pas, ou elle n’est pas à votre site.")
TO_BOOK = (*OPEN, PromiseStatus.MISSED)
SERVED = (*EXPECTED, AppointmentStatus.FULFILLED)


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One time of a series: booked, or with the moment that is proposed for it."""

    promise: PromiseLine
    booked: AppointmentLine | None
    proposal: Proposal | None = None
    why_empty: WhyEmpty | None = None
    like_the_others: bool = False
    """The same people at the same hour as the others."""


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A whole series."""

    id: SeriesId
    step_days: int
    times: int
    lines: tuple[SeriesLine, ...]

    @property
    def proposed(self) -> list[SeriesLine]:
        """What could be booked now, all at once."""
        return [line for line in self.lines if line.proposal is not None]


@dataclass(frozen=True, slots=True)
class Done:
    """How many lines an act changed, and how many it had to leave as they were."""

    changed: int
    left: int


class Series:
    """Series of the caller's site."""

    def __init__(
        self, database: Database, people: People, vault: Vault, now: Clock, follow_ups: FollowUps, promises: Promises
    ) -> None:
        self._database = database
        self._now = now
        self._follow_ups = follow_ups
        self._promises = promises
        self._worklists = Worklists(database, people, vault, now)

    async def repeat(self, who: Identity, promise_id: PromiseId, step_days: int, times: int) -> SeriesId:
        """Make a series of a follow-up of the caller's site."""
        return await self._follow_ups.repeat(who, promise_id, step_days, times)

    async def view(self, who: Identity, series_id: SeriesId) -> SeriesView:
        """Return a series with what is booked, and a moment for each time that is not. Readings are logged."""
        require(who, Act.SERIES_ORDER)
        async with self._database.transaction() as tx:
            series, rows = await self._mine(tx, who, series_id)
            promised = await self._worklists.promise_lines(tx, who, rows)
            newest = await store.appointments(tx, [row.id for row in rows])
            standing = [newest[row.id] for row in rows if row.id in newest and newest[row.id].status in SERVED]
            booked = {line.promise_id: line for line in await self._worklists.appointment_lines(tx, who, standing)}
        model = _choice(standing[-1]) if standing else None
        lines = []
        for row, promise in zip(rows, promised, strict=True):
            if row.status not in TO_BOOK:
                lines.append(SeriesLine(promise, booked.get(row.id)))
                continue
            lost = newest.get(row.id)
            line = await self._proposed(who, row, promise, _choice(lost) if lost else None, model)
            model = model or (line.proposal.choice if line.proposal else None)
            lines.append(line)
        return SeriesView(series.id, series.step_days, series.times, tuple(lines))

    async def _proposed(
        self, who: Identity, row: FollowUpPromise, promise: PromiseLine, lost: Choice | None, model: Choice | None
    ) -> SeriesLine:
        """Look for the moment of one time: the one it had, one like the others, or the best that the search finds."""
        now = self._now()
        async with self._database.reading() as tx:
            for choice, look in ((lost, again), (model, alike)):
                if choice is None or (look is again and choice.starts_at <= now):
                    continue
                around = await asking.bench(tx, row, now, only=people_of(choice))
                if (found := look(row, around, choice)) is not None:
                    return SeriesLine(promise, None, found, like_the_others=look is alike)
        wide = promise.is_late
        answer = await self._follow_ups.proposals(who, row.id, wide=wide)
        return SeriesLine(promise, None, answer.choices[0] if answer.choices else None, answer.why_empty)

    async def book(self, who: Identity, series_id: SeriesId, lines: Sequence[tuple[PromiseId, Choice]]) -> Done:
        """Book these times, each as if it had been chosen by hand; a moment that was lost leaves its line open."""
        require(who, Act.SERIES_ORDER)
        async with self._database.reading() as tx:
            _series, rows = await self._mine(tx, who, series_id)
        mine = {row.id for row in rows}
        done = 0
        for promise_id, choice in lines:
            if promise_id not in mine:
                raise NotFound(NOT_YOURS)
            key = f"s-{promise_id.hex}-{int(self._now().timestamp())}"
            try:
                await self._follow_ups.reserve(who, promise_id, choice, key)
            except Conflict:
                continue
            done += 1
        return Done(done, len(lines) - done)

    async def move_following(self, who: Identity, appointment_id: AppointmentId, version: int, choice: Choice) -> Done:
        """Move an appointment, and the following ones of its series by as many days to the same hour and people.

        Raises what a move raises for the first; a following one that cannot go there stays where it is.
        """
        require(who, Act.SERIES_ORDER)
        async with self._database.reading() as tx:
            before = await scheduler_store.appointment(tx, appointment_id)
            following = await self._following(tx, who, before)
        await self._follow_ups.move(who, appointment_id, version, choice)
        shift = _day(choice.starts_at, before.zone) - _day(before.starts_at, before.zone)
        done = 1
        for row in reversed(following) if shift > timedelta() else following:
            there = _shifted(row, shift, choice)
            try:
                await self._follow_ups.move(who, row.id, row.version, there)
            except Conflict:
                continue
            done += 1
        return Done(done, 1 + len(following) - done)

    async def cancel_from(self, who: Identity, series_id: SeriesId, number: int, reason: CancelReason) -> Done:
        """Cancel the booked times from `number` on: they are to be booked again, and show the moments they had."""
        require(who, Act.SERIES_ORDER)
        async with self._database.reading() as tx:
            _series, rows = await self._mine(tx, who, series_id)
            newest = await store.appointments(tx, [row.id for row in rows if row.series_no >= number])
        coming = [row for row in newest.values() if _is_coming(row, self._now())]
        for row in coming:
            await self._follow_ups.cancel(who, row.id, row.version, reason)
        return Done(len(coming), 0)

    async def stop(self, who: Identity, series_id: SeriesId, reason: WithdrawReason) -> Done:
        """End a series: what is still to come is withdrawn with a reason, and its appointments are cancelled."""
        require(who, Act.SERIES_ORDER)
        async with self._database.reading() as tx:
            _series, rows = await self._mine(tx, who, series_id)
        open_ones = [row for row in rows if row.status in (*TO_BOOK, PromiseStatus.BOOKED)]
        for row in open_ones:
            await self._promises.withdraw(who, row.id, reason)
        return Done(len(open_ones), len(rows) - len(open_ones))

    async def _following(self, tx: AsyncSession, who: Identity, first: Appointment) -> list[Appointment]:
        promise = await scheduler_store.promise(tx, first.promise_id) if first.promise_id else None
        if promise is None or promise.series_id is None:
            raise NotFound(NOT_YOURS)
        _series, rows = await self._mine(tx, who, promise.series_id)
        later = [row.id for row in rows if row.series_no > promise.series_no]
        found = await store.appointments(tx, later)
        return [found[one] for one in later if one in found and _is_coming(found[one], self._now())]

    async def _mine(
        self, tx: AsyncSession, who: Identity, series_id: SeriesId
    ) -> tuple[PromiseSeries, list[FollowUpPromise]]:
        series = await store.series(tx, series_id)
        if who.site_id is None or series.site_id != who.site_id:
            raise NotFound(NOT_YOURS)
        return series, await store.promises(tx, series_id)


def _is_coming(row: Appointment, now: datetime) -> bool:
    return row.status is AppointmentStatus.BOOKED and row.starts_at > now


def _choice(row: Appointment) -> Choice:
    return Choice(row.starts_at, row.practitioner_id, row.cabin_id, row.health_worker_id, row.instrument_id)


def _day(at: datetime, zone: str) -> date:
    return date.fromisoformat(wall_time(at, zone)[:10])


def _shifted(row: Appointment, shift: timedelta, model: Choice) -> Choice:
    """Return the moment of one appointment, so many civil days on and at the hour of `model`, with its people."""
    hours, minutes = wall_time(model.starts_at, row.zone)[11:].split(":")
    starts_at = instant_of_wall(_day(row.starts_at, row.zone) + shift, int(hours) * 60 + int(minutes), row.zone)
    return Choice(starts_at, model.practitioner_id, model.cabin_id, model.health_worker_id, model.instrument_id)
