"""What the cabin's screen shows: the place in line, an honest wait, and the doctor before the picture."""

from __future__ import annotations

from server.encounters.rules import RedFlag, Step
from tests.server.encounters.village import NO_FLAGS, Village


async def test_an_urgent_visit_goes_first_and_the_others_see_it(village: Village) -> None:
    await village.duty.here(village.gp)
    await village.waiting()
    village.clock.advance(minutes=1)
    await village.waiting(village.other_cabin, flags={**NO_FLAGS, RedFlag.STROKE: True})
    first, second = await village.intake.current(village.other_cabin), await village.intake.current(village.cabin)
    assert first is not None
    assert second is not None
    assert (first.place, second.place) == (1, 2)
    assert first.minutes == (0, 5)
    assert second.minutes == (0, 10)


async def test_the_wait_learns_from_the_visits_of_this_clinic(village: Village) -> None:
    for _ in range(5):
        encounter_id = await village.waiting()
        await village.queue.claim(village.gp, encounter_id)
        village.clock.advance(minutes=40)
        await village.calls.hang_up(village.gp, encounter_id)
        async with village.database.transaction() as tx:
            await village.endings.finish(village.gp, tx, encounter_id)
        await village.intake.goodbye(village.cabin)
    await village.duty.here(village.gp)
    await village.waiting()
    village.clock.advance(minutes=1)
    await village.waiting(village.other_cabin)
    seen = await village.intake.current(village.other_cabin)
    assert seen is not None
    assert seen.minutes == (10, 30)


async def test_the_doctor_is_named_before_the_picture(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id)
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert seen.doctor is not None
    assert (seen.step, seen.doctor.name, seen.doctor.place) == (Step.CALL, village.gp.name, "Saint-Elme")
    assert len(seen.doctor.rpps) == 11
    assert (seen.place, seen.minutes) == (None, None)
