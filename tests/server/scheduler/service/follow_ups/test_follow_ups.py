"""Promising, proposing, booking, moving and cancelling, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from server.audit.rules import Action
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import AppointmentId
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.openings import Exceptional, ExceptionKind
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.rules.search import PartOfDay, WhyEmpty
from server.scheduler.service.views import CancelReason, SlotTaken, Why
from server.scheduler.tables import Appointment, BusyUnit
from tests.server.scheduler.clinic import IN_A_WEEK, NEXT_MONDAY, PARIS, Clinic, in_minutes

BOOKERS = 16  # fifty, a hundred times, are T4's


async def test_three_moments_are_proposed_near_the_due_date_with_the_doctor_who_asked(clinic: Clinic) -> None:
    shown = await clinic.follow_ups.proposals(clinic.nurse, await clinic.promised())
    assert shown.due_on == date(2026, 3, 9)
    assert [(one.wall_time, one.part) for one in shown.choices] == [
        ("2026-03-09T09:00", PartOfDay.MORNING),
        ("2026-03-09T12:00", PartOfDay.AFTERNOON),
        ("2026-03-10T09:00", PartOfDay.MORNING),
    ]
    assert {one.why for one in shown.choices} == {Why.ASKED}
    assert all(one.cabin and one.health_worker and one.in_window for one in shown.choices)
    assert shown.choices[0].ends_at - shown.choices[0].starts_at == timedelta(minutes=20)


async def test_other_days_and_half_days_can_be_asked_for(clinic: Clinic) -> None:
    promise = await clinic.promised()
    first = await clinic.follow_ups.proposals(clinic.nurse, promise, PartOfDay.AFTERNOON)
    assert {one.part for one in first.choices} == {PartOfDay.AFTERNOON}
    rest = await clinic.follow_ups.proposals(clinic.nurse, promise, None, first.more)
    assert not {one.on for one in first.choices} & {one.on for one in rest.choices}
    with pytest.raises(Invalid):
        await clinic.follow_ups.proposals(clinic.nurse, promise, None, "tomorrow")


async def test_a_booking_holds_everybody_and_the_moment_is_not_proposed_again(clinic: Clinic) -> None:
    promise = await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    assert (await clinic.stored(promise)).status is PromiseStatus.BOOKED
    assert await clinic.count(BusyUnit) == 4 + 5 + 4 + 4
    assert await clinic.village.logged(Action.APPOINTMENT_BOOKED) == 1
    assert f"site:{clinic.village.site}" in clinic.village.exchange.nudged
    other = await clinic.follow_ups.proposals(clinic.nurse, await clinic.promised())
    assert "2026-03-09T09:00" not in [one.wall_time for one in other.choices]


async def test_the_second_booker_is_told_and_gets_fresh_moments(clinic: Clinic) -> None:
    first, second = await clinic.promised(), await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, first, clinic.choice(), "key-0001")
    with pytest.raises(SlotTaken) as refused:
        await clinic.follow_ups.book(clinic.nurse, second, clinic.choice(in_minutes(15)), "key-0002")
    assert refused.value.code == "slot-taken"
    assert refused.value.proposals.choices[0].wall_time == "2026-03-09T09:30"
    assert (await clinic.stored(second)).status is PromiseStatus.DUE
    assert await clinic.count(Appointment) == 1


async def test_of_many_bookers_at_once_exactly_one_gets_the_moment(clinic: Clinic) -> None:
    promises = [await clinic.promised() for _ in range(BOOKERS)]
    doctors = (clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id)
    cabins = (clinic.village.cabin.cabin_id, clinic.village.other_cabin.cabin_id)

    async def book(number: int) -> bool:
        wanted = clinic.choice(  # the one nurse is in all of them; the rest overlaps in many ways
            in_minutes(15 * (number % 2)),
            practitioner_id=doctors[number // 2 % 2],
            cabin_id=cabins[number // 4 % 2],
        )
        try:
            await clinic.follow_ups.book(clinic.nurse, promises[number], wanted, f"key-{number:04d}")
        except SlotTaken:
            return False
        return True

    won = await asyncio.gather(*(book(number) for number in range(BOOKERS)))
    assert sum(won) == 1
    assert await clinic.count(Appointment) == 1
    assert await clinic.count(BusyUnit) == 17


async def test_a_patient_is_never_expected_in_two_places(clinic: Clinic) -> None:
    patient = await clinic.village.patient()
    by_cabin = await clinic.promised(patient=patient)
    wish = FollowUpWish(7, Modality.REMOTE)
    elsewhere = await clinic.promised(wish, patient=patient)
    await clinic.follow_ups.book(clinic.nurse, by_cabin, clinic.choice(), "key-0001")
    other = clinic.choice(
        practitioner_id=clinic.village.other_gp.practitioner_id,
        cabin_id=clinic.village.other_cabin.cabin_id,
        health_worker_id=None,
    )
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, elsewhere, other, "key-0002")


async def test_the_same_key_gives_the_same_answer_and_books_once(clinic: Clinic) -> None:
    promise = await clinic.promised()
    both = await asyncio.gather(
        *(clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001") for _ in range(2))
    )
    assert both[0] == both[1]
    assert await clinic.count(Appointment) == 1


async def test_the_same_key_for_another_choice_is_refused(clinic: Clinic) -> None:
    promise = await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    with pytest.raises(Invalid) as refused:
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(in_minutes(60)), "key-0001")
    assert refused.value.code == "key-reused"
    with pytest.raises(Invalid):
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "")


async def test_a_refused_booking_leaves_its_key_free(clinic: Clinic) -> None:
    promise = await clinic.promised()
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(in_minutes(7)), "key-0001")
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")


@pytest.mark.parametrize("minutes", [-120, 7, 12 * 60, 5 * 1440, 14 * 1440])
async def test_a_moment_that_was_never_proposed_is_not_booked(clinic: Clinic, minutes: int) -> None:
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(
            clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(minutes)), "key-0001"
        )
    assert await clinic.count(BusyUnit) == 0


async def test_a_cabin_that_nobody_named_is_not_guessed(clinic: Clinic) -> None:
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(cabin_id=None), "key-0001")


async def test_a_promise_is_booked_once(clinic: Clinic) -> None:
    promise = await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    with pytest.raises(Conflict) as refused:
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(in_minutes(60)), "key-0002")
    assert refused.value.code == "promise-moved"


async def test_a_move_of_a_quarter_of_an_hour_keeps_the_units_that_both_moments_share(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    version = await clinic.follow_ups.move(clinic.nurse, booked, 1, clinic.choice(in_minutes(15)))
    assert version == 2
    assert await clinic.count(BusyUnit) == 17
    line = (await clinic.follow_ups.day_sheet(clinic.nurse, date(2026, 3, 9)))[0]
    assert (line.wall_time, line.version) == ("2026-03-09T09:15", 2)


async def test_a_move_onto_a_taken_moment_changes_nothing(clinic: Clinic) -> None:
    first, second = await clinic.promised(), await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, first, clinic.choice(), "key-0001")
    booked = await clinic.follow_ups.book(clinic.nurse, second, clinic.choice(in_minutes(60)), "key-0002")
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.move(clinic.nurse, booked, 1, clinic.choice(in_minutes(15)))
    lines = await clinic.follow_ups.day_sheet(clinic.nurse, date(2026, 3, 9))
    assert [line.wall_time[11:] for line in lines] == ["09:00", "10:00"]
    assert await clinic.count(BusyUnit) == 34


async def test_of_two_moves_from_the_same_version_one_wins(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")

    async def move(minutes: int) -> object:
        return await clinic.follow_ups.move(clinic.nurse, booked, 1, clinic.choice(in_minutes(minutes)))

    both = await asyncio.gather(move(60), move(120), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["Conflict", "int"]
    assert await clinic.count(BusyUnit) == 17


async def test_two_appointments_may_change_places_only_one_after_the_other(clinic: Clinic) -> None:
    ids = []
    for number in range(2):
        promise = await clinic.promised()
        wanted = clinic.choice(in_minutes(60 * number))
        ids.append(await clinic.follow_ups.book(clinic.nurse, promise, wanted, f"key-000{number}"))

    async def move(appointment_id: AppointmentId, minutes: int) -> object:
        return await clinic.follow_ups.move(clinic.nurse, appointment_id, 1, clinic.choice(in_minutes(minutes)))

    both = await asyncio.gather(move(ids[0], 60), move(ids[1], 0), return_exceptions=True)
    assert all(isinstance(one, SlotTaken) for one in both)


async def test_a_cancelled_appointment_frees_everybody_and_can_be_undone(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    cancelled = await clinic.follow_ups.cancel(clinic.nurse, booked, 1, CancelReason.PATIENT)
    assert await clinic.count(BusyUnit) == 0
    assert (await clinic.stored(promise)).status is PromiseStatus.DUE
    again = await clinic.follow_ups.book(clinic.nurse, promise, cancelled.choice, "key-0002")
    assert again != booked
    with pytest.raises(Conflict):
        await clinic.follow_ups.cancel(clinic.nurse, booked, 2, CancelReason.PATIENT)


async def test_a_missed_appointment_is_on_the_worklist_again_and_can_be_booked_later(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    with pytest.raises(Conflict):
        await clinic.follow_ups.miss(clinic.nurse, booked, 1)
    clinic.clock.set(NEXT_MONDAY + timedelta(minutes=30))
    await clinic.follow_ups.miss(clinic.nurse, booked, 1)
    assert [line.status for line in await clinic.follow_ups.due(clinic.nurse)] == [PromiseStatus.MISSED]
    later = (await clinic.follow_ups.proposals(clinic.nurse, promise, wide=True)).choices[0]
    await clinic.follow_ups.book(clinic.nurse, promise, later.choice, "key-0002")


async def test_one_who_comes_late_is_shown_moments_beyond_the_window(clinic: Clinic) -> None:
    promise = await clinic.promised()
    clinic.clock.advance(days=30)
    strict = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert strict.why_empty is WhyEmpty.WINDOW_OVER
    late = await clinic.follow_ups.proposals(clinic.nurse, promise, wide=True)
    assert late.choices
    assert not any(one.in_window for one in late.choices)
    assert (await clinic.follow_ups.due(clinic.nurse))[0].is_late
    await clinic.follow_ups.book(clinic.nurse, promise, late.choices[0].choice, "key-0001")


async def test_holidays_and_exceptions_are_not_proposed(clinic: Clinic) -> None:
    whit_monday = date(2026, 5, 25)
    clinic.clock.set(datetime(2026, 5, 18, 8, 0, tzinfo=UTC))
    async with clinic.database.transaction() as tx:
        assert await clinic.agenda.close_on_holidays(tx, PARIS, [2026]) == 11
        await clinic.agenda.close_on_holidays(tx, PARIS, [2026])
        away = Exceptional(
            ExceptionKind.CLOSED, datetime(2026, 5, 25, 22, tzinfo=UTC), datetime(2026, 5, 26, 10, tzinfo=UTC)
        )
        gp = clinic.village.gp.practitioner_id
        assert gp is not None
        await clinic.agenda.except_for(tx, None, clinic.resources[gp], away, "formation")
    shown = await clinic.follow_ups.proposals(clinic.nurse, await clinic.promised())
    assert whit_monday not in {one.on for one in shown.choices}
    assert shown.choices[0].wall_time == "2026-05-26T12:00"


async def test_across_the_change_of_the_clock_the_wall_time_stays(clinic: Clinic) -> None:
    clinic.clock.set(datetime(2026, 3, 23, 8, 0, tzinfo=UTC))
    promise = await clinic.promised()  # due on the 30th, the day after the clocks went forward
    first = (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices[0]
    assert (first.wall_time, first.starts_at.hour) == ("2026-03-30T09:00", 7)
    booked = await clinic.follow_ups.book(clinic.nurse, promise, first.choice, "key-0001")
    async with clinic.database.reading() as tx:
        row = await store.appointment(tx, booked)
    assert (row.wall_time, row.zone, row.starts_at) == ("2026-03-30T09:00", PARIS, first.starts_at)
    assert row.zone_version


async def test_a_follow_up_at_the_surgery_needs_only_the_doctor(clinic: Clinic) -> None:
    promise = await clinic.promised(FollowUpWish(7, Modality.IN_PERSON, why="Examen des pieds"))
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise)
    first = shown.choices[0]
    assert (first.cabin, first.health_worker, first.modality) == (None, None, Modality.IN_PERSON)
    await clinic.follow_ups.book(clinic.nurse, promise, first.choice, "key-0001")
    assert await clinic.count(BusyUnit) == 8
    cabin_too = clinic.choice(in_minutes(60), health_worker_id=None)
    other = await clinic.promised(FollowUpWish(7, Modality.IN_PERSON))
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, other, cabin_too, "key-0002")


async def test_a_cabin_chooses_only_for_the_visit_that_sits_in_it(clinic: Clinic) -> None:
    others = await clinic.promised()
    encounter_id, row_ver = await clinic.written()
    closed = await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert closed.promise_id is not None
    cabin = clinic.village.cabin
    line = await clinic.follow_ups.of_visit(cabin)
    assert line is not None
    assert (line.id, line.reason) == (closed.promise_id, IN_A_WEEK.why)
    for stranger in (clinic.village.other_cabin, clinic.village.other_gp):
        with pytest.raises(NotFound):
            await clinic.follow_ups.proposals(stranger, closed.promise_id)
    with pytest.raises(NotFound):
        await clinic.follow_ups.book(cabin, others, clinic.choice(), "key-0001")
    first = (await clinic.follow_ups.proposals(cabin, closed.promise_id)).choices[0]
    await clinic.follow_ups.book(cabin, closed.promise_id, first.choice, "key-0002")
    await clinic.village.intake.goodbye(cabin)
    with pytest.raises(NotFound):
        await clinic.follow_ups.proposals(cabin, closed.promise_id)


async def test_a_doctor_orders_and_does_not_book(clinic: Clinic) -> None:
    promise = await clinic.promised()
    assert (await clinic.follow_ups.proposals(clinic.village.gp, promise)).choices
    with pytest.raises(NotAllowed):
        await clinic.follow_ups.book(clinic.village.gp, promise, clinic.choice(), "key-0001")


async def test_who_cannot_decide_is_called_back(clinic: Clinic) -> None:
    promise = await clinic.promised()
    await clinic.follow_ups.call_me_back(clinic.nurse, promise)
    assert [line.status for line in await clinic.follow_ups.due(clinic.nurse)] == [PromiseStatus.OFFERED]
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
