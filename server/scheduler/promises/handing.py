"""Handing over: when a doctor or a health worker leaves, all that they had promised goes to another, in one act.

    doctor          the promises that stand change their owner; appointments stay as they were booked
    health worker   the appointments to come change who accompanies, where the other is free; the rest is listed

Each line is kept, so that the act can be read, and undone: what went on to a third person since stays there.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import HandoverId, HealthWorkerId, PractitionerId, new_id
from server.kernel.words import N_
from server.people import store as people_store
from server.scheduler import store as scheduler_store
from server.scheduler.promises import store
from server.scheduler.promises.rules import HandoverKind
from server.scheduler.promises.tables import Handover, HandoverLine
from server.scheduler.service.making_way import make_way
from server.scheduler.tables import Appointment, FollowUpPromise

LISTED = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can give or take promises, and how many stand with them now."""

    id: UUID
    name: str
    kind: HandoverKind
    place: str
    standing: int


@dataclass(frozen=True, slots=True)
class Past:
    """A handover that was made."""

    id: HandoverId
    kind: HandoverKind
    giver: str
    taker: str
    made_at: datetime
    moved: int
    left: int
    undone_at: datetime | None


class Handing:
    """The coordinator's act when somebody leaves: names of professionals and numbers, never a patient."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def people(self, who: Identity) -> list[Person]:
        """Return who could give and take, with how much stands with each."""
        require(who, Act.PROMISE_HAND_OVER)
        async with self._database.reading() as tx:
            standing = Counter(row.practitioner_id for row in await store.standing(tx))
            sites = {one.id: one.name for one in await people_store.sites(tx)}
            doctors = [
                Person(one.id, one.name, HandoverKind.PRACTITIONER, one.place, standing[one.id])
                for one in await people_store.practitioners(tx)
            ]
            workers = [
                Person(
                    one.id,
                    one.name,
                    HandoverKind.HEALTH_WORKER,
                    sites[one.site_id],
                    len(await store.accompanied_by(tx, one.id, self._now(), lock=False)),
                )
                for one in await people_store.health_workers(tx)
            ]
        return doctors + workers

    async def hand_over(self, who: Identity, from_id: UUID, to_id: UUID) -> HandoverId:
        """Give everything of one to the other. Raises Invalid when they are not two of one kind (and of one site)."""
        require(who, Act.PROMISE_HAND_OVER)
        now, handover_id = self._now(), HandoverId(new_id())
        async with self._database.transaction() as tx:
            kind = await self._kind(tx, from_id, to_id)
            tx.add(
                Handover(id=handover_id, kind=kind, from_id=from_id, to_id=to_id, made_at=now, made_by=who.account_id)
            )
            await tx.flush()
            if kind is HandoverKind.PRACTITIONER:
                rows = await store.of_practitioner(tx, from_id)
            else:
                rows = await store.accompanied_by(tx, from_id, now)
            booked = await store.booked_for(tx, [row.id for row in rows])
            for row in rows:
                moved = await self._pass_on(tx, kind, row, booked.get(row.id), to_id)
                there = booked.get(row.id)
                tx.add(
                    HandoverLine(
                        handover_id=handover_id,
                        promise_id=row.id,
                        appointment_id=there.id if there else None,
                        moved=moved,
                    )
                )
                about = f"follow_up_promise:{row.id}"
                await record(
                    tx, who, Action.PROMISE_MOVED, at=now, patient_id=row.patient_id, record=about, reason="handed-over"
                )
        return handover_id

    async def undo(self, who: Identity, handover_id: HandoverId) -> None:
        """Give everything back that still stands with the taker. Raises Conflict when it was undone before."""
        require(who, Act.PROMISE_HAND_OVER)
        now = self._now()
        async with self._database.transaction() as tx:
            act = await store.handover(tx, handover_id)
            if act.undone_at is not None:
                raise Conflict(N_("Ce passage de relais est déjà annulé."), code="handover-undone")
            act.undone_at, act.undone_by = now, who.account_id
            moved = [one.promise_id for one in await store.lines_of(tx, [act.id]) if one.moved]
            promised = await scheduler_store.promises_by_id(tx, moved)
            booked = await store.booked_for(tx, moved)
            for row in promised.values():
                there = booked.get(row.id)
                if act.kind is HandoverKind.PRACTITIONER:
                    back = row.practitioner_id == act.to_id
                else:
                    back = there is not None and there.health_worker_id == act.to_id
                if back:
                    await self._pass_on(tx, act.kind, row, there, act.from_id)
                    about = f"follow_up_promise:{row.id}"
                    await record(
                        tx,
                        who,
                        Action.PROMISE_MOVED,
                        at=now,
                        patient_id=row.patient_id,
                        record=about,
                        reason="handed-back",
                    )

    async def past(self, who: Identity) -> list[Past]:
        """Return the newest handovers."""
        require(who, Act.PROMISE_HAND_OVER)
        async with self._database.reading() as tx:
            acts = await store.handovers(tx, LISTED)
            lines = await store.lines_of(tx, [one.id for one in acts])
            names: dict[UUID, str] = {one.id: one.name for one in await people_store.practitioners(tx)}
            names |= {one.id: one.name for one in await people_store.health_workers(tx)}
        moved = Counter(one.handover_id for one in lines if one.moved)
        left = Counter(one.handover_id for one in lines if not one.moved)
        return [
            Past(
                one.id,
                one.kind,
                names.get(one.from_id, ""),
                names.get(one.to_id, ""),
                one.made_at,
                moved[one.id],
                left[one.id],
                one.undone_at,
            )
            for one in acts
        ]

    async def _kind(self, tx: AsyncSession, from_id: UUID, to_id: UUID) -> HandoverKind:
        doctors = {one.id for one in await people_store.practitioners(tx)}
        places = {one.id: one.site_id for one in await people_store.health_workers(tx)}
        if from_id != to_id:
            if from_id in doctors and to_id in doctors:
                return HandoverKind.PRACTITIONER
            giver = places.get(HealthWorkerId(from_id))
            if giver is not None and giver == places.get(HealthWorkerId(to_id)):
                return HandoverKind.HEALTH_WORKER
        two = N_("Choisissez deux médecins, ou deux accompagnants du même site.")
        raise Invalid(two, fields={"to_id": two})

    async def _pass_on(
        self, tx: AsyncSession, kind: HandoverKind, row: FollowUpPromise, booked: Appointment | None, to_id: UUID
    ) -> bool:
        """Put one promise into other hands; False when the other is not free then."""
        if kind is HandoverKind.PRACTITIONER:
            row.practitioner_id = PractitionerId(to_id)
            return True
        return booked is not None and await self._accompany(tx, booked, HealthWorkerId(to_id))

    async def _accompany(self, tx: AsyncSession, booked: Appointment, to_id: HealthWorkerId) -> bool:
        """Book another health worker for the same units: theirs are taken before the first one's are freed."""
        giver = await store.resource_of(tx, booked.health_worker_id) if booked.health_worker_id else None
        taker = await store.resource_of(tx, to_id)
        if giver is None or taker is None:
            return False
        held = {one for one in await scheduler_store.held_by(tx, booked.id) if one[0] == giver.id}
        units = sorted(unit for _, unit in held)
        if not units or await scheduler_store.is_taken(tx, [to_id], range(units[0], units[-1] + 1), self._now()):
            return False
        await make_way(tx, None, {(taker.id, unit) for unit in units}, self._now())
        await scheduler_store.take(tx, booked.id, {(taker.id, unit) for unit in units})
        await scheduler_store.let_go(tx, booked.id, held)
        booked.health_worker_id = to_id
        return True
