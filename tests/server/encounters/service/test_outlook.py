"""What the door of the cabin says: who is there and how long it takes, and nothing of who waits."""

from __future__ import annotations

import pytest

from server.encounters.service.outlook import Outlooks
from server.kernel.errors import NotAllowed
from tests.server.encounters.village import Village


async def test_a_newcomer_sees_the_doctors_and_a_wait_behind_all_who_wait(village: Village) -> None:
    outlooks = Outlooks(village.ground)
    closed = await outlooks.now(village.cabin)
    assert (closed.doctors, closed.minutes) == ((), None)
    await village.duty.here(village.gp)
    assert (await outlooks.now(village.cabin)).minutes == (0, 5)
    await village.waiting()
    seen = await outlooks.now(village.other_cabin)
    assert [doctor.name for doctor in seen.doctors] == [village.gp.name]
    assert seen.minutes == (0, 10)


async def test_only_a_cabin_has_a_door(village: Village) -> None:
    with pytest.raises(NotAllowed):
        await Outlooks(village.ground).now(village.gp)
