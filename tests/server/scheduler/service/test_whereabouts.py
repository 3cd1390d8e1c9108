"""A doctor who comes to the village is found there, and otherwise at their own place: on every page and message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from server.kernel.ids import SiteId, new_id
from server.people.tables import SiteRow
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.availability.feeds import Feeds
from server.scheduler.availability.rules import Once, Plan, Weekly
from server.scheduler.availability.service import Availability
from server.scheduler.reminders.rules import Channel
from server.scheduler.rules.openings import ExceptionKind
from server.scheduler.service.office_view import OfficeView
from server.scheduler.service.views import Choice
from server.scheduler.service.whereabouts import in_the_village
from server.scheduler.tables import Appointment
from tests.server.scheduler.availability.test_availability_service import MAYOR, SPAN
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic
from tests.server.scheduler.reminders.providers import sms_gateway
from tests.server.scheduler.reminders.test_sending import desk, sender

IN_PERSON = FollowUpWish(7, Modality.IN_PERSON)
HALL = "Salle polyvalente, Trébrivan"
MONDAY, TUESDAY, EIGHT, NOON = 0, 1, 8 * 60, 12 * 60
KEY = "une-cle-de-test"


async def _comes(clinic: Clinic, *weekly: Weekly, once: tuple[Once, ...] = ()) -> str:
    """Give the doctor these hours, and the village a name; return the doctor's own place."""
    doctor = clinic.village.gp.practitioner_id
    assert doctor is not None
    async with clinic.database.transaction() as tx:
        named = {"name": "Salle polyvalente", "commune": "Trébrivan"}
        await tx.execute(update(SiteRow).where(SiteRow.id == clinic.village.site).values(**named))
    hours = Availability(clinic.database, clinic.clock, clinic.village.exchange)
    await hours.save(MAYOR, doctor, Plan(weekly, once), (await hours.sheet(MAYOR, doctor, SPAN)).seen)
    promise = await clinic.promised(IN_PERSON)
    found = (await clinic.follow_ups.proposals(clinic.nurse, promise)).asked_by
    return found.place


def _in_person(weekday: int, site: SiteId | None = None) -> Weekly:
    return Weekly(weekday, EIGHT, NOON, Modality.IN_PERSON, site_id=site)


async def test_the_place_is_where_the_doctor_is_that_day(clinic: Clinic) -> None:
    own = await _comes(clinic, _in_person(MONDAY, clinic.village.site), _in_person(TUESDAY))
    promise = await clinic.promised(IN_PERSON)
    found = (await clinic.follow_ups.proposals(clinic.nurse, promise)).choices
    shown = [one for one in found if one.practitioner.id == clinic.village.gp.practitioner_id]
    assert {one.on.weekday(): one.practitioner.place for one in shown} == {MONDAY: HALL, TUESDAY: own}
    office = OfficeView(clinic.database, clinic.village.people, clinic.vault, clinic.clock)
    for day, place in ((0, HALL), (1, own)):
        at = next(one.choice for one in shown if one.on.weekday() == day)
        booked = await clinic.follow_ups.reserve(clinic.nurse, await clinic.promised(IN_PERSON), at, f"{KEY}-{day}")
        assert (await office.appointment(clinic.nurse, booked)).practitioner.place == place
    doctor = clinic.village.gp.practitioner_id
    assert doctor is not None
    hours = Availability(clinic.database, clinic.clock, clinic.village.exchange)
    feeds = Feeds(clinic.database, hours, clinic.clock)
    written = (await feeds.read(await feeds.make(MAYOR, doctor))).decode().replace("\\,", ",")
    assert [line.removeprefix("LOCATION:") for line in written.splitlines() if "LOCATION" in line] == [HALL, own]


@pytest.mark.parametrize("comes", [True, False])
async def test_a_reminder_sends_people_to_where_the_doctor_is(clinic: Clinic, comes: bool) -> None:
    own = await _comes(clinic, _in_person(MONDAY, clinic.village.site if comes else None))
    doctor = clinic.village.gp.practitioner_id
    assert doctor is not None
    promise = await clinic.promised(IN_PERSON)
    patient = (await clinic.stored(promise)).patient_id
    await desk(clinic).choose(clinic.nurse, patient, (Channel.SMS,), "06 12 34 56 78", "", "fr")
    await clinic.follow_ups.reserve(clinic.nurse, promise, Choice(NEXT_MONDAY, doctor), KEY)
    async with sms_gateway() as gateway:
        one = sender(clinic, sms_url=gateway.url)
        assert await one.plan() > 0
        clinic.clock.set(NEXT_MONDAY - timedelta(days=2) + timedelta(hours=3))  # Saturday at noon
        assert await one.send_batch() == 1
        for way in set(one._carriers.values()):
            await way.close()
    (sent,) = gateway.effects.values()
    assert (HALL in sent["text"], own in sent["text"]) == (comes, not comes)


async def test_a_stop_counts_and_being_elsewhere_or_before_a_screen_does_not(clinic: Clinic) -> None:
    village, elsewhere = clinic.village.site, SiteId(new_id())
    stop = Once(ExceptionKind.OPEN, NEXT_MONDAY, NEXT_MONDAY + timedelta(hours=1), Modality.IN_PERSON, site_id=village)
    await _comes(clinic, _in_person(TUESDAY, village), once=(stop,))
    doctor = clinic.village.gp.practitioner_id

    def moment(days: int, minutes: int, modality: Modality = Modality.IN_PERSON, site: SiteId = village) -> Appointment:
        starts = NEXT_MONDAY + timedelta(days=days, minutes=minutes)
        ends = starts + timedelta(minutes=15)
        return Appointment(practitioner_id=doctor, site_id=site, modality=modality, starts_at=starts, ends_at=ends)

    asked = {
        moment(0, 0): True,
        moment(0, 45): True,
        moment(0, 50): False,  # the last minutes are no longer at the stop
        moment(1, 0): True,
        moment(2, 0): False,
        moment(1, 0, Modality.REMOTE): False,
        moment(1, 0, site=elsewhere): False,
    }
    async with clinic.database.reading() as tx:
        for row, there in asked.items():
            assert (row.starts_at, bool(await in_the_village(tx, [row]))) == (row.starts_at, there)
        assert await in_the_village(tx, []) == frozenset()
