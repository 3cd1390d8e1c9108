"""An instrument is held with the people who use it; a visit at home holds the road there and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.people import store as people
from server.people.founding.rules import InstrumentKind
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.reminders.sending import meeting_of
from server.scheduler.rules.search import WhyEmpty
from server.scheduler.rules.units import unit_of
from server.scheduler.service.views import CancelReason, SlotTaken
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, an_ecg, in_minutes

WITH_ECG = FollowUpWish(7, Modality.REMOTE, why="Palpitations", instrument=InstrumentKind.ECG)
AT_HOME = FollowUpWish(7, Modality.HOME, why="Ne sort plus")


async def test_an_instrument_is_found_held_once_shown_and_freed(clinic: Clinic) -> None:
    ecg, nurse = await an_ecg(clinic), clinic.nurse
    first, then = await clinic.promised(WITH_ECG), await clinic.promised(WITH_ECG)
    shown = (await clinic.follow_ups.proposals(nurse, first)).choices[0]
    assert shown.starts_at == NEXT_MONDAY
    assert shown.instrument is not None
    assert shown.choice.instrument_id == ecg
    booked = await clinic.follow_ups.book(nurse, first, shown.choice, "key-0001")
    assert await clinic.count(BusyUnit) == 4 + 4 + 5 + 4
    village = clinic.village
    elsewhere = clinic.choice(
        practitioner_id=village.other_gp.practitioner_id,
        cabin_id=village.other_cabin.cabin_id,
        health_worker_id=None,
        instrument_id=ecg,
    )
    with pytest.raises(SlotTaken) as taken:
        await clinic.follow_ups.book(nurse, then, elsewhere, "key-0002")
    assert taken.value.proposals.choices[0].starts_at == in_minutes(30)
    line = (await clinic.follow_ups.day_sheet(nurse, NEXT_MONDAY.date()))[0]
    assert line.instrument is not None
    assert line.instrument.name == "ECG de la mairie"
    await clinic.follow_ups.cancel(nurse, booked, 1, CancelReason.OTHER)
    await clinic.follow_ups.book(nurse, then, elsewhere, "key-0003")


async def test_an_empty_search_says_that_the_instrument_lacks_and_nobody_books_without_it(clinic: Clinic) -> None:
    await an_ecg(clinic, in_service=False)
    promise = await clinic.promised(WITH_ECG)
    assert (await clinic.follow_ups.proposals(clinic.nurse, promise)).why_empty is WhyEmpty.NO_INSTRUMENT
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(health_worker_id=None), "key-0001")


async def test_a_visit_at_home_takes_no_cabin_and_keeps_the_road_free(clinic: Clinic) -> None:
    nurse = clinic.nurse
    promise, beside = await clinic.promised(AT_HOME), await clinic.promised()
    found = (await clinic.follow_ups.proposals(nurse, promise)).choices[0]
    assert (found.cabin, found.starts_at) == (None, in_minutes(15))  # the nurse leaves at nine
    assert found.health_worker is not None
    appointment = await clinic.follow_ups.book(nurse, promise, found.choice, "key-0001")
    async with clinic.database.reading() as tx:
        mine = select(BusyUnit.unit).where(BusyUnit.resource_id == clinic.resources[found.health_worker.id])
        units = sorted(await tx.scalars(mine))
        row = await store.appointment(tx, appointment)
        site, doctor = await people.site(tx, row.site_id), await people.practitioner(tx, row.practitioner_id)
    assert units == list(range(unit_of(NEXT_MONDAY), unit_of(NEXT_MONDAY) + 10))
    assert meeting_of(row, site, doctor).place == ""
    other = (await clinic.follow_ups.proposals(nurse, beside)).choices[0]
    assert other.starts_at == NEXT_MONDAY + timedelta(hours=1)  # the nurse is back at ten to ten
