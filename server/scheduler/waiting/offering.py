"""The list at work, in every server: offers each freed moment to one person after the other.

    freed ─► due ─one transaction: next in order, hold, offer, message─► offered ─no, too late, lapsed─► due
                                                                             └─yes─► done

Nothing is done between two transactions, so a server that is killed leaves a moment either due or offered, never lost;
a moment is locked while somebody works on it, and its hold lets nobody else be asked.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.service.ground import Nudger
from server.kernel.clock import Clock
from server.kernel.errors import Conflict
from server.kernel.ids import AppointmentId, FreedMomentId, WaitingEntryId, WaitingOfferId, new_id
from server.people import store as people_store
from server.scheduler import store as scheduler_store
from server.scheduler.reminders.offers import Telling
from server.scheduler.reminders.sending import quiet_of
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.hold import HoldEnd
from server.scheduler.rules.units import local_day
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.making_way import end_hold
from server.scheduler.service.views import Choice
from server.scheduler.store import Held
from server.scheduler.tables import FollowUpPromise
from server.scheduler.waiting import serving, store
from server.scheduler.waiting.freeing import freed_moment
from server.scheduler.waiting.rules import (
    FAIR_FOR,
    Candidate,
    MomentStatus,
    OfferStatus,
    Wish,
    answer_for,
    order,
)
from server.scheduler.waiting.tables import FreedMoment, WaitingEntry, WaitingOffer

EVERY = 15.0  # seconds
LOOK_EVERY = 40  # rounds: every ten minutes, whether a doctor has opened something sooner
AT_ONCE = 50
MOST_LOOKS = 6  # at most three days each: three weeks of days on which somebody is there
log = structlog.get_logger(__name__)
Waiting = tuple[WaitingEntry, FollowUpPromise]


@dataclass(frozen=True, slots=True)
class _Made:
    """What one transaction came to: whose page has news, and which units changed."""

    lines: tuple[str, ...] = ()
    changed: frozenset[Held] = frozenset()
    again: bool = False
    """This person cannot have it after all: the next one is asked."""


class Offering:
    """Offers freed moments."""

    def __init__(self, database: Database, follow_ups: FollowUps, telling: Telling, now: Clock, nudger: Nudger) -> None:
        self._database = database
        self._follow_ups = follow_ups
        self._telling = telling
        self._now = now
        self._nudger = nudger

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Look every few seconds while we serve."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._run(stop), name="waiting-list")
        yield
        stop.set()  # not cancelled: a transaction that is cut may hold SQLite's lock
        await task

    async def _run(self, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            try:
                if number % LOOK_EVERY == 0:
                    await self.look()
                await self.work()
            except Exception:
                log.exception("freed moments not offered")
            number += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)

    async def work(self) -> int:
        """End what is over, then offer what is free; return how many offers were made."""
        async with self._database.reading() as tx:
            over = await store.offers_to_end(tx, self._now(), AT_ONCE)
        for offer_id, moment_id in over:
            await self._end(offer_id, moment_id)
        async with self._database.reading() as tx:
            due = await store.due_moments(tx, self._now(), AT_ONCE)
        return sum([await self._offer(one) for one in due])

    async def look(self) -> int:
        """Note the moments that who waits would take and that nobody gave up: a doctor has opened them since."""
        async with self._database.reading() as tx:
            people = await store.waiting(tx)
            booked = await store.booked_at(tx, [row.id for _, row in people])
            zones = {one.id: one.zone for one in await people_store.sites(tx)}
        noted = 0
        for entry, row in people:
            choice = await self._opened(entry, row, zones[entry.site_id], booked.get(row.id))
            noted += choice is not None and await self._note(entry, choice)
        return noted

    async def _opened(
        self, entry: WaitingEntry, row: FollowUpPromise, zone: str, booked_at: datetime | None
    ) -> Choice | None:
        """Return the best moment that one person would take, of all that are free now."""
        seen: set[date] = set()
        for _ in range(MOST_LOOKS):
            found = await self._follow_ups.proposals_for_list(row, entry.part, seen)
            for one in found.choices:
                if _wish(entry).fits(one.starts_at, zone, one.practitioner.id, booked_at):
                    return one.choice
            if not found.choices:
                return None
            seen |= {one.on for one in found.choices}
        return None

    async def _note(self, entry: WaitingEntry, choice: Choice) -> bool:
        now = self._now()
        if answer_for(now, choice.starts_at) is None:
            return False
        async with self._database.transaction() as tx:
            if await store.moment_known(tx, choice.practitioner_id, choice.starts_at):
                return False
            tx.add(freed_moment(entry.site_id, choice.practitioner_id, choice.starts_at, now))
        return True

    # --- one moment -------------------------------------------------------------------------------------------------

    async def _offer(self, moment_id: FreedMomentId) -> bool:
        """Ask the first in order who can have it; note that nobody can. Returns whether somebody was asked."""
        async with self._database.reading() as tx:
            ordered = await self._ordered(tx, moment_id)
        for entry, row in ordered:
            try:
                made = await self._ask(moment_id, entry, row)
            except Conflict:  # somebody was faster, or this person is busy then
                continue
            if not made.again:
                self._follow_ups.tell_index(made.changed)
                await self._nudger.nudge(*made.lines)
                return bool(made.changed)
        async with self._database.transaction() as tx:
            moment = await store.moment(tx, moment_id, wait=False)
            if moment is not None and moment.status is MomentStatus.DUE:
                moment.status = MomentStatus.DONE
        return False

    async def _ordered(self, tx: AsyncSession, moment_id: FreedMomentId) -> list[Waiting]:
        """Return who would take a moment, in the order in which they are asked."""
        now = self._now()
        moment = await store.look_at(tx, moment_id)
        people = await store.waiting(tx)
        asked = await store.asked(tx, moment_id) | await store.busy_entries(tx)
        booked = await store.booked_at(tx, [row.id for _, row in people])
        served = await store.placed_by_site(tx, now - FAIR_FOR)
        zones = {one.id: one.zone for one in await people_store.sites(tx)}
        crowd = Counter(entry.site_id for entry, _ in people)
        fitting = {
            entry.id: (entry, row)
            for entry, row in people
            if entry.id not in asked
            and row.id != moment.given_up_by
            and _wish(entry).fits(moment.starts_at, zones[entry.site_id], moment.practitioner_id, booked.get(row.id))
        }
        candidates = [
            Candidate(one.id, row.due_on, row.latest_on, one.since, served[one.site_id], crowd[one.site_id])
            for one, row in fitting.values()
        ]
        today = local_day(now, zones[moment.site_id])
        return [fitting[WaitingEntryId(one.entry_id)] for one in order(candidates, today)]

    async def _ask(self, moment_id: FreedMomentId, entry: WaitingEntry, seen: FollowUpPromise) -> _Made:
        """Hold the moment for one person and tell them, in one transaction. Raises Conflict when they cannot."""
        now = self._now()
        async with self._database.transaction() as tx:
            moment = await store.moment(tx, moment_id, wait=False)
            if moment is None or moment.status is not MomentStatus.DUE:
                return _Made()
            lasts_for = answer_for(now, moment.starts_at)
            if lasts_for is None:
                moment.status = MomentStatus.DONE
                return _Made()
            site = await people_store.site(tx, entry.site_id)
            quiet = await quiet_of(tx, site)
            if quiet.is_quiet(now) and answer_for(quiet.later(now), moment.starts_at) is not None:
                moment.not_before = quiet.later(now)
                return _Made()
            row = await scheduler_store.promise(tx, seen.id, lock=True)
            choice = await serving.choice_for(tx, row, moment.practitioner_id, moment.starts_at, now)
            if choice is None:
                return _Made(again=True)
            held = await self._follow_ups.hold_in(tx, None, row, choice, lasts_for)
            offer = _offer_row(moment, entry, held.row.id, held.row.version, now, held.row.hold_until or now)
            moment.status = MomentStatus.OFFERED
            tx.add(offer)
            await self._telling.tell(tx, held.row, now, offer.until)
            about, offered = f"waiting_offer:{offer.id}", Action.WAITING_OFFERED
            await record(tx, None, offered, at=now, patient_id=row.patient_id, record=about)
        return _Made((f"site:{entry.site_id}",), held.changed)

    async def _end(self, offer_id: WaitingOfferId, moment_id: FreedMomentId) -> None:
        """End an offer that nobody answered in time, or whose hold is gone: the next person is asked."""
        now = self._now()
        freed: set[Held] = set()
        async with self._database.transaction() as tx:
            moment = await store.moment(tx, moment_id, wait=False)
            offer = await store.offer(tx, offer_id, lock=True)
            if moment is None or offer.status is not OfferStatus.OPEN:
                return
            held = await scheduler_store.appointment(tx, offer.hold_id, lock=True)
            if offer.until > now and held.status is AppointmentStatus.PENDING:
                return
            if held.status is AppointmentStatus.PENDING:
                freed = await end_hold(tx, None, held, now, HoldEnd.EXPIRED)
            offer.status = OfferStatus.EXPIRED if offer.until <= now else OfferStatus.LAPSED
            offer.answered_at = now
            moment.status, moment.not_before = MomentStatus.DUE, now
        self._follow_ups.tell_index(freed)
        await self._nudger.nudge(f"site:{offer.site_id}")


def _wish(entry: WaitingEntry) -> Wish:
    return Wish(entry.from_on, entry.until_on, entry.weekdays, entry.part, entry.practitioner_id)


def _offer_row(
    moment: FreedMoment, entry: WaitingEntry, hold_id: AppointmentId, version: int, now: datetime, until: datetime
) -> WaitingOffer:
    return WaitingOffer(
        id=WaitingOfferId(new_id()),
        moment_id=moment.id,
        entry_id=entry.id,
        promise_id=entry.promise_id,
        patient_id=entry.patient_id,
        site_id=entry.site_id,
        hold_id=hold_id,
        hold_version=version,
        status=OfferStatus.OPEN,
        offered_at=now,
        until=until,
    )
