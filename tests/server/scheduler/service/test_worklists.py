"""Who sees which follow-ups, and what the log says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from server.audit.rules import Action
from server.kernel.errors import NotAllowed, NotFound
from server.kernel.ids import SiteId, new_id
from tests.server.scheduler.clinic import IN_A_WEEK, NEXT_MONDAY, Clinic, in_minutes

MONDAY = date(2026, 3, 9)


async def test_a_site_and_the_doctor_who_asked_see_what_is_due_and_why(clinic: Clinic) -> None:
    promise = await clinic.promised()
    for who in (clinic.nurse, clinic.village.gp):
        (line,) = await clinic.follow_ups.due(who)
        assert (line.id, line.reason, line.is_late) == (promise, IN_A_WEEK.why, False)
        assert line.patient_name.startswith("Odette Lavergne")
    assert await clinic.follow_ups.due(clinic.village.other_gp) == []
    assert await clinic.village.logged(Action.PROMISE_READ) == 2


async def test_another_site_sees_nothing_of_it(clinic: Clinic) -> None:
    promise = await clinic.promised()
    stranger = replace(clinic.nurse, site_id=SiteId(new_id()))
    assert await clinic.follow_ups.due(stranger) == []
    with pytest.raises(NotFound):
        await clinic.follow_ups.proposals(stranger, promise)


async def test_a_reason_lies_sealed_in_the_database(clinic: Clinic) -> None:
    row = await clinic.stored(await clinic.promised())
    assert IN_A_WEEK.why.encode() not in row.sealed_reason


async def test_the_day_sheet_says_who_comes_when_and_where_in_order(clinic: Clinic) -> None:
    for minutes in (60, 0):
        wanted = clinic.choice(in_minutes(minutes))
        await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), wanted, f"key-{minutes:04d}")
    lines = await clinic.follow_ups.day_sheet(clinic.nurse, MONDAY)
    assert [line.wall_time[11:] for line in lines] == ["09:00", "10:00"]
    assert lines[0].cabin
    assert lines[0].cabin.name == "Cabine de la mairie"
    assert lines[0].reason == IN_A_WEEK.why
    assert await clinic.follow_ups.day_sheet(clinic.nurse, MONDAY + timedelta(days=1)) == []
    assert await clinic.village.logged(Action.DAY_SHEET_READ) == 2
    with pytest.raises(NotAllowed):
        await clinic.follow_ups.day_sheet(clinic.village.gp, MONDAY)


async def test_a_doctor_sees_their_own_next_patients(clinic: Clinic) -> None:
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    assert [line.starts_at for line in await clinic.follow_ups.upcoming(clinic.village.gp)] == [NEXT_MONDAY]
    assert await clinic.follow_ups.upcoming(clinic.village.other_gp) == []


async def test_a_cabin_knows_of_no_appointment_of_somebody_who_has_none(clinic: Clinic) -> None:
    await clinic.village.waiting()
    assert await clinic.follow_ups.for_cabin(clinic.village.cabin) is None
    assert await clinic.follow_ups.of_visit(clinic.village.cabin) is None
