"""Secret calendar addresses, on both databases: read without names, taken back, slowed, hashed."""

from __future__ import annotations

import hashlib

import pytest
import vobject
from sqlalchemy import select

from server.audit.rules import Action
from server.kernel.errors import NotAllowed, NotFound, TooMany
from server.scheduler.availability.feeds import Feeds
from server.scheduler.availability.tables import CalendarFeed
from server.scheduler.service.views import CancelReason
from tests.server.scheduler.availability.test_availability_service import MAYOR, _hours
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic


async def test_a_calendar_shows_appointments_without_names_and_a_cancelled_one_as_cancelled(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    feeds = Feeds(clinic.database, hours, clinic.clock)
    token = await feeds.make(MAYOR, gp)
    assert vobject.readOne((await feeds.read(token)).decode()).contents.get("vevent") is None
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "une-cle-de-test")
    text = (await feeds.read(token)).decode()
    (event,) = vobject.readOne(text).vevent_list
    assert (event.dtstart.value, event.status.value) == (NEXT_MONDAY, "CONFIRMED")
    assert event.summary.value.startswith("Téléconsultation – ")
    for word in ("Lavergne", "Odette", "tension"):
        assert word not in text
    await clinic.follow_ups.cancel(clinic.nurse, booked, 1, CancelReason.PATIENT)
    (event,) = vobject.readOne((await feeds.read(token)).decode()).vevent_list
    assert (event.status.value, int(event.sequence.value)) == ("CANCELLED", 2)


async def test_an_address_is_kept_as_a_hash_logged_and_dead_once_taken_back(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    feeds = Feeds(clinic.database, hours, clinic.clock)
    token = await feeds.make(MAYOR, gp)
    async with clinic.database.reading() as tx:
        assert list(await tx.scalars(select(CalendarFeed.token_hash))) == [hashlib.sha256(token.encode()).digest()]
    (feed,) = await feeds.of(MAYOR, gp)
    await feeds.revoke(MAYOR, gp, feed.id)
    await feeds.revoke(MAYOR, gp, feed.id)
    assert await feeds.of(MAYOR, gp) == []
    for secret in (token, "autre", ""):
        with pytest.raises(NotFound):
            await feeds.read(secret)
    assert await clinic.village.logged(Action.FEED_MADE) == 1
    assert await clinic.village.logged(Action.FEED_REVOKED) == 1
    with pytest.raises(NotFound):
        await feeds.make(clinic.nurse, gp)
    with pytest.raises(NotAllowed):
        await feeds.make(clinic.village.cabin, gp)


async def test_a_doctor_makes_and_takes_back_their_own_address_and_nobody_elses(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    feeds = Feeds(clinic.database, hours, clinic.clock)
    nurse = clinic.nurse.health_worker_id
    assert nurse is not None
    await feeds.make(clinic.village.gp, gp)
    await feeds.make(clinic.nurse, nurse)
    (mine,), (hers,) = await feeds.of(clinic.village.gp, gp), await feeds.of(clinic.nurse, nurse)
    await feeds.revoke(clinic.village.gp, gp, hers.id)
    assert await feeds.of(clinic.nurse, nurse) == [hers]
    await feeds.revoke(clinic.village.gp, gp, mine.id)
    assert await feeds.of(clinic.village.gp, gp) == []


async def test_a_program_that_asks_all_the_time_is_slowed(clinic: Clinic) -> None:
    hours, gp = _hours(clinic)
    feeds = Feeds(clinic.database, hours, clinic.clock)
    token = await feeds.make(MAYOR, gp)
    for _ in range(12):
        await feeds.read(token)
    with pytest.raises(TooMany):
        await feeds.read(token)
