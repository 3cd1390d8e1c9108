"""What all services of a visit stand on: the seat that is unique, the log that says once, the seal that is bound."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from server.encounters import store
from server.encounters.rules import Answers, Move
from server.encounters.service.ground import seat_holder
from server.kernel.errors import CannotOpen, Conflict, NotAllowed
from tests.server.encounters.village import Village


async def test_the_database_itself_refuses_two_visits_in_one_cabin(village: Village) -> None:
    await village.waiting()
    second = await village.office.put_in_queue(village.nurse, await village.placement())

    async def sit_down() -> None:
        async with village.database.transaction() as tx:
            row = await store.visit(tx, second)
            row.seated_at, row.version = village.clock(), row.version + 1

    with pytest.raises(IntegrityError):
        await sit_down()


async def test_the_second_of_two_writers_of_a_visit_is_refused(village: Village) -> None:
    encounter_id = await village.arrived()

    async def write_over_another() -> None:
        async with village.database.transaction() as tx:
            row = await store.look(tx, encounter_id)
            await tx.execute(text("UPDATE encounter SET version = version + 1"))
            row.locale, row.version = "en", row.version + 1

    with pytest.raises(Conflict) as refused:
        await write_over_another()
    assert refused.value.code == "edited-elsewhere"


async def test_answers_open_only_in_their_own_visit_and_version(village: Village) -> None:
    first, second = await village.waiting(), await village.waiting(village.other_cabin)
    async with village.database.transaction() as tx:
        one, other = await store.look(tx, first), await store.look(tx, second)
        assert (await village.ground.answers(tx, one)).words == "mal au genou"
        kept, one.sealed_intake = one.sealed_intake, other.sealed_intake
        with pytest.raises(CannotOpen):
            await village.ground.answers(tx, one)
        one.sealed_intake, one.row_ver = kept, one.row_ver + 1
        with pytest.raises(CannotOpen):
            await village.ground.answers(tx, one)
        await tx.rollback()


async def test_a_role_that_may_not_move_a_visit_does_not(village: Village) -> None:
    encounter_id = await village.waiting()
    with pytest.raises(NotAllowed):
        async with village.database.transaction() as tx:
            await village.ground.move(tx, village.nurse, await store.visit(tx, encounter_id), Move.CLAIM)


async def test_a_closed_cabin_takes_nobody(village: Village) -> None:
    async with village.database.transaction() as tx:
        await tx.execute(text("UPDATE cabin SET in_service = :no"), {"no": False})
    with pytest.raises(Conflict) as refused:
        await village.arrived()
    assert refused.value.code == "cabin-closed"


async def test_each_line_is_nudged_once_and_nothing_is_said_to_nobody(village: Village) -> None:
    village.exchange.nudged.clear()
    await village.ground.nudge([])
    await village.ground.nudge(["queue", "cabin:1", "queue"])
    assert village.exchange.nudged == ["queue", "cabin:1"]


async def test_the_exchange_knows_accounts_and_never_patients(village: Village) -> None:
    assert seat_holder(village.cabin) == f"cabin:{village.cabin.account_id}"


async def test_a_new_struct_does_not_share_its_answers() -> None:
    assert Answers().flags is not Answers().flags
