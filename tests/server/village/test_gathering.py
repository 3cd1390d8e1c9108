"""What the services write through a gathering is kept at its end, together, and never before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from server.database.engine import Database
from server.kernel.ids import PractitionerId, new_id
from server.people.tables import PractitionerRow
from server.village import store
from server.village.gathering import Gathering, Nobody, Then
from server.village.places import DOCTORS, Doctor

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def _names(database: Database) -> list[str]:
    async with database.reading() as tx:
        return sorted(await tx.scalars(select(PractitionerRow.name)))


async def _add(gathering: Gathering, doctor: Doctor) -> PractitionerId:
    async with gathering.transaction() as tx:
        return await store.add_practitioner(tx, doctor)


async def test_several_transactions_become_one(database: Database) -> None:
    async with database.transaction() as tx:
        gathering = Gathering(database, tx)
        await _add(gathering, DOCTORS[0])
        await _add(gathering, DOCTORS[1])
        async with gathering.reading() as seen:
            assert len(list(await seen.scalars(select(PractitionerRow)))) == 2
    assert await _names(database) == sorted(doctor.name for doctor in DOCTORS[:2])


async def test_an_error_in_the_last_undoes_the_first(database: Database) -> None:
    async def stops() -> None:
        async with database.transaction() as tx:
            gathering = Gathering(database, tx)
            await _add(gathering, DOCTORS[0])
            async with gathering.transaction():
                raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await stops()
    assert await _names(database) == []


async def test_a_row_is_read_anew_in_each_transaction_as_by_a_fresh_session(database: Database) -> None:
    async with database.transaction() as tx:
        gathering = Gathering(database, tx)
        known = await _add(gathering, DOCTORS[0])
        async with gathering.transaction() as first:
            row = (await first.scalars(select(PractitionerRow))).one()
            change = update(PractitionerRow).where(PractitionerRow.id == known).values(name="Dr Autre")
            await first.execute(change, execution_options={"synchronize_session": False})
            assert row.name == DOCTORS[0].name
        async with gathering.transaction() as second:
            assert (await second.scalars(select(PractitionerRow))).one().name == "Dr Autre"


def test_the_clock_stands_where_it_was_set() -> None:
    then = Then(NOON)
    assert then() == NOON
    then.at = NOON.replace(hour=13)
    assert then().hour == 13


async def test_nobody_listens_to_the_past() -> None:
    nobody = Nobody()
    await nobody.nudge("queue")
    await nobody.close_call(str(new_id()), "hung-up")
    assert await nobody.issue_seat(str(new_id()), "patient", "cabin") == ""
