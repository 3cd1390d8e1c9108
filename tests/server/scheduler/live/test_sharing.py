"""Whose month is full costs a little more, a village that waits is helped from elsewhere, and both are said."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from server.kernel.ids import SiteId, new_id
from server.people.tables import CabinRow, SiteRow
from server.scheduler import store
from server.scheduler.rules.fairness import WAITS
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.units import unit_of
from server.scheduler.service.asking import COSTS
from server.scheduler.service.views import Reason, Why
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import NEXT_MONDAY, PARIS, Clinic


async def booked_out(clinic: Clinic, subject: UUID, days: int) -> None:
    """Somebody has given away these days, from that Tuesday on."""
    appointment = await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    first = unit_of(NEXT_MONDAY) + 288
    async with clinic.database.transaction() as tx:
        await store.take(
            tx, appointment, [(clinic.resources[subject], unit) for unit in range(first, first + 288 * days)]
        )


async def test_a_full_month_costs_a_little_and_whoever_has_more_room_is_said_to(clinic: Clinic) -> None:
    aubin, other = clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id
    assert aubin is not None
    assert other is not None
    await booked_out(clinic, other, 20)
    promise = await clinic.promised()
    async with clinic.database.transaction() as tx:
        (await store.promise(tx, promise)).practitioner_id = other
    clinic.clock.advance(timedelta(minutes=2))
    shown = (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices
    of_aubin = [one for one in shown if one.practitioner.id == aubin]
    assert of_aubin
    for one in shown:
        assert one.cost == COSTS[one.why] + sum(each.cost for each in one.because)
    assert {one.why for one in of_aubin} == {Why.KNOWN}
    assert all(Reason.ROOMIER in {each.reason for each in one.because} for one in of_aubin)


async def test_a_village_that_waits_gets_a_doctor_from_elsewhere_sooner_and_the_full_month_is_said(
    clinic: Clinic,
) -> None:
    aubin, other = clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id
    moved = clinic.village.other_cabin.cabin_id
    assert aubin is not None
    assert other is not None
    assert moved is not None
    await booked_out(clinic, other, 20)
    promise, late = await clinic.promised(), await clinic.promised()
    async with clinic.database.transaction() as tx:
        await clinic.agenda.open_weekly(tx, None, ResourceKind.PRACTITIONER, aubin, PARIS, ())
        (await store.promise(tx, late)).latest_on = clinic.clock().date() - timedelta(days=1)
        served = SiteId(new_id())
        here = (await tx.scalars(select(SiteRow).where(SiteRow.id == clinic.village.site))).one()
        same = {column.key: getattr(here, column.key) for column in SiteRow.__table__.columns if column.key != "id"}
        tx.add(SiteRow(id=served, **same))
        await tx.flush()
        (await tx.scalars(select(CabinRow).where(CabinRow.id == moved))).one().site_id = served
    async with clinic.database.transaction() as tx:
        appointment = await tx.scalar(select(BusyUnit.appointment_id).limit(1))
        assert appointment is not None
        first = unit_of(NEXT_MONDAY) + 288
        await store.take(tx, appointment, [(clinic.resources[moved], unit) for unit in range(first, first + 5760)])
    clinic.clock.advance(timedelta(minutes=2))
    clinic.follow_ups._live.doubt()
    for one in (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices:
        said = {each.reason: each for each in one.because}
        assert (one.why, said[Reason.FULL].number, said[Reason.VILLAGE_WAITS].cost) == (Why.ANOTHER, 3, -WAITS)
        assert one.cost == COSTS[one.why] + sum(each.cost for each in one.because)
