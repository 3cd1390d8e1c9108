"""Plans on both databases: proposed, never booked by themselves, accepted line by line, lost moments replaced."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, NotAllowed, NotFound
from server.kernel.ids import AccountId, PromiseId, SiteId, new_id
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.planning import maker, store
from server.scheduler.planning.rules import LineStatus, PlanStatus
from server.scheduler.planning.service import Planning
from server.scheduler.planning.tables import TerritoryPlan
from server.scheduler.planning.views import SitePlan
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.tables import Appointment, BusyUnit
from tests.server.scheduler.clinic import IN_A_WEEK, NEXT_MONDAY, Clinic

MAYOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "La mairie")
IN_PERSON = FollowUpWish(7, Modality.IN_PERSON, with_health_worker=False, why="Pansement")


async def here(question: maker.Question, heard: maker.Heard) -> maker.Told:
    """Plan in this process: a child needs half a second to start."""
    await heard(50)
    return maker.plan(question, lambda _: None)


def planning_of(clinic: Clinic, make: maker.Make = here) -> Planning:
    """The planning of a clinic, with little time."""
    village, seconds = clinic.village, 0.1 if make is here else 60
    return Planning(
        clinic.database, village.people, clinic.vault, clinic.follow_ups, clinic.clock, village.exchange, seconds, make
    )


async def planned(clinic: Clinic, planning: Planning) -> SitePlan:
    """A plan is made, and this is what the nurse sees of it."""
    await planning.start(MAYOR)
    await planning.made()
    seen = await planning.of_site(clinic.nurse)
    assert seen is not None
    return seen


async def test_a_plan_proposes_a_moment_for_each_and_books_none(clinic: Clinic) -> None:
    promises = {await clinic.promised() for _ in range(4)}
    planning = planning_of(clinic)
    seen = await planned(clinic, planning)
    assert {line.promise.id for line in seen.lines} == promises
    assert await clinic.count(Appointment) == await clinic.count(BusyUnit) == 0
    moments = [(line.starts_at, line.cabin and line.cabin.id) for line in seen.lines]
    assert len(set(moments)) == len(moments)
    assert all(line.in_window and line.practitioner and line.health_worker for line in seen.lines)
    territory = await planning.territory(MAYOR)
    assert territory.plan is not None
    assert territory.running is None
    summary = territory.plan.summary
    assert summary is not None
    assert (summary.plan.asked, summary.plan.placed, summary.plan.in_window) == (4, 4, 4)
    assert summary.plan.cost <= summary.one_by_one.cost
    assert territory.plan.of_site(clinic.village.site, "proposed") == territory.plan.in_all("proposed") == 4


async def test_accepting_books_once_and_the_other_lines_stay(clinic: Clinic) -> None:
    first, second = await clinic.promised(), await clinic.promised()
    planning = planning_of(clinic)
    seen = {line.promise.id: line for line in (await planned(clinic, planning)).lines}
    moment = seen[first].starts_at
    assert moment is not None
    booked = await planning.accept(clinic.nurse, first, moment)
    assert (await clinic.stored(first)).status is PromiseStatus.BOOKED
    then = await planning.of_site(clinic.nurse)
    assert then is not None
    assert ([line.promise.id for line in then.lines], then.accepted) == ([second], 1)
    with pytest.raises(Conflict):
        await planning.accept(clinic.nurse, first, moment)
    assert await clinic.count(Appointment) == 1
    assert booked


async def test_a_confirmed_appointment_is_never_moved_nor_planned_over(clinic: Clinic) -> None:
    kept = await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, kept, clinic.choice(), "key-0001")
    await clinic.promised()
    seen = await planned(clinic, planning_of(clinic))
    assert kept not in {line.promise.id for line in seen.lines}
    for line in seen.lines:
        assert line.starts_at is not None
        same_cabin = line.cabin is not None and line.cabin.id == clinic.village.cabin.cabin_id
        assert not same_cabin or abs(line.starts_at - NEXT_MONDAY) >= timedelta(minutes=25)
        assert line.health_worker is None or abs(line.starts_at - NEXT_MONDAY) >= timedelta(minutes=20)
    assert (await clinic.stored(kept)).status is PromiseStatus.BOOKED


async def test_a_lost_moment_is_said_and_the_next_best_stands_in_its_line(clinic: Clinic) -> None:
    planned_one, rival = await clinic.promised(), await clinic.promised(IN_A_WEEK)
    planning = planning_of(clinic)
    lines = {line.promise.id: line for line in (await planned(clinic, planning)).lines}
    line = lines[planned_one]
    assert line.starts_at is not None
    assert line.practitioner is not None
    assert line.cabin is not None
    taken = clinic.choice(line.starts_at, practitioner_id=line.practitioner.id, cabin_id=line.cabin.id)
    await clinic.follow_ups.book(clinic.nurse, rival, taken, "key-0002")
    with pytest.raises(Conflict) as lost:
        await planning.accept(clinic.nurse, planned_one, line.starts_at)
    assert lost.value.code == "slot-taken"
    seen = await planning.of_site(clinic.nurse)
    assert seen is not None
    fresh = next(one for one in seen.lines if one.promise.id == planned_one)
    assert fresh.replaced
    assert fresh.starts_at not in (None, line.starts_at)
    with pytest.raises(Conflict, match="n’existe plus"):
        await planning.accept(clinic.nurse, planned_one, line.starts_at)
    assert fresh.starts_at is not None
    await planning.accept(clinic.nurse, planned_one, fresh.starts_at)
    assert await clinic.count(Appointment) == 2


async def test_two_who_accept_at_once_book_once(clinic: Clinic) -> None:
    promise = await clinic.promised()
    planning = planning_of(clinic)
    moment = (await planned(clinic, planning)).lines[0].starts_at
    assert moment is not None
    colleague = replace(clinic.nurse, account_id=AccountId(new_id()))
    done = await asyncio.gather(
        *(planning.accept(who, promise, moment) for who in (clinic.nurse, colleague)), return_exceptions=True
    )
    assert sum(isinstance(one, UUID) for one in done) == 1
    assert await clinic.count(Appointment) == 1


async def test_a_declined_line_leaves_the_list_and_the_follow_up_stays_due(clinic: Clinic) -> None:
    promise = await clinic.promised()
    planning = planning_of(clinic)
    await planned(clinic, planning)
    await planning.decline(clinic.nurse, promise)
    seen = await planning.of_site(clinic.nurse)
    assert seen is not None
    assert (seen.lines, seen.declined) == ((), 1)
    assert (await clinic.stored(promise)).status is PromiseStatus.DUE


async def test_only_the_site_sees_and_accepts_its_lines_and_only_a_coordinator_plans(clinic: Clinic) -> None:
    promise = await clinic.promised()
    planning = planning_of(clinic)
    moment = (await planned(clinic, planning)).lines[0].starts_at
    assert moment is not None
    elsewhere = replace(clinic.nurse, site_id=SiteId(new_id()))
    seen = await planning.of_site(elsewhere)
    assert seen is not None
    assert seen.lines == ()
    with pytest.raises(NotFound):
        await planning.accept(elsewhere, promise, moment)
    with pytest.raises(NotFound):
        await planning.decline(elsewhere, promise)
    for refused in (planning.start(clinic.nurse), planning.of_site(MAYOR), planning.accept(MAYOR, promise, moment)):
        with pytest.raises(NotAllowed):
            await refused
    with pytest.raises(NotFound):
        await planning.accept(clinic.nurse, PromiseId(new_id()), moment)


async def test_a_site_is_told_how_many_follow_ups_no_plan_holds(clinic: Clinic) -> None:
    for wish in (IN_PERSON, FollowUpWish(7, Modality.HOME)):
        await clinic.promised(wish)
    seen = await planned(clinic, planning_of(clinic))
    assert (len(seen.lines), seen.alone) == (1, 1)


async def test_three_in_person_make_a_stop_of_the_medicobus(clinic: Clinic) -> None:
    for _ in range(3):
        await clinic.promised(IN_PERSON)
    planning = planning_of(clinic)
    await planned(clinic, planning)
    plan = (await planning.territory(MAYOR)).plan
    assert plan is not None
    assert plan.summary is not None
    assert [len(stop.promise_ids) for stop in plan.summary.stops] == [3]


async def test_one_plan_at_a_time_and_one_that_fell_silent_gives_way(clinic: Clinic) -> None:
    await clinic.promised()
    planning = planning_of(clinic, maker.make)
    await planning.start(MAYOR)
    with pytest.raises(Conflict, match="déjà en préparation"):
        await planning.start(MAYOR)
    await planning.close()
    territory = await planning.territory(MAYOR)
    assert territory.running is not None
    assert territory.running.lost
    await _forgotten_run(clinic)
    seen = await planned(clinic, planning_of(clinic))
    assert len(seen.lines) == 1


async def _forgotten_run(clinic: Clinic) -> None:
    """A process died while it planned, an hour ago."""
    then = clinic.clock() - timedelta(hours=1)
    row = TerritoryPlan(
        id=new_id(),
        status=PlanStatus.RUNNING,
        made_at=then,
        made_by=MAYOR.account_id,
        first_on=then.date(),
        last_on=then.date(),
        progress=40,
        seen_at=then,
        summary="",
    )
    async with clinic.database.transaction() as tx:
        await store.add(tx, [row])


async def test_the_second_plan_takes_the_place_of_the_first(clinic: Clinic) -> None:
    promise = await clinic.promised()
    planning = planning_of(clinic)
    await planned(clinic, planning)
    await planning.decline(clinic.nurse, promise)
    clinic.clock.advance(timedelta(minutes=1))
    seen = await planned(clinic, planning)
    assert len(seen.lines) == 1
    plan = (await planning.territory(MAYOR)).plan
    assert plan is not None
    assert plan.of_site(clinic.village.site, LineStatus.DECLINED) == 0
