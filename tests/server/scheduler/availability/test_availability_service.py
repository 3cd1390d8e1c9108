"""Hours by hand, on both databases: saved, refused, asked about, undone; and who they hit is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from server.audit.rules import Action
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import AccountId, SiteId, new_id
from server.people import store as people_store
from server.people.tables import SiteRow
from server.scheduler import store as scheduler_store
from server.scheduler.availability.rules import Once, Plan, Weekly, with_once, without
from server.scheduler.availability.service import Availability, Decided, Sheet
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.openings import ExceptionKind
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.rules.units import unit_of
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes

MAYOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "La mairie")
SPAN = range(unit_of(NEXT_MONDAY), unit_of(NEXT_MONDAY + timedelta(days=7)))
AWAY = Once(ExceptionKind.CLOSED, in_minutes(-60), in_minutes(600), reason="Formation")


def _hours(clinic: Clinic) -> tuple[Availability, UUID]:
    gp = clinic.village.gp.practitioner_id
    assert gp is not None
    return Availability(clinic.database, clinic.clock, clinic.village.exchange), gp


async def _sheet(clinic: Clinic) -> Sheet:
    hours, gp = _hours(clinic)
    return await hours.sheet(MAYOR, gp, SPAN)


async def test_hours_are_changed_logged_and_put_back(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    before = await _sheet(clinic)
    logged = await clinic.village.logged(Action.HOURS_CHANGED)
    done = await hours.save(MAYOR, gp, with_once(before.plan, [AWAY]), before.seen)
    assert (done.saved, done.difference.added, done.hit) == (True, (AWAY,), ())
    assert await clinic.village.logged(Action.HOURS_CHANGED) == logged + 1
    then = await _sheet(clinic)
    assert then.plan.once == (AWAY,)
    (change,) = then.changes
    assert (await hours.undo(MAYOR, gp, change.id, then.seen)).saved
    again = await _sheet(clinic)
    assert (again.plan, again.seen) == (before.plan, before.seen)
    assert again.changes[1].undone_at == clinic.clock()
    with pytest.raises(Conflict):
        await hours.undo(MAYOR, gp, change.id, again.seen)


async def test_two_who_change_the_same_hours_do_not_overwrite_each_other(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    seen = await _sheet(clinic)
    await hours.save(MAYOR, gp, without(seen.plan, weekly=0), seen.seen)
    with pytest.raises(Conflict):
        await hours.save(MAYOR, gp, with_once(seen.plan, [AWAY]), seen.seen)
    assert (await _sheet(clinic)).plan == without(seen.plan, weekly=0)


async def test_an_appointment_in_a_closed_time_is_asked_about_then_kept_or_freed(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "une-cle-de-test")
    hours, gp = _hours(clinic)
    seen = await _sheet(clinic)
    plan = with_once(seen.plan, [AWAY])
    asked = await hours.save(MAYOR, gp, plan, seen.seen)
    assert (asked.saved, [one.id for one in asked.hit]) == (False, [booked])
    assert await _sheet(clinic) == seen
    kept = await hours.save(MAYOR, gp, plan, seen.seen, Decided(kept=frozenset({booked})))
    assert kept.saved
    assert (await clinic.stored(promise)).status is PromiseStatus.BOOKED
    back = await _sheet(clinic)
    await hours.undo(MAYOR, gp, back.changes[0].id, back.seen)
    freed = await hours.save(MAYOR, gp, plan, seen.seen, Decided(freed=frozenset({booked})))
    assert freed.saved
    assert (await clinic.stored(promise)).status is PromiseStatus.DUE
    assert await clinic.count(BusyUnit) == 0
    async with clinic.database.reading() as tx:
        row = await scheduler_store.appointment(tx, booked)
    assert (row.status, row.cancel_reason) == (AppointmentStatus.CANCELLED, "practitioner")
    assert await clinic.village.logged(Action.APPOINTMENT_CANCELLED) == 1


async def test_a_closed_time_offers_nothing_and_an_open_one_does(clinic: Clinic) -> None:
    promise = await clinic.promised()
    hours, gp = _hours(clinic)
    seen = await _sheet(clinic)
    everybody = [clinic.village.other_gp.practitioner_id, gp]
    for subject in everybody:
        assert subject is not None
        sheet = await hours.sheet(MAYOR, subject, SPAN)
        await hours.save(MAYOR, subject, Plan(), sheet.seen)
    assert not (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices
    empty = await _sheet(clinic)
    await hours.save(MAYOR, gp, seen.plan, empty.seen)
    assert (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices


async def test_impossible_hours_and_unknown_places_are_refused(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    seen = await _sheet(clinic)
    for plan in (
        Plan((Weekly(0, 600, 540),)),
        Plan(once=(replace_once(AWAY, ends_at=AWAY.starts_at),)),
        Plan((Weekly(0, 540, 600, site_id=clinic.village.cabin.cabin_id),)),  # type: ignore[arg-type]
        Plan(buffer_min=7),
    ):
        with pytest.raises(Invalid):
            await hours.save(MAYOR, gp, plan, seen.seen)
    assert await _sheet(clinic) == seen


def replace_once(one: Once, **changes: object) -> Once:
    return msgspec.structs.replace(one, **changes)


async def test_doctors_and_health_workers_change_their_own_hours_and_learn_nothing_of_others(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    nurse, cabin = clinic.nurse.health_worker_id, clinic.village.cabin.cabin_id
    assert nurse is not None
    assert cabin is not None
    own = {clinic.village.gp: gp, clinic.nurse: nurse}
    for who, subject in own.items():
        sheet = await hours.sheet(who, subject, SPAN)
        done = await hours.save(who, subject, with_once(sheet.plan, [AWAY]), sheet.seen)
        assert done.saved
        (change,) = (await hours.sheet(who, subject, SPAN)).changes
        assert change.by == who.account_id
        for other in {gp, nurse, cabin, new_id()} - {subject}:
            with pytest.raises(NotFound):
                await hours.sheet(who, other, SPAN)
            with pytest.raises(NotFound):
                await hours.save(who, other, Plan(), sheet.seen)
        with pytest.raises(NotAllowed):
            await hours.subjects(who)
    mine, theirs = [(await hours.sheet(who, subject, SPAN)) for who, subject in own.items()]
    for change_id in (theirs.changes[0].id, new_id()):  # somebody else's change is as unknown as none
        with pytest.raises(NotFound):
            await hours.undo(clinic.village.gp, gp, change_id, mine.seen)
    assert (await hours.undo(clinic.village.gp, gp, mine.changes[0].id, mine.seen)).saved


async def test_a_cabin_and_an_account_that_is_nobody_change_no_hours(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    seen = await _sheet(clinic)
    for who in (replace(MAYOR, role=Role.CABIN), replace(MAYOR, role=Role.GP)):
        with pytest.raises((NotAllowed, NotFound)):
            await hours.save(who, gp, Plan(), seen.seen)
        with pytest.raises((NotAllowed, NotFound)):
            await hours.sheet(who, gp, SPAN)


async def test_a_doctor_who_had_no_hours_gets_them_in_the_zone_of_the_village(clinic: Clinic) -> None:
    hours, _ = _hours(clinic)
    async with clinic.database.reading() as tx:
        known = {one.id for one in await people_store.practitioners(tx)}
    lines = await hours.subjects(MAYOR)
    assert known <= {one.id for one, _ in lines}
    assert {one.kind.value for one, _ in lines} == {"practitioner", "cabin", "health-worker"}


async def test_a_nurse_who_is_elsewhere_once_is_not_proposed_nor_booked_here(clinic: Clinic) -> None:
    promise = await clinic.promised()
    hours, nurse, there = _hours(clinic)[0], clinic.nurse.health_worker_id, await _another_site(clinic)
    assert nurse is not None
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "une-cle-de-test")
    sheet = await hours.sheet(MAYOR, nurse, SPAN)
    stop = Once(ExceptionKind.OPEN, in_minutes(0), in_minutes(60), site_id=there)
    plan = with_once(sheet.plan, [stop])
    asked = await hours.save(MAYOR, nurse, plan, sheet.seen)
    assert [one.id for one in asked.hit] == [booked]
    await hours.save(MAYOR, nurse, plan, sheet.seen, Decided(freed=frozenset({booked})))
    with pytest.raises(Conflict):
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "une-autre-cle")
    found = (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices
    assert min(one.starts_at for one in found if one.on == NEXT_MONDAY.date()) >= in_minutes(60 + 20)


async def _another_site(clinic: Clinic) -> SiteId:
    """A place some twenty minutes of road away."""
    async with clinic.database.transaction() as tx:
        here = await people_store.site(tx, clinic.village.site)
        there = SiteId(new_id())
        words = {one.name: getattr(here, one.name) for one in SiteRow.__table__.columns}
        tx.add(SiteRow(**{**words, "id": there, "name": "Ailleurs", "latitude": here.latitude + 0.1}))
    return there
