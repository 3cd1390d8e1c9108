"""The medicobus of another site: its stops are found, booked and said where people live, and waited for when late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from server.kernel.access import Identity
from server.kernel.ids import HealthWorkerId, SiteId, new_id
from server.people import store as people
from server.people.rules import SiteKind
from server.people.tables import CabinRow, HealthWorkerRow, SiteRow
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.availability.feeds import Feeds
from server.scheduler.availability.rules import Once, Plan
from server.scheduler.availability.service import Availability
from server.scheduler.reminders.sending import meeting_of
from server.scheduler.rules.openings import ExceptionKind, ResourceKind
from server.scheduler.rules.search import WhyEmpty
from server.scheduler.service.office_view import OfficeView
from server.scheduler.service.views import Choice, SlotTaken
from server.scheduler.tables import Appointment, BusyUnit
from tests.server.scheduler.availability.test_availability_service import MAYOR, SPAN
from tests.server.scheduler.clinic import NEXT_MONDAY, PARIS, WEEK, Clinic

HERE = "-"  # the village's site has no better name
STOPS_FOR = timedelta(hours=3)
WITH_NURSE = FollowUpWish(7, Modality.REMOTE, with_health_worker=True)


@dataclass(frozen=True)
class Bus:
    """The medicobus, of a site of its own, with its nurse."""

    site: SiteId
    cabin: Identity
    crew: Identity


async def a_bus(clinic: Clinic, at: timedelta = timedelta(), *, own_cabins: bool = False) -> Bus:
    """A bus that stops in the village once, for three hours; the village has no cabin of its own."""
    site, nurse = SiteId(new_id()), HealthWorkerId(new_id())
    words = {
        "commune": "Plouar",
        "zone": PARIS,
        "insee": "22998",
        "samu_phone": "15",
        "aed": "-",
        "phone": "-",
    } | dict.fromkeys(("postcode", "address"), "-")
    async with clinic.database.transaction() as tx:
        tx.add(
            SiteRow(id=site, name="Médicobus du pays", kind=SiteKind.MEDICOBUS, latitude=48.1, longitude=-3.1, **words)
        )
        await tx.flush()
        tx.add(HealthWorkerRow(id=nurse, site_id=site, name="Anne Bihan", profession="Infirmière", phone="-"))
        if not own_cabins:
            await tx.execute(update(CabinRow).values(in_service=False))
    cabin = await clinic.village.add_cabin("Médicobus", site)
    hours = Availability(clinic.database, clinic.clock, clinic.village.exchange)
    begin = NEXT_MONDAY + at
    stop = Once(ExceptionKind.OPEN, begin, begin + STOPS_FOR, site_id=clinic.village.site)
    for kind, subject in ((ResourceKind.CABIN, cabin.cabin_id), (ResourceKind.HEALTH_WORKER, nurse)):
        assert subject is not None
        async with clinic.database.transaction() as tx:
            await clinic.agenda.open_weekly(tx, None, kind, subject, PARIS, WEEK)
        seen = (await hours.sheet(MAYOR, subject, SPAN)).seen
        weekly = (await hours.sheet(MAYOR, subject, SPAN)).plan.weekly
        await hours.save(MAYOR, subject, Plan(weekly, (stop,)), seen)
    return Bus(site, cabin, replace(clinic.nurse, site_id=site, health_worker_id=nurse))


async def test_a_stop_is_proposed_booked_with_its_units_and_named_wherever_it_is_seen(clinic: Clinic) -> None:
    bus = await a_bus(clinic)
    promise = await clinic.promised(WITH_NURSE)
    shown = (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices
    assert {(one.stop, one.cabin.name if one.cabin else "", one.on) for one in shown} == {
        (HERE, "Médicobus", date(2026, 3, 9))
    }
    booked = await clinic.follow_ups.book(clinic.nurse, promise, shown[0].choice, "une-cle-de-test")
    async with clinic.database.reading() as tx:
        row = (await tx.scalars(select(Appointment))).one()
        site, cabin = await people.site(tx, row.site_id), await people.cabin(tx, bus.cabin.cabin_id or row.cabin_id)
        doctor = await people.practitioner(tx, row.practitioner_id)
    assert await clinic.count(BusyUnit) == 4 + 4 + 5 + 4
    assert meeting_of(row, site, doctor, cabin).at_stop
    assert (row.site_id, row.cabin_id) == (clinic.village.site, bus.cabin.cabin_id)
    people_, vault = clinic.village.people, clinic.vault
    office = OfficeView(clinic.database, people_, vault, clinic.clock)
    assert (await office.appointment(clinic.nurse, booked)).stop == HERE
    seen = [(line.stop, line.of_elsewhere) for line in await clinic.follow_ups.day_sheet(bus.crew, date(2026, 3, 9))]
    assert seen == [(HERE, True)]
    assert [one.stop for one in await clinic.follow_ups.upcoming(clinic.village.gp)] == [HERE]
    hours = Availability(clinic.database, clinic.clock, clinic.village.exchange)
    feeds = Feeds(clinic.database, hours, clinic.clock)
    written = await feeds.read(await feeds.make(MAYOR, doctor.id))
    assert "arrêt du médicobus" in written.decode().replace("\r\n ", "")


async def test_the_bus_takes_people_where_it_stops_and_nowhere_else(clinic: Clinic) -> None:
    bus = await a_bus(clinic)
    promise = await clinic.promised(FollowUpWish(7, Modality.REMOTE))
    doctor = clinic.village.gp.practitioner_id
    assert doctor is not None
    later = Choice(NEXT_MONDAY + timedelta(days=1), doctor, bus.cabin.cabin_id)
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, promise, later, "une-cle-de-test")
    assert await clinic.count(Appointment) == 0


async def test_a_bus_that_comes_after_the_window_is_named_with_its_day(clinic: Clinic) -> None:
    await a_bus(clinic, timedelta(days=14))
    promise = await clinic.promised(FollowUpWish(7, Modality.REMOTE))
    empty = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert (empty.choices, empty.why_empty, empty.bus_on) == ((), WhyEmpty.BUS_LATER, date(2026, 3, 23))


async def test_a_village_with_a_cabin_is_not_told_to_wait_for_the_bus(clinic: Clinic) -> None:
    await a_bus(clinic, timedelta(days=14), own_cabins=True)
    promise = await clinic.promised(FollowUpWish(7, Modality.REMOTE))
    assert (await clinic.follow_ups.proposals(clinic.nurse, promise)).bus_on is None
    assert all(not one.stop for one in (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices)
