"""A cabin knows the follow-up of who sits in it, without its reason, and nobody else's."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from server.encounters.service import Beginning
from server.kernel.access import Role
from server.kernel.errors import NotAllowed, NotFound
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.cabin_view import CabinFollowUp, CabinView
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic


@pytest.fixture
def view(clinic: Clinic) -> CabinView:
    return CabinView(clinic.database, clinic.clock)


async def test_an_empty_cabin_knows_of_no_follow_up(clinic: Clinic, view: CabinView) -> None:
    await clinic.promised()
    assert await view.follow_up(clinic.village.cabin) is None


async def test_who_sits_here_sees_what_is_due_and_books_it(clinic: Clinic, view: CabinView) -> None:
    patient = await clinic.village.patient()
    promise = await clinic.promised(patient=patient)
    await clinic.village.intake.arrive(clinic.village.cabin, Beginning(patient))
    follow_up = await view.follow_up(clinic.village.cabin)
    assert follow_up is not None
    assert (follow_up.promise_id, follow_up.is_open, follow_up.moment) == (promise, True, None)
    await clinic.follow_ups.book(clinic.village.cabin, promise, clinic.choice(), "key-0001")
    booked = await view.follow_up(clinic.village.cabin)
    assert booked is not None
    assert booked.status is PromiseStatus.BOOKED
    assert booked.moment is not None
    assert booked.moment.starts_at == NEXT_MONDAY
    assert booked.moment.health_worker is not None


async def test_a_stranger_in_the_cabin_sees_and_books_nothing_of_it(clinic: Clinic, view: CabinView) -> None:
    promise = await clinic.promised()
    await clinic.village.intake.arrive(clinic.village.cabin, Beginning(await clinic.village.patient("Yvon")))
    assert await view.follow_up(clinic.village.cabin) is None
    with pytest.raises(NotFound):
        await clinic.follow_ups.book(clinic.village.cabin, promise, clinic.choice(), "key-0001")


async def test_the_reason_never_reaches_the_screen() -> None:
    assert "reason" not in {field.name for field in fields(CabinFollowUp)}


async def test_a_coordinator_may_not_look(clinic: Clinic, view: CabinView) -> None:
    watcher = replace(clinic.village.cabin, role=Role.COORDINATOR)
    with pytest.raises(NotAllowed):
        await view.follow_up(watcher)
