"""What a site reads of its follow-ups, one by one; another site reads nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.audit.rules import Action
from server.kernel.errors import NotAllowed, NotFound
from server.kernel.ids import SiteId, new_id
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.office_view import OfficeView, ToBook
from tests.server.scheduler.clinic import IN_A_WEEK, NEXT_MONDAY, Clinic


def _view(clinic: Clinic) -> OfficeView:
    return OfficeView(clinic.database, clinic.village.people, clinic.vault, clinic.clock)


async def test_counting_what_is_to_book_opens_nothing(clinic: Clinic) -> None:
    await clinic.promised()
    assert await _view(clinic).to_book(clinic.nurse) == ToBook(1, 0)
    assert await clinic.village.logged(Action.PROMISE_READ) == 0
    clinic.village.clock.advance(timedelta(days=30))
    assert await _view(clinic).to_book(clinic.nurse) == ToBook(1, 1)


async def test_a_booked_promise_and_its_appointment_can_still_be_looked_at(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    view = _view(clinic)
    line = await view.promise(clinic.nurse, promise)
    assert (line.status, line.reason) == (PromiseStatus.BOOKED, IN_A_WEEK.why)
    appointment = await view.appointment(clinic.nurse, booked)
    assert (appointment.starts_at, appointment.promise_id) == (NEXT_MONDAY, promise)
    plan = await view.plan(clinic.nurse, line.patient_id)
    assert (plan.promises, [one.id for one in plan.appointments]) == ((), [booked])


async def test_another_site_and_other_roles_read_nothing(clinic: Clinic) -> None:
    promise = await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    view = _view(clinic)
    patient = (await view.promise(clinic.nurse, promise)).patient_id
    stranger = replace(clinic.nurse, site_id=SiteId(new_id()))
    for reading in (view.promise(stranger, promise), view.appointment(stranger, booked), view.plan(stranger, patient)):
        with pytest.raises(NotFound):
            await reading
    for refused in (view.to_book(clinic.village.gp), view.plan(clinic.village.gp, patient)):
        with pytest.raises(NotAllowed):
            await refused
