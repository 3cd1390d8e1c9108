"""Holding a moment, saying yes or no to it, and being too late, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.audit.rules import Action
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import AppointmentId, PromiseId
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.hold import HOLD_FOR, LONGEST_FOR, HoldEnd
from server.scheduler.rules.openings import Exceptional, ExceptionKind
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.rules.units import unit_of
from server.scheduler.service.views import CancelReason, Choice, Hold, HoldOver, SlotTaken
from server.scheduler.tables import Appointment, BusyUnit
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes

ALL_UNITS = 4 + 5 + 4 + 4
PAST = HOLD_FOR + timedelta(seconds=1)


async def row(clinic: Clinic, appointment_id: AppointmentId) -> Appointment:
    """An appointment as it is in the database."""
    async with clinic.database.reading() as tx:
        return await store.appointment(tx, appointment_id)


async def first_shown(clinic: Clinic, promise: PromiseId | None = None) -> str:
    """The first moment that somebody is shown."""
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise or await clinic.promised())
    return shown.choices[0].wall_time[5:]


async def test_a_held_moment_is_taken_for_everybody_else_and_booked_with_a_yes(clinic: Clinic) -> None:
    promise, other = await clinic.promised(), await clinic.promised()
    held = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    assert held.until == clinic.clock() + HOLD_FOR
    assert held.proposal.choice == clinic.choice()
    assert (await clinic.stored(promise)).status is PromiseStatus.DUE
    assert await clinic.count(BusyUnit) == ALL_UNITS
    aubin = clinic.village.gp.practitioner_id
    assert aubin is not None
    async with clinic.database.reading() as tx:
        first = unit_of(NEXT_MONDAY)
        span, mine = range(first - 99, first + 99), clinic.resources[aubin]
        assert await store.held_units(tx, mine, span, clinic.clock()) == frozenset(range(first, first + 4))
        assert not await store.held_units(tx, mine, span, clinic.clock() + HOLD_FOR)
    assert await first_shown(clinic, other) == "03-09T09:30"
    with pytest.raises(SlotTaken) as refused:
        await clinic.follow_ups.hold(clinic.nurse, other, clinic.choice(in_minutes(15)))
    assert refused.value.proposals.choices[0].wall_time == "2026-03-09T09:30"
    assert not await clinic.follow_ups.day_sheet(clinic.nurse, NEXT_MONDAY.date())
    booked = await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    assert booked == held.id
    assert booked == await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)  # pressed twice
    stored = await row(clinic, booked)
    assert (stored.status, stored.hold_until) == (AppointmentStatus.BOOKED, None)
    assert (await clinic.stored(promise)).status is PromiseStatus.BOOKED
    assert len(await clinic.follow_ups.day_sheet(clinic.nurse, NEXT_MONDAY.date())) == 1
    assert await clinic.village.logged(Action.APPOINTMENT_HELD) == 1
    assert await clinic.village.logged(Action.APPOINTMENT_BOOKED) == 1
    assert f"site:{clinic.village.site}" in clinic.village.exchange.nudged


async def test_a_no_frees_the_moment_at_once_and_twice_is_as_good_as_once(clinic: Clinic) -> None:
    held = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice())
    for _ in range(2):
        await clinic.follow_ups.let_go(clinic.nurse, held.id, held.version)
    assert await clinic.count(BusyUnit) == 0
    assert await first_shown(clinic) == "03-09T09:00"
    with pytest.raises(HoldOver) as refused:
        await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    assert refused.value.code == "hold-over"
    assert refused.value.proposals.choices
    assert await clinic.village.logged(Action.APPOINTMENT_LET_GO) == 1


async def test_a_promise_has_one_hold_and_a_new_one_replaces_it(clinic: Clinic) -> None:
    promise = await clinic.promised()
    first = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    second = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice(in_minutes(15)))  # they overlap
    assert await clinic.count(BusyUnit) == ALL_UNITS
    assert (await row(clinic, first.id)).cancel_reason == HoldEnd.REPLACED
    with pytest.raises(HoldOver):
        await clinic.follow_ups.confirm(clinic.nurse, first.id, first.version)
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(in_minutes(15)), "key-0001")  # as an app would
    assert (await row(clinic, second.id)).cancel_reason == HoldEnd.REPLACED
    assert await clinic.count(BusyUnit) == ALL_UNITS


async def test_a_hold_that_is_over_is_free_for_searches_and_ended_by_who_needs_its_moment(clinic: Clinic) -> None:
    promise = await clinic.promised()
    held = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    elsewhere = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(120)))
    assert await first_shown(clinic) == "03-09T09:30"  # the index has seen it
    clinic.clock.advance(PAST)
    assert await first_shown(clinic) == "03-09T09:00"
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(15)), "key-0001")
    assert (await row(clinic, held.id)).cancel_reason == HoldEnd.EXPIRED
    assert (await row(clinic, elsewhere.id)).status is AppointmentStatus.PENDING  # it stood in nobody's way
    with pytest.raises(HoldOver):
        await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    assert (await clinic.stored(promise)).status is PromiseStatus.DUE


async def test_a_late_yes_counts_while_nobody_else_wanted_the_moment(clinic: Clinic) -> None:
    promise = await clinic.promised()
    held = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    clinic.clock.advance(PAST)
    await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    assert (await clinic.stored(promise)).status is PromiseStatus.BOOKED
    assert await clinic.follow_ups.sweep() == 0


async def test_the_sweep_ends_what_nobody_answered_and_nothing_else(clinic: Clinic) -> None:
    over = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice())
    kept = await clinic.follow_ups.hold(
        clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(60)), LONGEST_FOR
    )
    clinic.clock.advance(PAST)
    assert await clinic.follow_ups.sweep() == 1
    assert await clinic.follow_ups.sweep() == 0
    assert (await row(clinic, over.id)).cancel_reason == HoldEnd.EXPIRED
    assert await clinic.count(BusyUnit) == ALL_UNITS
    await clinic.follow_ups.confirm(clinic.nurse, kept.id, kept.version)


async def test_a_yes_moves_the_appointment_that_there_was(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    held = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice(in_minutes(15)))  # they share ten minutes
    assert await clinic.count(BusyUnit) == ALL_UNITS + 3 * 4
    assert (await row(clinic, booked)).starts_at == NEXT_MONDAY
    for _ in range(2):
        assert await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version) == booked
    assert (await row(clinic, booked)).wall_time == "2026-03-09T09:15"
    assert (await row(clinic, held.id)).cancel_reason == HoldEnd.MOVED
    assert await clinic.count(BusyUnit) == ALL_UNITS
    assert await clinic.village.logged(Action.APPOINTMENT_MOVED) == 1
    other = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    await clinic.follow_ups.let_go(clinic.nurse, other.id, other.version)
    assert (await row(clinic, booked)).wall_time == "2026-03-09T09:15"
    assert await clinic.count(BusyUnit) == ALL_UNITS


async def test_what_a_hold_shared_with_a_cancelled_appointment_is_taken_or_refused(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    held = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice(in_minutes(15)))
    await clinic.follow_ups.cancel(clinic.nurse, booked, 1, CancelReason.PATIENT)
    assert await clinic.count(BusyUnit) == 3 * 4
    await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    assert await clinic.count(BusyUnit) == ALL_UNITS
    assert (await clinic.stored(promise)).status is PromiseStatus.BOOKED


async def test_hours_that_closed_meanwhile_or_a_moment_that_has_begun_are_not_booked(clinic: Clinic) -> None:
    held = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice(), LONGEST_FOR)
    closed = Exceptional(ExceptionKind.CLOSED, NEXT_MONDAY, in_minutes(60))
    cabin = clinic.village.cabin.cabin_id
    assert cabin is not None
    async with clinic.database.transaction() as tx:
        await clinic.agenda.except_for(tx, None, clinic.resources[cabin], closed, "Panne")
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    late = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(60)))
    clinic.clock.set(in_minutes(60))
    with pytest.raises(HoldOver):
        await clinic.follow_ups.confirm(clinic.nurse, late.id, late.version)


async def test_a_promise_that_ended_holds_nothing_and_longer_than_a_day_nobody_waits(clinic: Clinic) -> None:
    promise = await clinic.promised()
    with pytest.raises(Invalid):
        await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice(), timedelta(hours=25))
    async with clinic.database.transaction() as tx:
        (await store.promise(tx, promise, lock=True)).status = PromiseStatus.WITHDRAWN
    with pytest.raises(Conflict) as refused:
        await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    assert refused.value.code == "promise-moved"
    assert await clinic.count(BusyUnit) == 0


async def test_only_who_may_book_the_promise_holds_says_yes_or_lets_go(clinic: Clinic) -> None:
    held = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice())
    cabin = clinic.village.other_cabin  # nobody sits there
    for act in (clinic.follow_ups.confirm, clinic.follow_ups.let_go):
        with pytest.raises(NotFound):
            await act(cabin, held.id, held.version)
    assert await clinic.count(BusyUnit) == ALL_UNITS


async def test_the_house_holds_and_confirms_for_somebody_who_is_not_there(clinic: Clinic) -> None:
    promise = await clinic.promised()
    async with clinic.database.transaction() as tx:
        locked = await store.promise(tx, promise, lock=True)
        held = await clinic.follow_ups.hold_in(tx, None, locked, clinic.choice(), LONGEST_FOR)
    clinic.follow_ups.tell_index(held.changed)
    assert await first_shown(clinic) == "03-09T09:30"
    async with clinic.database.transaction() as tx:
        locked = await store.promise(tx, promise, lock=True)
        done = await clinic.follow_ups.confirm_in(tx, None, locked, held.row.id, held.row.version)
    assert done.choice == clinic.choice()
    assert (await row(clinic, done.row.id)).booked_by is None


async def held_and_over(clinic: Clinic) -> list[Hold]:
    """Two holds across two moments, with different doctors and cabins; both are over."""
    wish = FollowUpWish(7, Modality.REMOTE)
    lying = [
        await clinic.follow_ups.hold(
            clinic.nurse, await clinic.promised(wish), one_of(clinic, n, health_worker_id=None)
        )
        for n in (0, 7)
    ]
    clinic.clock.advance(PAST)
    return lying


def one_of(clinic: Clinic, number: int, **changes: object) -> Choice:
    """One of eight ways to meet at nine or a quarter past."""
    doctors = (clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id)
    cabins = (clinic.village.cabin.cabin_id, clinic.village.other_cabin.cabin_id)
    wanted = {"practitioner_id": doctors[number // 2 % 2], "cabin_id": cabins[number // 4 % 2], **changes}
    return clinic.choice(in_minutes(15 * (number % 2)), **wanted)


async def test_of_fifty_who_hold_book_and_confirm_at_once_over_holds_that_are_over_one_wins(clinic: Clinic) -> None:
    lying = await held_and_over(clinic)
    promises = [await clinic.promised() for _ in range(48)]

    async def want(number: int) -> bool:
        moment, mine = one_of(clinic, number), promises[number]
        try:
            if number % 3:
                await clinic.follow_ups.hold(clinic.nurse, mine, moment)
            else:
                await clinic.follow_ups.reserve(clinic.nurse, mine, moment, f"key-{number:04d}")
        except Conflict:
            return False
        return True

    async def say_yes(held: Hold) -> bool:
        try:
            await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
        except HoldOver:
            return False
        return True

    said = await asyncio.gather(*map(want, range(48)), *map(say_yes, lying))
    async with clinic.database.reading() as tx:
        units = (await tx.execute(select(BusyUnit.resource_id, BusyUnit.unit))).all()
        alive = Appointment.status.in_([AppointmentStatus.BOOKED, AppointmentStatus.PENDING])
        kept = [one for one in await tx.scalars(select(Appointment).where(alive)) if not lies_over(one, clinic)]
    assert len(units) == len(set(units))
    assert sum(said) == len(kept) >= 1
    assert sum(one.health_worker_id is not None for one in kept) <= 1  # the one nurse


def lies_over(one: Appointment, clinic: Clinic) -> bool:
    """Whether it is a hold that stands in nobody's way."""
    return one.hold_until is not None and one.hold_until <= clinic.clock()
