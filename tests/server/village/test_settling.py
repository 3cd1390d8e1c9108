"""Places, people and hours are written as the village has them."""

from __future__ import annotations

from sqlalchemy import select

from server.people.tables import CabinRow, HealthWorkerRow, PractitionerRow, SiteRow
from server.scheduler.tables import AvailabilityRule, ClosingDay, Resource
from server.village import places
from tests.server.village.conftest import Settled


async def test_all_places_and_people_are_there(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        assert set(await tx.scalars(select(SiteRow.name))) == {one.site for one in places.VILLAGES}
        assert set(await tx.scalars(select(CabinRow.name))) == {one.name for one in places.BOOTHS}
        assert set(await tx.scalars(select(PractitionerRow.rpps))) == {one.rpps for one in places.DOCTORS}
        assert set(await tx.scalars(select(HealthWorkerRow.name))) == {one.name for one in places.WORKERS}
        assert set(await tx.scalars(select(SiteRow.samu_phone))) == {places.SAMU}


async def test_everybody_who_can_be_booked_has_their_hours(settled: Settled) -> None:
    bookable = (*places.BOOTHS, *places.DOCTORS, *places.WORKERS)
    async with settled.database.reading() as tx:
        rules = list(await tx.scalars(select(AvailabilityRule)))
        zones = list(await tx.scalars(select(Resource.zone)))
    assert len(rules) == sum(len(one.hours) for one in bookable)
    assert set(zones) == {places.ZONE}


async def test_public_holidays_of_this_and_the_next_year_are_closed(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        days = {day.isoformat() for day in await tx.scalars(select(ClosingDay.on))}
    assert {"2025-05-01", "2026-05-01", "2026-12-25", "2027-07-14"} <= days
