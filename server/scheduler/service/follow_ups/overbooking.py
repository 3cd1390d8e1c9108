"""One more person beside another appointment: by the doctor whose calendar it is, with a reason."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotAllowed
from server.kernel.ids import AppointmentId, PromiseId
from server.kernel.words import N_
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.overbooking import SECOND, STANDS_TWICE, OverbookReason, lane
from server.scheduler.rules.promise import PromiseMove, PromiseStatus, after
from server.scheduler.rules.search import Answer, Sides, held_for, search
from server.scheduler.rules.units import unit_of
from server.scheduler.service import asking
from server.scheduler.service.asking import Bench
from server.scheduler.service.follow_ups.booking import Booking, checked
from server.scheduler.service.making_way import make_way
from server.scheduler.service.views import Choice, Proposals, SlotTaken
from server.scheduler.store import Held
from server.scheduler.tables import FollowUpPromise

LOOKED_AT = 60  # half-days; three are shown
SHOWN = 3
FREE = N_("Ce moment est libre : réservez-le simplement. Rien n’a été ajouté.")


class Overbooking(Booking):
    """Adds somebody beside somebody else."""

    async def overbookable(self, who: Identity, promise_id: PromiseId) -> Proposals:
        """Return up to three moments at which this doctor is taken once, and cabin and patient are free."""
        require(who, Act.FOLLOW_UP_OVERBOOK)
        async with self._database.reading() as tx:
            row = await self._allowed(tx, who, promise_id)
            around = await asking.bench(tx, row, self._now())
        mine = _mine(around, who)
        answer = search(mine.ask, _as_if_free(mine), LOOKED_AT)
        found = [one for one in answer.found if not asking.stands(mine, one)]
        return asking.shaped(row, around, Answer(tuple(found[:SHOWN]), None if found else answer.why_empty))

    async def overbook(
        self, who: Identity, promise_id: PromiseId, choice: Choice, reason: OverbookReason
    ) -> AppointmentId:
        """Book a moment at which the doctor, or the health worker, is taken already: those two alone, and once.

        Raises Conflict `slot-taken` when cabin, patient or the second lane is taken, `not-needed` when all are free.
        """
        require(who, Act.FOLLOW_UP_OVERBOOK)
        if choice.practitioner_id != who.practitioner_id:
            raise NotAllowed(N_("Un médecin n’ajoute quelqu’un que dans son propre agenda."))
        async with self._database.transaction() as tx:
            row = await self._allowed(tx, who, promise_id, lock=True)
            fresh, units = await self._beside(tx, who, row, choice, reason)
        await self._nudge(row, choice, units)
        return fresh

    async def _beside(
        self, tx: AsyncSession, who: Identity, row: FollowUpPromise, choice: Choice, reason: OverbookReason
    ) -> tuple[AppointmentId, set[Held]]:
        if row.status is PromiseStatus.MISSED:
            row.status = after(row.status, PromiseMove.RENEW)
        row.status = after(row.status, PromiseMove.BOOK)
        own, now = await store.hold_of(tx, row.id), self._now()
        around = await asking.bench(tx, row, now, only=choice.serving)
        sides = checked(around, choice)
        first, but = unit_of(choice.starts_at), [own] if own else []
        taken = {}
        for kind, side in sides.items():
            held, subjects = held_for(kind, row.modality), [one.calendar.subject_id for one in side]
            taken[kind] = await store.is_taken(tx, subjects, range(first + held.start, first + held.stop), now, but)
        if any(is_so for kind, is_so in taken.items() if kind not in STANDS_TWICE):
            raise Conflict(store.TAKEN, code=SlotTaken.code)
        second = [kind for kind in STANDS_TWICE if taken.get(kind)]
        if not second:
            raise Conflict(FREE, code="not-needed")
        units = asking.held(sides, choice.starts_at, row.modality)
        lanes = {one.calendar.resource_id: lane(kind) for kind in second for one in sides[kind]}
        first_lane = {one for one in units if lanes.get(one[0]) != SECOND}
        freed = await make_way(tx, who, first_lane, now, own)
        booked = self._row(who, row, choice, around, AppointmentStatus.BOOKED)
        booked.override_reason = reason
        tx.add(booked)
        await tx.flush()
        await store.take(tx, booked.id, units, lanes)
        await self._audit(tx, who, Action.APPOINTMENT_OVERBOOKED, booked, reason.value)
        return booked.id, units | freed


def _mine(around: Bench, who: Identity) -> Bench:
    """Return a bench with this doctor alone."""
    doctors = around.sides[ResourceKind.PRACTITIONER]
    alone = tuple(one for one in doctors if one.calendar.subject_id == who.practitioner_id)
    return replace(around, sides={**around.sides, ResourceKind.PRACTITIONER: alone})


def _as_if_free(around: Bench) -> Sides:
    """Return the sides as if nobody who may stand twice were taken or took breaks."""
    return {
        kind: tuple(
            replace(one, calendar=replace(one.calendar, taken=frozenset(), buffer=0)) if kind in STANDS_TWICE else one
            for one in side
        )
        for kind, side in around.sides.items()
    }
