"""Every way to free a moment notes it in its own transaction; one that is too near is not noted."""

from __future__ import annotations

from datetime import timedelta

from server.scheduler.promises.rules import WithdrawReason
from server.scheduler.promises.service import Promises
from server.scheduler.service.views import CancelReason
from server.scheduler.waiting.tables import FreedMoment
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes
from tests.server.scheduler.waiting.listing import LATER, listing


async def test_moving_cancelling_and_withdrawing_note_what_they_free(clinic: Clinic) -> None:
    one, nurse = listing(clinic), clinic.nurse
    promise, appointment = await one.booked(clinic.choice())
    version = await clinic.follow_ups.move(nurse, appointment, 1, clinic.choice(in_minutes(60)))
    assert await clinic.count(FreedMoment) == 1
    await clinic.follow_ups.cancel(nurse, appointment, version, CancelReason.PATIENT)
    assert await clinic.count(FreedMoment) == 2
    other, _ = await one.booked(clinic.choice(LATER))
    promises = Promises(clinic.database, clinic.clock, clinic.village.exchange)
    await promises.withdraw(nurse, other, WithdrawReason.SEEN_ELSEWHERE)
    assert await clinic.count(FreedMoment) == 3
    held = await clinic.follow_ups.hold(nurse, promise, clinic.choice())
    await clinic.follow_ups.let_go(nurse, held.id, held.version)
    assert await clinic.count(FreedMoment) == 3


async def test_what_is_freed_an_hour_before_is_offered_to_nobody(clinic: Clinic) -> None:
    one = listing(clinic)
    _, appointment = await one.booked(clinic.choice())
    clinic.clock.set(NEXT_MONDAY - timedelta(hours=1))
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)
    assert await clinic.count(FreedMoment) == 0
