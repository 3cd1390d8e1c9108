"""Somebody telephones that they come late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.audit.rules import Action
from server.kernel.errors import Conflict
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes


async def test_who_says_so_is_waited_for_and_the_doctor_sees_it_until_it_is_taken_back(clinic: Clinic) -> None:
    booked = await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    with pytest.raises(Conflict):
        await clinic.follow_ups.say_late(clinic.nurse, booked, 1, 20)  # a week before
    clinic.clock.set(in_minutes(5))
    version = await clinic.follow_ups.say_late(clinic.nurse, booked, 1, 20)
    (line,) = await clinic.follow_ups.upcoming(clinic.village.gp)
    assert line.late_min == 20
    assert "queue" in clinic.village.exchange.nudged
    clinic.clock.set(NEXT_MONDAY + timedelta(minutes=19))
    with pytest.raises(Conflict) as early:
        await clinic.follow_ups.miss(clinic.nurse, booked, version)
    assert early.value.code == "too-early"
    with pytest.raises(Conflict):
        await clinic.follow_ups.say_late(clinic.nurse, booked, 1, None)  # somebody else was faster
    version = await clinic.follow_ups.say_late(clinic.nurse, booked, version, None)
    (line,) = await clinic.follow_ups.day_sheet(clinic.nurse, NEXT_MONDAY.date())
    assert line.late_min is None
    await clinic.follow_ups.miss(clinic.nurse, booked, version)
    assert await clinic.village.logged(Action.APPOINTMENT_LATE) == 2


async def test_who_is_moved_is_not_late_any_more(clinic: Clinic) -> None:
    booked = await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    clinic.clock.set(in_minutes(-60))
    version = await clinic.follow_ups.say_late(clinic.nurse, booked, 1, 10)
    await clinic.follow_ups.move(clinic.nurse, booked, version, clinic.choice(in_minutes(60)))
    (line,) = await clinic.follow_ups.upcoming(clinic.village.gp)
    assert line.late_min is None
