"""Holding a moment, saying yes to it, and letting it go: one transaction each.

hold ──► Hold(id, version) ──confirm──► booked, or the promise's other appointment moved there
                           ──let_go───► free at once
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict
from server.kernel.ids import AppointmentId, PromiseId
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.hold import HOLD_FOR, HOLDABLE, HoldEnd, is_over, until
from server.scheduler.rules.promise import PromiseMove, PromiseStatus, after
from server.scheduler.service import asking
from server.scheduler.service.asking import Bench, choice_of, proposal_of
from server.scheduler.service.follow_ups.booking import Booking, checked, refuse_taken
from server.scheduler.service.making_way import end_hold, make_way
from server.scheduler.service.views import OVER, Choice, Hold, HoldOver
from server.scheduler.store import Held
from server.scheduler.tables import Appointment, FollowUpPromise
from server.scheduler.waiting.freeing import note_freed


@dataclass(frozen=True, slots=True)
class HeldNow:
    """What a transaction held: its row, who serves, and the units that changed, to be told after the commit."""

    row: Appointment
    around: Bench
    changed: frozenset[Held]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation booked, and the units that changed, to be told after the commit."""

    row: Appointment
    changed: frozenset[Held]

    @property
    def choice(self) -> Choice:
        """The moment that is booked now."""
        return choice_of(self.row)


class Holding(Booking):
    """Keeps a moment for one person while they make up their mind."""

    async def hold(self, who: Identity, promise_id: PromiseId, choice: Choice, lasts_for: timedelta = HOLD_FOR) -> Hold:
        """Keep a moment for everybody who is needed, instead of an earlier hold of the promise; all or nothing.

        Raises SlotTaken with fresh proposals when somebody was faster.
        """
        require(who, Act.FOLLOW_UP_PLACE)
        try:
            async with self._database.transaction() as tx:
                row = await self._allowed(tx, who, promise_id, lock=True)
                held = await self.hold_in(tx, who, row, choice, lasts_for)
        except Conflict as refused:
            raise await self._with_fresh(who, promise_id, refused) from None
        self.tell_index(held.changed)
        end = held.row.hold_until or held.row.starts_at
        return Hold(held.row.id, held.row.version, end, proposal_of(choice, held.around))

    async def hold_in(
        self, tx: AsyncSession, who: Identity | None, row: FollowUpPromise, choice: Choice, lasts_for: timedelta
    ) -> HeldNow:
        """Hold in the caller's transaction, for a promise that the caller has locked; `who` None is the house itself.

        After the commit the caller tells `changed` to `tell_index`. Raises Conflict `slot-taken` (or `promise-moved`).
        """
        now = self._now()
        end = until(now, lasts_for, choice.starts_at)
        if row.status not in HOLDABLE:
            after(row.status, PromiseMove.BOOK)
        own, booked = await store.hold_of(tx, row.id), await store.booked_for(tx, row.id)
        mine = [one for one in (own, booked.id if booked else None) if one is not None]
        await refuse_taken(tx, row, choice, now, mine)
        around = await self._bench(tx, who, row, choice)
        units = asking.held(checked(around, choice), choice.starts_at, around.ask.modality)
        freed = await make_way(tx, who, units, now, own)
        shared = await store.held_by(tx, booked.id, first_lane=True) if booked else set()
        held = self._row(who, row, choice, around, AppointmentStatus.PENDING)
        held.hold_until = end
        tx.add(held)
        await tx.flush()
        await store.take(tx, held.id, units - shared)
        await self._audit(tx, who, Action.APPOINTMENT_HELD, held)
        return HeldNow(held, around, frozenset(units | freed))

    async def confirm(self, who: Identity, hold_id: AppointmentId, version: int) -> AppointmentId:
        """Book what is held, as it was held; again gives the same answer. Returns the appointment.

        A hold that is over is booked all the same while nobody else wanted its moment. Raises HoldOver with fresh
        proposals when somebody did, or when it was let go; Conflict when the promise cannot be booked any more.
        """
        require(who, Act.FOLLOW_UP_PLACE)
        promise_id = await self._promise_of(hold_id)
        try:
            async with self._database.transaction() as tx:
                row = await self._allowed(tx, who, promise_id, lock=True)
                confirmed = await self.confirm_in(tx, who, row, hold_id, version)
        except Conflict as refused:
            if refused.code == HoldOver.code:
                raise HoldOver(await self.proposals(who, promise_id)) from None
            raise await self._with_fresh(who, promise_id, refused) from None
        await self._nudge(row, confirmed.choice, confirmed.changed)
        return confirmed.row.id

    async def confirm_in(
        self, tx: AsyncSession, who: Identity | None, row: FollowUpPromise, hold_id: AppointmentId, version: int
    ) -> Confirmed:
        """Confirm in the caller's transaction, for a promise that the caller has locked; the caller nudges after it.

        Raises Conflict `hold-over`, or `slot-taken` when what it shared with another appointment is gone.
        """
        held = await store.appointment(tx, hold_id, lock=True)
        if (done := await _confirmed_before(tx, row, held, version)) is not None:
            return Confirmed(done, frozenset())
        if held.status is not AppointmentStatus.PENDING or held.version != version or held.starts_at <= self._now():
            raise Conflict(OVER, code=HoldOver.code)
        choice = choice_of(held)
        around = await asking.bench(tx, row, held.booked_at, wide=True, only=choice.serving)
        units = asking.held(checked(around, choice), choice.starts_at, around.ask.modality)
        if row.status is PromiseStatus.BOOKED and (booked := await store.booked_for(tx, row.id, lock=True)):
            return await self._move_there(tx, who, booked, held, around)
        if row.status is PromiseStatus.MISSED:
            row.status = after(row.status, PromiseMove.RENEW)
        row.status = after(row.status, PromiseMove.BOOK)
        held.status = check_move(held.status, AppointmentStatus.BOOKED)
        held.hold_until, held.booked_at = None, self._now()
        held.booked_by = who.account_id if who else None
        await tx.flush()
        changed = await self._complete(tx, who, held, units)
        await self._audit(tx, who, Action.APPOINTMENT_BOOKED, held)
        return Confirmed(held, frozenset(changed))

    async def let_go(self, who: Identity, hold_id: AppointmentId, version: int) -> None:
        """Free a held moment at once. One that is over, or was let go before, is as good as let go."""
        require(who, Act.FOLLOW_UP_PLACE)
        promise_id = await self._promise_of(hold_id)
        async with self._database.transaction() as tx:
            await self._allowed(tx, who, promise_id, lock=True)
            held = await store.appointment(tx, hold_id, lock=True)
            if held.status is not AppointmentStatus.PENDING or held.version != version:
                return
            freed = await end_hold(tx, who, held, self._now(), HoldEnd.RELEASED)
        self.tell_index(freed)

    async def held(self, who: Identity, promise_id: PromiseId) -> Hold | None:
        """Return the moment that is kept for a promise now."""
        require(who, Act.FOLLOW_UP_PLACE)
        async with self._database.reading() as tx:
            row = await self._allowed(tx, who, promise_id)
            hold_id = await store.hold_of(tx, row.id)
            held = await store.appointment(tx, hold_id) if hold_id else None
            if held is None or held.hold_until is None or is_over(held.hold_until, self._now()):
                return None
            choice = choice_of(held)
            around = await asking.bench(tx, row, held.booked_at, wide=True, only=choice.serving)
        return Hold(held.id, held.version, held.hold_until, proposal_of(choice, around))

    async def sweep(self, most: int = 100) -> int:
        """End the holds that are over and that nobody needed; return how many. Each is a transaction of its own."""
        async with self._database.reading() as tx:
            found = await store.oldest_holds_over(tx, self._now(), most)
        return sum([await self._sweep(one) for one in found])

    async def _sweep(self, hold_id: AppointmentId) -> bool:
        async with self._database.transaction() as tx:
            held, now = await store.appointment(tx, hold_id, lock=True), self._now()
            end = held.hold_until
            if held.status is not AppointmentStatus.PENDING or end is None or not is_over(end, now):
                return False
            freed = await end_hold(tx, None, held, now, HoldEnd.EXPIRED)
        self.tell_index(freed)
        return True

    async def _move_there(
        self, tx: AsyncSession, who: Identity | None, booked: Appointment, held: Appointment, around: Bench
    ) -> Confirmed:
        """Move the appointment that the promise has to the held moment: it keeps its number and its history."""
        choice, before = choice_of(held), await store.held_by(tx, booked.id)
        units = asking.held(checked(around, choice), choice.starts_at, around.ask.modality)
        await store.leave_second_lane(tx, booked.id)
        await store.pass_on(tx, held.id, booked.id)
        await store.let_go(tx, booked.id, before - units)
        await end_hold(tx, who, held, self._now(), HoldEnd.MOVED)
        note_freed(tx, booked, self._now())
        self._put(booked, choice, around)
        await tx.flush()
        changed = await self._complete(tx, who, booked, units)
        await self._audit(tx, who, Action.APPOINTMENT_MOVED, booked)
        return Confirmed(booked, frozenset(before | units | changed))

    async def _complete(self, tx: AsyncSession, who: Identity | None, row: Appointment, units: set[Held]) -> set[Held]:
        """Take what the hold had left to an appointment that is not there any more."""
        missing = units - await store.held_by(tx, row.id)
        freed = await make_way(tx, who, missing, self._now())
        await store.take(tx, row.id, missing)
        return missing | freed


async def _confirmed_before(
    tx: AsyncSession, row: FollowUpPromise, held: Appointment, version: int
) -> Appointment | None:
    """Return what an earlier press on the same yes has booked, while it still stands as it was."""
    if held.version != version + 1:
        return None
    if held.status is AppointmentStatus.BOOKED:
        return held
    booked = await store.booked_for(tx, row.id) if held.cancel_reason == HoldEnd.MOVED else None
    return booked if booked is not None and booked.starts_at == held.starts_at else None
