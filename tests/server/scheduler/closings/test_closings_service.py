"""Closing days by hand, on both databases: asked about, saved, logged, undone; a site closes alone."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from server.audit.rules import Action
from server.kernel.errors import Conflict, NotAllowed, NotFound
from server.people.founding.rules import InstrumentKind
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store as scheduler_store
from server.scheduler.availability.freeing import Decided
from server.scheduler.availability.rules import Once, Plan, Weekly
from server.scheduler.availability.service import Availability
from server.scheduler.closings.rules import closing
from server.scheduler.closings.service import Closings, ClosingSheet
from server.scheduler.closings.store import said_by
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.openings import ExceptionKind
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.tables import ClosingDay
from tests.server.scheduler.availability.test_availability_service import MAYOR, SPAN
from tests.server.scheduler.clinic import NEXT_MONDAY, PARIS, Clinic, an_ecg

MONDAY = NEXT_MONDAY.date()
BRIDGE = closing(MONDAY, MONDAY, "Pont")


def _closings(clinic: Clinic) -> Closings:
    return Closings(clinic.database, clinic.clock, clinic.village.exchange)


async def _sheet(clinic: Clinic, key: str) -> ClosingSheet:
    return await _closings(clinic).sheet(MAYOR, key, 2026)


async def test_a_site_closes_for_its_cabin_and_nurse_alone_is_asked_first_and_undone(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "une-cle-de-test")
    closings, site = _closings(clinic), str(clinic.village.site)
    seen = (await _sheet(clinic, site)).seen
    asked = await closings.put(MAYOR, site, BRIDGE, seen)
    assert (asked.saved, [one.id for one in asked.hit]) == (False, [booked])
    assert await clinic.count(ClosingDay) == 0
    done = await closings.put(MAYOR, site, BRIDGE, seen, Decided(freed=frozenset({booked})))
    assert done.saved
    async with clinic.database.reading() as tx:
        assert (await scheduler_store.appointment(tx, booked)).status is AppointmentStatus.CANCELLED
        everybody = [clinic.village.gp.practitioner_id, clinic.village.cabin.cabin_id, clinic.nurse.health_worker_id]
        known = await scheduler_store.calendars(tx, [one for one in everybody if one], SPAN)
    assert [MONDAY in known[one].closing_days for one in everybody if one] == [False, True, True]
    assert (await clinic.stored(promise)).status is PromiseStatus.DUE
    assert await clinic.village.logged(Action.CLOSING_CHANGED) == 1
    proposed = (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices
    assert MONDAY not in {one.on for one in proposed}
    back = await _sheet(clinic, site)
    assert (await closings.undo(MAYOR, site, back.changes[0].id, back.seen)).saved
    assert MONDAY in {one.on for one in (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices}
    again = await _sheet(clinic, site)
    assert (again.days, again.changes[1].undone_at) == ((), clinic.clock())
    with pytest.raises(Conflict):
        await closings.undo(MAYOR, site, back.changes[0].id, again.seen)


async def test_a_closing_that_hits_the_instrument_alone_asks_too(clinic: Clinic) -> None:
    ecg = await an_ecg(clinic)
    promise = await clinic.promised(FollowUpWish(7, Modality.REMOTE, instrument=InstrumentKind.ECG))
    choice = clinic.choice(health_worker_id=None, instrument_id=ecg)
    booked = await clinic.follow_ups.book(clinic.nurse, promise, choice, "une-cle-de-test")
    hours, cabin = Availability(clinic.database, clinic.clock, clinic.village.exchange), clinic.village.cabin.cabin_id
    assert cabin is not None
    open_anyway = Plan((), (Once(ExceptionKind.OPEN, NEXT_MONDAY, NEXT_MONDAY + timedelta(hours=3)),))
    await hours.save(MAYOR, cabin, open_anyway, (await hours.sheet(MAYOR, cabin, SPAN)).seen)
    site = str(clinic.village.site)
    asked = await _closings(clinic).put(MAYOR, site, BRIDGE, (await _sheet(clinic, site)).seen)
    assert (asked.saved, [one.id for one in asked.hit]) == (False, [booked])


async def test_public_holidays_are_copied_for_a_zone_and_opened_for_one_site(clinic: Clinic) -> None:
    closings, site = _closings(clinic), str(clinic.village.site)
    zone = await _sheet(clinic, PARIS)
    assert zone.lacking == 11
    await closings.copy(MAYOR, PARIS, 2026, zone.seen)
    here = await _sheet(clinic, site)
    assert (len(here.days), {one.said_by for one in here.days}) == (11, {PARIS})
    whit = date(2026, 5, 25)
    await closings.turn(MAYOR, site, whit, here.seen)
    (opened,) = [one for one in (await _sheet(clinic, site)).days if not one.closed]
    assert (opened.on, opened.own) == (whit, True)
    async with clinic.database.reading() as tx:
        rows = await said_by(tx, [PARIS, site])
        areas = set(await tx.scalars(select(ClosingDay.area)))
    assert (rows[PARIS][whit].closed, rows[site][whit].closed, areas) == (True, False, {PARIS, site})
    with pytest.raises(Conflict):
        await closings.turn(MAYOR, site, whit, here.seen)


async def test_a_doctor_who_comes_to_a_closed_site_does_not_come(clinic: Clinic) -> None:
    hours, gp = Availability(clinic.database, clinic.clock, clinic.village.exchange), clinic.village.gp.practitioner_id
    assert gp is not None
    sheet = await hours.sheet(MAYOR, gp, SPAN)
    plan = Plan((Weekly(0, 540, 720, site_id=clinic.village.site), Weekly(1, 540, 720)))
    await hours.save(MAYOR, gp, plan, sheet.seen)
    site = str(clinic.village.site)
    days = closing(MONDAY, date(2026, 3, 10), "Mairie fermée")
    await _closings(clinic).put(MAYOR, site, days, (await _sheet(clinic, site)).seen)
    async with clinic.database.reading() as tx:
        calendar = (await scheduler_store.calendars(tx, [gp], SPAN))[gp]
    assert calendar.open_in(SPAN, Modality.REMOTE).bit_count() == 36  # Tuesday's three hours elsewhere


async def test_only_coordinators_close_and_only_where_somebody_is(clinic: Clinic) -> None:
    closings = _closings(clinic)
    for who in (clinic.nurse, clinic.village.gp, clinic.village.cabin):
        with pytest.raises(NotAllowed):
            await closings.put(who, PARIS, BRIDGE, "")
        with pytest.raises(NotAllowed):
            await closings.sheet(who, PARIS, 2026)
    for key in ("99", "Mars/Phobos", str(UUID(int=7))):
        with pytest.raises(NotFound):
            await closings.put(MAYOR, key, BRIDGE, "")
