"""A doctor or a health worker leaves: everything goes to another in one act, is listed, and can be undone."""

from __future__ import annotations

from datetime import datetime

import pytest

from server.kernel.errors import Conflict, Invalid, NotAllowed
from server.kernel.ids import AppointmentId, HealthWorkerId, new_id
from server.people.tables import HealthWorkerRow
from server.scheduler import store
from server.scheduler.promises import store as promise_store
from server.scheduler.promises.handing import Handing
from server.scheduler.promises.rules import HandoverKind
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.units import unit_of
from tests.server.scheduler.clinic import PARIS, WEEK, Clinic, in_minutes
from tests.server.scheduler.promises.test_service import COORDINATOR


async def _colleague(clinic: Clinic) -> HealthWorkerId:
    """A second nurse of the site, with hours."""
    worker = HealthWorkerId(new_id())
    async with clinic.database.transaction() as tx:
        tx.add(
            HealthWorkerRow(
                id=worker, site_id=clinic.village.site, name="Anne Morel", profession="Infirmière", phone="-"
            )
        )
        await tx.flush()
        await clinic.agenda.open_weekly(tx, None, ResourceKind.HEALTH_WORKER, worker, PARIS, WEEK)
    return worker


async def test_the_promises_of_a_doctor_who_leaves_go_to_another_and_come_back(clinic: Clinic) -> None:
    giver, taker = clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id
    assert giver is not None
    assert taker is not None
    promises, handing = [await clinic.promised(), await clinic.promised()], Handing(clinic.database, clinic.clock)
    act = await handing.hand_over(COORDINATOR, giver, taker)
    assert {(await clinic.stored(one)).practitioner_id for one in promises} == {taker}
    counts = {one.id: one.standing for one in await handing.people(COORDINATOR)}
    assert (counts[giver], counts[taker]) == (0, 2)
    (past,) = await handing.past(COORDINATOR)
    assert (past.kind, past.moved, past.left, past.undone_at) == (HandoverKind.PRACTITIONER, 2, 0, None)
    await handing.undo(COORDINATOR, act)
    assert {(await clinic.stored(one)).practitioner_id for one in promises} == {giver}
    with pytest.raises(Conflict):
        await handing.undo(COORDINATOR, act)


async def test_a_colleague_accompanies_where_she_is_free_and_the_rest_is_listed(clinic: Clinic) -> None:
    colleague, giver = await _colleague(clinic), clinic.nurse.health_worker_id
    assert giver is not None
    booked = [await _reserved(clinic, in_minutes(60 * hour)) for hour in (0, 1)]
    async with clinic.database.transaction() as tx:  # the colleague is elsewhere at ten
        mine = await promise_store.resource_of(tx, colleague)
        assert mine is not None
        await store.take(tx, booked[1], {(mine.id, unit_of(in_minutes(60)))})
    handing = Handing(clinic.database, clinic.clock)
    act = await handing.hand_over(COORDINATOR, giver, colleague)
    (past,) = await handing.past(COORDINATOR)
    assert (past.moved, past.left) == (1, 1)
    assert await _beside(clinic, booked) == [colleague, giver]
    await handing.undo(COORDINATOR, act)
    assert await _beside(clinic, booked) == [giver, giver]
    async with clinic.database.reading() as tx:
        held = await store.held_by(tx, booked[1])
    assert len(held) == 18


async def _reserved(clinic: Clinic, starts_at: datetime) -> AppointmentId:
    promise = await clinic.promised()
    return await clinic.follow_ups.reserve(clinic.nurse, promise, clinic.choice(starts_at), f"une-cle-{new_id()}")


async def _beside(clinic: Clinic, booked: list[AppointmentId]) -> list[HealthWorkerId | None]:
    async with clinic.database.reading() as tx:
        return [(await store.appointment(tx, one)).health_worker_id for one in booked]


async def test_only_a_coordinator_hands_over_and_only_to_one_of_the_same_kind(clinic: Clinic) -> None:
    doctor, worker = clinic.village.gp.practitioner_id, clinic.nurse.health_worker_id
    assert doctor is not None
    assert worker is not None
    handing = Handing(clinic.database, clinic.clock)
    with pytest.raises(NotAllowed):
        await handing.hand_over(clinic.nurse, worker, worker)
    for other in (doctor, worker, new_id()):
        with pytest.raises(Invalid):
            await handing.hand_over(COORDINATOR, doctor, other)
