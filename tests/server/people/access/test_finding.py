"""A doctor finds exactly who they mean, and a closed record looks like nobody's."""

from __future__ import annotations

import msgspec
import pytest

from server.kernel.errors import Invalid, NotAllowed, NotFound, TooMany
from server.people.access.finding import Sought
from tests.server.people.access.conftest import ODETTE, YVON, House


async def test_a_record_is_found_by_name_and_date_or_by_code_once_it_is_open(house: House) -> None:
    by_name = Sought(name=" LAVERGNE", born_on=ODETTE.born_on)
    for sought in (by_name, Sought(code=house.code)):
        with pytest.raises(NotFound) as closed:
            await house.finder.find(house.aubin, sought)
    with pytest.raises(NotFound) as nobody:
        await house.finder.find(house.aubin, Sought(name="Personne", born_on=ODETTE.born_on))
    assert str(closed.value) == str(nobody.value)
    await house.treats(house.aubin, house.odette)
    assert await house.finder.find(house.aubin, by_name) == house.odette
    assert await house.finder.find(house.aubin, Sought(code=f"{house.code[:3]} {house.code[3:]}")) == house.odette
    assert [one.reason for one in await house.log() if one.action == "patient:searched"][-2:] == ["1 open", "1 open"]


async def test_too_little_is_refused_and_guessing_is_slowed_down(house: House) -> None:
    for sought in (Sought(), Sought(name="Lavergne"), Sought(born_on=ODETTE.born_on), Sought(name="-", code="abc")):
        with pytest.raises(Invalid):
            await house.finder.find(house.aubin, sought)
    for _ in range(6):
        with pytest.raises(NotFound):
            await house.finder.find(house.aubin, Sought(code="000000"))
    with pytest.raises(TooMany):
        await house.finder.find(house.aubin, Sought(code="000000"))
    with pytest.raises(NotAllowed):
        await house.finder.find(house.nurse, Sought(code=house.code))


async def test_twins_are_told_apart_by_their_given_name(house: House) -> None:
    twin = msgspec.structs.replace(YVON, given_names=("Éloi",))
    async with house.database.transaction() as tx:
        new = await house.people.enrol(tx, twin, house.site, who=None, fictitious=True)
    await house.treats(house.aubin, house.yvon)
    await house.treats(house.aubin, new.patient_id)
    with pytest.raises(NotFound):
        await house.finder.find(house.aubin, Sought(name="Le Bras", born_on=YVON.born_on))
    sought = Sought(name="Le Bras", given_name="eloi", born_on=YVON.born_on)
    assert await house.finder.find(house.aubin, sought) == new.patient_id
