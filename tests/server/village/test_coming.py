"""What is to come lies in hours and windows, and leaves something to book."""

from __future__ import annotations

from sqlalchemy import select

from server.people import store
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.tables import Appointment, FollowUpPromise
from server.village.coming import MOST_TODAY
from tests.server.village.conftest import NOW, Settled


async def _booked(settled: Settled) -> list[tuple[Appointment, FollowUpPromise]]:
    query = select(Appointment, FollowUpPromise).join(FollowUpPromise, FollowUpPromise.id == Appointment.promise_id)
    async with settled.database.reading() as tx:
        found = await tx.execute(query.where(Appointment.status == AppointmentStatus.BOOKED))
        return [(row[0], row[1]) for row in found]


async def test_what_is_booked_is_today_or_later_and_in_its_window(settled: Settled) -> None:
    for appointment, promise in await _booked(settled):
        assert appointment.starts_at.date() >= NOW.date()
        assert promise.earliest_on <= appointment.starts_at.date() <= promise.latest_on


async def test_today_has_a_few_appointments_and_the_days_to_come_too(settled: Settled) -> None:
    days = [appointment.wall_time[:10] for appointment, _ in await _booked(settled)]
    today = NOW.date().isoformat()
    assert 1 <= days.count(today) <= MOST_TODAY
    assert any(day > today for day in days)


async def test_marcel_or_ahmed_is_expected_today(settled: Settled) -> None:
    today = NOW.date().isoformat()
    expected = {promise.patient_id for appointment, promise in await _booked(settled) if appointment.wall_time > today}
    async with settled.database.reading() as tx:
        rows = await store.patients(tx, expected)
        names = {(await settled.people.opened(tx, row)).traits.birth_name for row in rows}
    assert {"Quéré", "Belkacem"} & names


async def test_odettes_follow_up_is_left_to_be_booked(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        rows = await store.patients(tx, {promise.patient_id for _, promise in await _booked(settled)})
        names = {(await settled.people.opened(tx, row)).traits.used_name for row in rows}
    assert "Lavergne" not in names
