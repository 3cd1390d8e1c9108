"""A freed moment goes to one person after the other, is never lost, and never asked of two at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from server.kernel.errors import Conflict
from server.scheduler.reminders.rules import Channel, Occasion
from server.scheduler.reminders.service import Reminders
from server.scheduler.reminders.tables import Reminder
from server.scheduler.service.views import CancelReason
from server.scheduler.waiting.rules import OfferStatus
from server.scheduler.waiting.tables import FreedMoment
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic
from tests.server.scheduler.waiting.listing import HOUR, LATER, MONTH, Listing, listing


async def freed(one: Listing) -> None:
    """Monday at nine was somebody's, and is free now."""
    clinic = one.clinic
    _, appointment = await one.booked(clinic.choice())
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)


async def test_a_freed_moment_is_asked_of_one_and_then_of_the_next(clinic: Clinic) -> None:
    one = listing(clinic)
    first, _ = await one.on_the_list()
    second, _ = await one.on_the_list()
    await freed(one)
    assert await one.offering.work() == 1
    assert await one.offering.work() == 0
    asked = await one.asked()
    assert asked is not None
    assert asked.offered is not None
    assert (asked.promise.id, asked.offered.starts_at) == (first, NEXT_MONDAY)
    assert asked.until == clinic.clock() + timedelta(hours=24)
    assert asked.offer_id is not None
    await one.waiting.answer(clinic.nurse, asked.offer_id, yes=False)
    await one.offering.work()
    then = await one.asked()
    assert then is not None
    assert then.promise.id == second
    clinic.clock.advance(hours=25)
    await one.offering.work()
    assert await one.asked() is None
    assert [offer.status for offer in await one.offers()] == [OfferStatus.DECLINED, OfferStatus.EXPIRED]
    await one.booked(clinic.choice())  # nobody keeps it from others


async def test_who_says_yes_keeps_one_appointment_and_the_later_one_is_offered_in_turn(clinic: Clinic) -> None:
    one = listing(clinic)
    mover, _ = await one.on_the_list(choice=clinic.choice(LATER))
    other, _ = await one.on_the_list()
    await freed(one)
    await one.offering.work()
    asked = await one.asked()
    assert asked is not None
    assert asked.offer_id is not None
    assert asked.promise.id == mover  # both are due the same week: who waits longest comes first
    assert await one.waiting.answer(clinic.nurse, asked.offer_id, yes=True) is not None
    (kept,) = await one.standing(mover)
    assert kept.starts_at == NEXT_MONDAY
    with pytest.raises(Conflict):
        await one.waiting.answer(clinic.nurse, asked.offer_id, yes=True)
    assert await one.offering.work() == 1
    then = await one.asked()
    assert then is not None
    assert then.offered is not None
    assert (then.promise.id, then.offered.starts_at) == (other, LATER)


async def test_many_servers_at_once_ask_one_person(clinic: Clinic) -> None:
    one = listing(clinic)
    for _ in range(3):
        await one.on_the_list()
    await freed(one)
    made = await asyncio.gather(*(listing(clinic).offering.work() for _ in range(6)))
    assert sum(made) == 1
    assert len(await one.offers()) == 1
    assert await one.asked() is not None


async def test_a_server_that_dies_between_freeing_and_offering_loses_nothing(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = listing(clinic)
    await one.on_the_list()
    await freed(one)

    async def dies(*_said: object) -> int:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(one.offering._telling, "tell", dies)
        with pytest.raises(SystemError):
            await one.offering.work()
    assert await one.offers() == []
    assert await clinic.count(FreedMoment) == 1
    assert await listing(clinic).offering.work() == 1


async def test_an_answer_near_the_moment_has_less_time_and_none_is_asked_too_late(clinic: Clinic) -> None:
    one = listing(clinic)
    await one.on_the_list()
    _, appointment = await one.booked(clinic.choice())
    clinic.clock.set(NEXT_MONDAY - timedelta(days=3, hours=-4))
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)
    await one.offering.work()
    asked = await one.asked()
    assert asked is not None
    assert asked.until is not None
    assert asked.until - clinic.clock() == (NEXT_MONDAY - clinic.clock()) / 4
    clinic.clock.set(NEXT_MONDAY - HOUR)
    await one.offering.work()
    assert await one.asked() is None
    assert len(await one.offers()) == 1


async def test_nobody_is_asked_at_night_for_what_can_wait(clinic: Clinic) -> None:
    one = listing(clinic)
    await one.on_the_list()
    clinic.clock.set(clinic.clock().replace(hour=21))
    await freed(one)
    assert await one.offering.work() == 0
    clinic.clock.advance(hours=11)
    assert await one.offering.work() == 1


async def test_the_offer_goes_out_by_the_persons_own_channel(clinic: Clinic) -> None:
    one = listing(clinic)
    promise, _ = await one.on_the_list()
    patient = (await clinic.stored(promise)).patient_id
    reminders = Reminders(
        clinic.database, clinic.village.people, clinic.vault, clinic.clock, clinic.village.exchange, [Channel.SMS]
    )
    wanted = [Channel.SMS, Channel.CARD]
    await reminders.choose(clinic.nurse, patient, wanted, "06 12 34 56 78", "", "fr")
    await freed(one)
    await one.offering.work()
    (offer,) = await one.offers()
    (line,) = await reminders.of_appointment(clinic.nurse, offer.hold_id)
    assert (line.channel, line.occasion) == (Channel.SMS, Occasion.OFFER)
    assert await clinic.count(Reminder) == 1


async def test_who_gave_a_moment_up_is_not_asked_for_it_and_nobody_twice(clinic: Clinic) -> None:
    one = listing(clinic)
    promise, appointment = await one.booked(clinic.choice())
    await one.waiting.add(clinic.nurse, promise, MONTH)
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)
    assert await one.offering.work() == 0
    assert await one.offers() == []


async def test_a_moment_that_a_doctor_opens_is_found_without_being_freed(clinic: Clinic) -> None:
    one = listing(clinic)
    promise, _ = await one.on_the_list(choice=clinic.choice(LATER))
    assert await one.offering.look() == 1
    assert await one.offering.look() == 0
    await one.offering.work()
    asked = await one.asked()
    assert asked is not None
    assert asked.promise.id == promise
