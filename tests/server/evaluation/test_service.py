"""Keeping and counting smileys, on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from server.audit.rules import Action
from server.database.engine import Database
from server.evaluation.service import Feedback
from server.kernel.access import Identity, Role
from server.kernel.errors import NotAllowed
from server.kernel.ids import AccountId, EncounterId, new_id
from tests.clock import FakeClock
from tests.server.encounters.village import Village, settle

MAYOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "Mairie")


@pytest_asyncio.fixture(loop_scope="session")
async def village(database: Database, clock: FakeClock, tmp_path: Path) -> Village:
    return await settle(database, clock, tmp_path)


async def _keep(village: Village, encounter_id: EncounterId, face: int, who: Identity | None = None) -> None:
    feedback = Feedback(village.database, village.clock)
    async with village.database.transaction() as tx:
        assert village.cabin.cabin_id is not None
        await feedback.keep(tx, who or village.cabin, encounter_id, village.cabin.cabin_id, face)


async def test_five_smileys_are_counted_and_older_ones_are_not(village: Village) -> None:
    feedback, since = Feedback(village.database, village.clock), village.clock()
    for face in (3, 3, 2, 1):
        await village.finished()
        await village.intake.goodbye(village.cabin, face)
    assert not (await feedback.satisfaction(MAYOR, since)).shown
    village.clock.advance(minutes=1)
    await village.finished()
    await village.intake.goodbye(village.cabin, 3)
    seen = await feedback.satisfaction(MAYOR, since, village.cabin.cabin_id)
    assert (seen.answers, seen.counts) == (5, {1: 1, 2: 1, 3: 3})
    assert not (await feedback.satisfaction(MAYOR, since + timedelta(seconds=1))).shown
    assert not (await feedback.satisfaction(MAYOR, since, village.other_cabin.cabin_id)).shown


async def test_the_first_answer_of_a_visit_counts(village: Village) -> None:
    encounter_id = await village.finished()
    await _keep(village, encounter_id, 3)
    await _keep(village, encounter_id, 1)
    assert await village.logged(Action.FEEDBACK_GIVEN) == 1


async def test_who_may_say_and_who_may_count_are_not_the_same(village: Village) -> None:
    feedback = Feedback(village.database, village.clock)
    with pytest.raises(NotAllowed):
        await feedback.satisfaction(village.cabin, village.clock())
    encounter_id = await village.finished()
    with pytest.raises(NotAllowed):
        await _keep(village, encounter_id, 3, village.gp)
