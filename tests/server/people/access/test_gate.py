"""A record opens to who has a relation now, and to nobody else: read from the rows at each act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from server.kernel.access import Act, Identity
from server.kernel.errors import NotFound
from server.kernel.ids import SiteId, new_id
from server.people.access import gate
from server.people.access.relations import Relation
from tests.server.people.access.conftest import House


async def _in_care(house: House) -> None:
    await house.treats(house.nedjar, house.odette)


async def _in_visit(house: House) -> None:
    assert house.nedjar.practitioner_id is not None
    house.visits.add((house.nedjar.practitioner_id, house.odette))


async def _referred(house: House) -> None:
    await house.treats(house.aubin, house.odette)
    assert house.nedjar.practitioner_id is not None
    await house.referrals.refer(house.aubin, house.odette, house.nedjar.practitioner_id, house.clock().date())


async def _through_glass(house: House) -> None:
    await house.glasses.break_one(house.nedjar, house.breaking())


WAYS = [_in_care, _in_visit, _referred, _through_glass]
WHOLE = {_in_care, _in_visit}


@pytest.mark.parametrize("way", WAYS)
async def test_a_doctor_reads_by_each_relation_and_writes_only_by_a_whole_one(
    house: House, way: Callable[[House], Awaitable[None]]
) -> None:
    assert not await house.reads(house.nedjar, house.odette)
    await way(house)
    assert await house.reads(house.nedjar, house.odette)
    assert not await house.reads(house.nedjar, house.yvon)
    for act in (Act.BACKGROUND_WRITE, Act.CARE_REFER, None):
        async with house.database.reading() as tx:
            if way in WHOLE:
                await house.people.allowed(tx, house.nedjar, house.odette, act)
            else:
                with pytest.raises(NotFound):
                    await house.people.allowed(tx, house.nedjar, house.odette, act)


async def test_a_health_worker_is_there_for_the_people_of_their_site(house: House) -> None:
    assert await house.reads(house.nurse, house.odette)
    stranger = Identity(house.nurse.account_id, house.nurse.role, "louise", "Louise", site_id=SiteId(new_id()))
    nowhere = Identity(house.nurse.account_id, house.nurse.role, "louise", "Louise")
    assert not await house.reads(stranger, house.odette)
    assert not await house.reads(nowhere, house.odette)


async def test_a_care_relation_that_is_over_opens_nothing(house: House) -> None:
    await _referred(house)
    house.clock.advance(timedelta(days=2))
    assert await house.reads(house.aubin, house.odette)
    assert not await house.reads(house.nedjar, house.odette)


async def test_without_the_gate_anybody_would_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def yes(*_: object) -> bool:
        return True

    monkeypatch.setattr(gate.Gate, "_holds", yes)
    assert await house.reads(house.nedjar, house.odette)


async def test_a_house_without_visits_knows_no_visit(house: House) -> None:
    assert house.nedjar.practitioner_id is not None
    async with house.database.reading() as tx:
        assert not await gate.no_visits(tx, house.nedjar.practitioner_id, house.odette)
    assert set(Relation) == {Relation.HERE, Relation.CARE, Relation.VISIT, Relation.REFERRED, Relation.GLASS}
