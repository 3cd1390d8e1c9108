"""The last move of a visit, on both databases."""

from __future__ import annotations

import pytest

from server.audit.rules import Action
from server.encounters.rules import EncounterStatus, WrongMove
from server.kernel.errors import Conflict, NotAllowed, NotFound
from tests.server.encounters.village import Village

S = EncounterStatus


async def test_signing_finishes_the_visit_and_frees_the_doctor(village: Village) -> None:
    encounter_id = await village.ended()
    async with village.database.transaction() as tx:
        visit = await village.endings.finish(village.gp, tx, encounter_id)
    assert (visit.status, visit.finished_at) == (S.FINISHED, village.clock())
    assert await village.queue.desk_visit(village.gp) is None
    assert await village.logged(Action.ENCOUNTER_FINISHED) == 1
    await village.queue.claim(village.gp, await village.waiting(village.other_cabin))


async def test_a_visit_is_not_finished_during_the_call_nor_twice(village: Village) -> None:
    encounter_id = await village.in_call()
    with pytest.raises(Conflict) as refused:
        async with village.database.transaction() as tx:
            await village.endings.finish(village.gp, tx, encounter_id)
    assert refused.value.code == "call-running"
    await village.calls.hang_up(village.gp, encounter_id)
    async with village.database.transaction() as tx:
        await village.endings.finish(village.gp, tx, encounter_id)
    with pytest.raises(WrongMove):
        async with village.database.transaction() as tx:
            await village.endings.finish(village.gp, tx, encounter_id)


async def test_nobody_finishes_anothers_visit(village: Village) -> None:
    encounter_id = await village.ended()
    with pytest.raises(NotFound):
        async with village.database.transaction() as tx:
            await village.endings.finish(village.other_gp, tx, encounter_id)
    with pytest.raises(NotAllowed):
        async with village.database.transaction() as tx:
            await village.endings.finish(village.nurse, tx, encounter_id)


async def test_pages_hear_of_it_after_the_commit(village: Village) -> None:
    encounter_id = await village.finished()
    village.exchange.nudged.clear()
    await village.endings.tell(village.gp, encounter_id)
    assert {"queue", f"cabin:{village.cabin.cabin_id}", f"desk:{village.gp.account_id}"} <= set(village.exchange.nudged)
