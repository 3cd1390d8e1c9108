"""What people do with the waiting list: put somebody on it, take them off, and answer an offer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.service.ground import Nudger
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import (
    AppointmentId,
    PractitionerId,
    PromiseId,
    SiteId,
    WaitingEntryId,
    WaitingOfferId,
    new_id,
)
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.service import People
from server.scheduler import store as scheduler_store
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.hold import HOLDABLE, HoldEnd
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.making_way import end_hold
from server.scheduler.service.views import AppointmentLine, PromiseLine
from server.scheduler.service.worklists import Worklists
from server.scheduler.store import Held
from server.scheduler.waiting import store
from server.scheduler.waiting.rules import EVERY_DAY, EntryMove, EntryStatus, MomentStatus, OfferStatus, Wish, after
from server.scheduler.waiting.tables import WaitingEntry, WaitingOffer

UNDO_FOR = timedelta(days=7)
NOT_YOURS = N_("Cette personne n’est pas sur la liste d’attente de votre site.")
GONE = N_("Cette proposition n’est plus là. Rien n’a été changé.")


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """Somebody on the list: what they wait for, what they have, and what they are asked just now."""

    id: WaitingEntryId
    status: EntryStatus
    promise: PromiseLine
    wish: Wish
    since: datetime
    booked_at: datetime | None
    offer_id: WaitingOfferId | None = None
    offered: AppointmentLine | None = None
    until: datetime | None = None


class WaitingList:
    """The list of the caller's site."""

    def __init__(
        self, database: Database, people: People, vault: Vault, now: Clock, nudger: Nudger, follow_ups: FollowUps
    ) -> None:
        self._database = database
        self._now = now
        self._nudger = nudger
        self._follow_ups = follow_ups
        self._worklists = Worklists(database, people, vault, now)

    async def lines(self, who: Identity) -> list[WaitingLine]:
        """Return who waits at the caller's site, the longest first, then who was taken off. Readings are logged."""
        require(who, Act.WAITING_TEND)
        async with self._database.transaction() as tx:
            site_id = _site_of(who)
            entries = [one for one, _ in await store.waiting(tx, site_id)]
            entries += await store.closed_since(tx, site_id, self._now() - UNDO_FOR)
            promised = await scheduler_store.promises_by_id(tx, [one.promise_id for one in entries])
            rows = [promised[one.promise_id] for one in entries]
            promises = await self._worklists.promise_lines(tx, who, rows)
            booked = await store.booked_at(tx, list(promised))
            offers = await store.open_offers(tx, [one.id for one in entries])
            holds = [await scheduler_store.appointment(tx, one.hold_id) for one in offers.values()]
            held = {line.id: line for line in await self._worklists.appointment_lines(tx, who, holds)}
        return [
            _line(one, promise, booked.get(one.promise_id), offers.get(one.id), held)
            for one, promise in zip(entries, promises, strict=True)
        ]

    async def add(self, who: Identity, promise_id: PromiseId, wish: Wish) -> WaitingEntryId:
        """Put somebody on the list, or change what they would take; who was taken off is on it again."""
        require(who, Act.WAITING_TEND)
        now = self._now()
        if wish.until_on < wish.from_on or not 1 <= wish.weekdays <= EVERY_DAY:
            raise Invalid(
                N_("Choisissez au moins un jour, et une date de fin après le début."),
                fields={"until_on": N_("Choisissez au moins un jour, et une date de fin après le début.")},
            )
        async with self._database.transaction() as tx:
            promise = await scheduler_store.promise(tx, promise_id, lock=True)
            if promise.site_id != _site_of(who):
                raise NotFound(NOT_YOURS)
            if promise.status not in HOLDABLE:
                raise Conflict(N_("Ce suivi est terminé : il n’attend plus rien."), code="promise-moved")
            row = await store.entry_of(tx, promise_id)
            if row is None:
                row = WaitingEntry(id=WaitingEntryId(new_id()), promise_id=promise.id, since=now)
                row.patient_id, row.site_id, row.created_by = promise.patient_id, promise.site_id, who.account_id
            row.status, row.closed_at = EntryStatus.WAITING, None
            row.from_on, row.until_on, row.weekdays, row.part = wish.from_on, wish.until_on, wish.weekdays, wish.part
            row.practitioner_id = PractitionerId(wish.practitioner_id) if wish.practitioner_id else None
            tx.add(row)
            await self._log(tx, who, Action.WAITING_ADDED, row)
        await self._nudger.nudge(f"site:{row.site_id}")
        return row.id

    async def withdraw(self, who: Identity, entry_id: WaitingEntryId) -> None:
        """Take somebody off the list; what they are asked just now is asked of the next one."""
        require(who, Act.WAITING_TEND)
        async with self._database.reading() as tx:
            await self._mine(tx, who, entry_id)
            seen = (await store.open_offers(tx, [entry_id])).get(entry_id)
        if seen is not None:
            await self._answer(who, seen.id, yes=False)
        async with self._database.transaction() as tx:
            row = await self._mine(tx, who, entry_id)
            row.status, row.closed_at = after(row.status, EntryMove.WITHDRAW), self._now()
            await self._log(tx, who, Action.WAITING_WITHDRAWN, row)
        await self._nudger.nudge(f"site:{row.site_id}")

    async def restore(self, who: Identity, entry_id: WaitingEntryId) -> None:
        """Undo: somebody who was taken off waits again, since when they did."""
        require(who, Act.WAITING_TEND)
        async with self._database.transaction() as tx:
            row = await self._mine(tx, who, entry_id)
            row.status, row.closed_at = after(row.status, EntryMove.RESTORE), None
            await self._log(tx, who, Action.WAITING_ADDED, row)
        await self._nudger.nudge(f"site:{row.site_id}")

    async def answer(self, who: Identity, offer_id: WaitingOfferId, *, yes: bool) -> AppointmentId | None:
        """Write down what somebody of the site answered by telephone; return the appointment after a yes."""
        require(who, Act.WAITING_TEND)
        async with self._database.reading() as tx:
            if (await store.offer(tx, offer_id)).site_id != _site_of(who):
                raise NotFound(NOT_YOURS)
        return await self._answer(who, offer_id, yes=yes)

    async def answer_by_link(self, hold_id: AppointmentId, *, yes: bool) -> None:
        """Take the answer of who holds the secret of a message about this offer. The caller has checked the secret."""
        async with self._database.reading() as tx:
            found = await store.offer_of_hold(tx, hold_id)
        if found is None:
            raise Conflict(GONE, code="offer-gone")
        if (not yes and found.status is OfferStatus.DECLINED) or (yes and found.status is OfferStatus.ACCEPTED):
            return
        await self._answer(None, found.id, yes=yes)

    async def _answer(self, who: Identity | None, offer_id: WaitingOfferId, *, yes: bool) -> AppointmentId | None:
        """Accept or decline in one transaction: locks go moment, offer, promise, appointment."""
        now, booked, changed = self._now(), None, frozenset[Held]()
        async with self._database.transaction() as tx:
            seen = await store.offer(tx, offer_id)
            moment = await store.moment(tx, seen.moment_id)
            offer = await store.offer(tx, offer_id, lock=True)
            if moment is None or offer.status is not OfferStatus.OPEN:
                raise Conflict(GONE, code="offer-gone")
            row = await scheduler_store.promise(tx, offer.promise_id, lock=True)
            if yes:
                made = await self._follow_ups.confirm_in(tx, who, row, offer.hold_id, offer.hold_version)
                booked, changed = made.row.id, made.changed
                entry = await store.entry(tx, offer.entry_id)
                entry.status, entry.closed_at = after(entry.status, EntryMove.PLACE), now
                moment.status = MomentStatus.DONE
            else:
                held = await scheduler_store.appointment(tx, offer.hold_id, lock=True)
                if held.status is AppointmentStatus.PENDING:
                    changed = frozenset(await end_hold(tx, who, held, now, HoldEnd.RELEASED))
                moment.status, moment.not_before = MomentStatus.DUE, now
            offer.status = OfferStatus.ACCEPTED if yes else OfferStatus.DECLINED
            offer.answered_at, offer.answered_by = now, who.account_id if who else None
            about, why = f"waiting_offer:{offer.id}", "yes" if yes else "no"
            done = Action.WAITING_ANSWERED
            await record(tx, who, done, at=now, patient_id=offer.patient_id, record=about, reason=why)
        self._follow_ups.tell_index(changed)
        await self._nudger.nudge(f"site:{offer.site_id}")
        return booked

    async def _mine(self, tx: AsyncSession, who: Identity, entry_id: WaitingEntryId) -> WaitingEntry:
        row = await store.entry(tx, entry_id)
        if row.site_id != _site_of(who):
            raise NotFound(NOT_YOURS)
        return row

    async def _log(self, tx: AsyncSession, who: Identity, action: Action, row: WaitingEntry) -> None:
        about = f"waiting_entry:{row.id}"
        await record(tx, who, action, at=self._now(), patient_id=row.patient_id, record=about)


def _line(
    one: WaitingEntry,
    promise: PromiseLine,
    booked_at: datetime | None,
    offer: WaitingOffer | None,
    held: dict[AppointmentId, AppointmentLine],
) -> WaitingLine:
    wish = Wish(one.from_on, one.until_on, one.weekdays, one.part, one.practitioner_id)
    line = WaitingLine(one.id, one.status, promise, wish, one.since, booked_at)
    if offer is None:
        return line
    return WaitingLine(
        one.id, one.status, promise, wish, one.since, booked_at, offer.id, held[offer.hold_id], offer.until
    )


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
