"""From rows to plain numbers and back: windows, who is late, what is booked, and cabins that failed their check."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.planning.loading import Loaded, _spans, load, weekdays
from server.scheduler.rules.planning_improve import greedy
from server.scheduler.rules.units import instant_of, local_day
from tests.server.scheduler.clinic import NEXT_MONDAY, PARIS, Clinic


async def loaded(clinic: Clinic) -> Loaded:
    """What a plan made now would be made from."""
    async with clinic.database.reading() as tx:
        return await load(tx, clinic.clock())


@given(bits=st.integers(0, 2**60))
def test_spans_are_the_runs_of_bits(bits: int) -> None:
    spans = list(_spans(bits))
    assert sum(((1 << stop - start) - 1) << start for start, stop in spans) == bits
    assert all(before[1] < after[0] for before, after in pairwise(spans))


async def test_a_promise_is_planned_inside_its_window_with_the_doctor_who_asked_cheapest(clinic: Clinic) -> None:
    promise = await clinic.promised()
    found = await loaded(clinic)
    (wish,) = found.problem.wishes
    assert (wish.promise_id, wish.remote, wish.accompanied) == (promise, True, True)
    days = sorted(local_day(instant_of(found.origin + day.noon), PARIS) for day in wish.days)
    row = await clinic.stored(promise)
    assert (days[0], days[-1]) == (row.earliest_on, row.latest_on)
    assert all(day.strict for day in wish.days)
    at = greedy(found.problem, Random(1)).plan()[0]
    assert at is not None
    assert found.choice(at) == clinic.choice(NEXT_MONDAY, cabin_id=found.choice(at).cabin_id)


async def test_who_is_late_is_planned_after_the_window_and_marked(clinic: Clinic) -> None:
    await clinic.promised()
    clinic.clock.advance(days=15)
    (wish,) = (await loaded(clinic)).problem.wishes
    assert wish.days
    assert not any(day.strict for day in wish.days)


async def test_what_is_due_after_six_weeks_waits_for_a_later_plan(clinic: Clinic) -> None:
    await clinic.promised(FollowUpWish(180, Modality.REMOTE, with_health_worker=False, why="Bilan"))
    assert (await loaded(clinic)).problem.wishes == ()


async def test_booked_units_are_not_free_and_the_next_hour_is_no_moment(clinic: Clinic) -> None:
    kept, _other = await clinic.promised(), await clinic.promised()
    before = await loaded(clinic)
    await clinic.follow_ups.book(clinic.nurse, kept, clinic.choice(), "key-0001")
    then = await loaded(clinic)
    gp = clinic.village.gp.practitioner_id
    free = [
        sum(stop - start for start, stop in diary.remote)
        for one in (before, then)
        for diary in one.problem.diaries
        if diary.subject_id == gp
    ]
    assert free[0] - free[1] == 4
    assert instant_of(then.origin + then.problem.grid) >= clinic.clock() + timedelta(hours=1)
    assert len(then.problem.wishes) == 1


def test_the_medicobus_goes_on_working_days() -> None:
    days = weekdays(NEXT_MONDAY, PARIS)
    assert days[0] == NEXT_MONDAY.date() + timedelta(days=1)
    assert {day.weekday() for day in days} == set(range(5))
