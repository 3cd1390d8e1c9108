"""What is proposed stands in SQL, even when the index was told nothing; and who comes first, and why."""

from __future__ import annotations

from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from server.scheduler.rules.search import WhyEmpty
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import CancelReason, Why
from tests.server.scheduler.clinic import NEXT_MONDAY, PARIS, Clinic, in_minutes


def of_another_process(clinic: Clinic) -> FollowUps:
    """The same services with an index of their own, that hears nothing."""
    return FollowUps(clinic.database, clinic.village.people, clinic.vault, clinic.clock, clinic.village.exchange)


async def test_a_moment_that_another_process_took_is_not_proposed_though_nobody_told(clinic: Clinic) -> None:
    deaf, promise = of_another_process(clinic), await clinic.promised()
    first = await deaf.proposals(clinic.nurse, promise)
    assert first.choices[0].starts_at == NEXT_MONDAY
    for number, minutes in enumerate((0, 30)):
        taken = clinic.choice(in_minutes(minutes))
        await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), taken, f"key-000{number}")
    then = await deaf.proposals(clinic.nurse, promise)
    assert then == await of_another_process(clinic).proposals(clinic.nurse, promise)
    assert then.choices[0].starts_at == in_minutes(60)
    await deaf.book(clinic.nurse, promise, then.choices[0].choice, "key-0009")


async def test_a_freed_moment_is_proposed_again_by_who_freed_it(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    other = await clinic.promised()
    assert (await clinic.follow_ups.proposals(clinic.nurse, other)).choices[0].starts_at != NEXT_MONDAY
    await clinic.follow_ups.cancel(clinic.nurse, booked, 1, CancelReason.OTHER)
    assert (await clinic.follow_ups.proposals(clinic.nurse, other)).choices[0].starts_at == NEXT_MONDAY


async def test_a_doctor_who_comes_to_the_village_is_named_as_such(clinic: Clinic) -> None:
    other = clinic.village.other_gp.practitioner_id
    choice = clinic.choice(practitioner_id=other)
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), choice, "key-0001")
    promise = await clinic.promised()
    aubin = clinic.village.gp.practitioner_id
    assert aubin is not None
    async with clinic.database.transaction() as tx:
        await clinic.agenda.open_weekly(tx, None, ResourceKind.PRACTITIONER, aubin, "Europe/Paris", ())
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert {one.why for one in shown.choices} == {Why.VILLAGE}
    async with clinic.database.transaction() as tx:
        assert other is not None
        await clinic.agenda.open_weekly(tx, None, ResourceKind.PRACTITIONER, other, "Europe/Paris", ())
    assert (await clinic.follow_ups.proposals(clinic.nurse, promise)).why_empty is WhyEmpty.NO_PRACTITIONER


async def test_weekdays_on_which_nobody_can_accompany_are_named(clinic: Clinic) -> None:
    worker = clinic.nurse.health_worker_id
    assert worker is not None
    sundays_and_mondays = (WeeklyRule(6, 9 * 60, 17 * 60), WeeklyRule(0, 9 * 60, 9 * 60 + 15))
    async with clinic.database.transaction() as tx:
        await clinic.agenda.open_weekly(tx, None, ResourceKind.HEALTH_WORKER, worker, PARIS, sundays_and_mondays)
    shown = await clinic.follow_ups.proposals(clinic.nurse, await clinic.promised())
    assert shown.why_empty is WhyEmpty.NO_HEALTH_WORKER
    assert shown.closed_weekdays == (1, 2)  # the window is Saturday to Wednesday


async def test_a_moment_says_that_it_is_on_the_due_day_and_leaves_no_hole(clinic: Clinic) -> None:
    at_ten = in_minutes(60)
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(at_ten), "key-0001")
    shown = await clinic.follow_ups.proposals(clinic.nurse, await clinic.promised())
    assert [(one.wall_time, one.on_due_day, one.snug) for one in shown.choices] == [
        ("2026-03-09T09:30", True, True),
        ("2026-03-09T12:00", True, False),
        ("2026-03-10T09:00", False, False),
    ]
