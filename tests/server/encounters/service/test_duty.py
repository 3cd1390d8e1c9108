"""« Je suis là », on both databases."""

from __future__ import annotations

import asyncio

import pytest

from server.kernel.errors import NotAllowed
from tests.server.encounters.village import Village


async def _doctors_seen(village: Village) -> tuple[list[str], tuple[int, int] | None]:
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    return [doctor.name for doctor in seen.doctors], seen.minutes


async def test_the_cabin_sees_who_is_there_and_promises_no_wait_without_a_doctor(village: Village) -> None:
    await village.waiting()
    assert await _doctors_seen(village) == ([], None)
    await village.duty.here(village.gp)
    assert await _doctors_seen(village) == ([village.gp.name], (0, 5))
    await village.duty.away(village.gp)
    assert await _doctors_seen(village) == ([], None)


async def test_a_desk_not_seen_for_ten_minutes_does_not_count(village: Village) -> None:
    await village.waiting()
    began = await village.duty.here(village.gp)
    village.clock.advance(minutes=9)
    assert (await village.duty.here(village.gp)).since == began.since
    village.clock.advance(minutes=9)
    assert await village.duty.current(village.gp) == began
    village.clock.advance(minutes=1)
    assert await village.duty.current(village.gp) is None
    assert await _doctors_seen(village) == ([], None)
    assert (await village.duty.here(village.gp)).since == village.clock()


async def test_two_tabs_that_say_it_at_once_are_one_duty(village: Village) -> None:
    said = await asyncio.gather(*(village.duty.here(village.gp) for _ in range(5)))
    assert len({duty.since for duty in said}) == 1


async def test_pages_hear_when_duty_begins_and_not_at_every_word(village: Village) -> None:
    await village.waiting()
    village.exchange.nudged.clear()
    await village.duty.here(village.gp)
    await village.duty.here(village.gp)
    assert village.exchange.nudged == ["queue", f"cabin:{village.cabin.cabin_id}"]


async def test_only_a_doctor_has_duty(village: Village) -> None:
    for who in (village.cabin, village.nurse):
        with pytest.raises(NotAllowed):
            await village.duty.here(who)
