"""The map says where cabins stand and who works there, on both databases."""

from __future__ import annotations

import pytest
import pytest_asyncio

from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import NotFound
from server.kernel.ids import AccountId, CabinId, HealthWorkerId, PractitionerId, SiteId, new_id
from server.people.places import Places
from server.people.rules import SiteKind
from server.people.tables import CabinRow, HealthWorkerRow, PractitionerRow, SiteRow

HERE, THERE = SiteId(new_id()), SiteId(new_id())
HALL, YARD, QUAY = (CabinId(new_id()) for _ in range(3))


@pytest_asyncio.fixture(loop_scope="session")
async def places(database: Database) -> Places:
    """Two sites: one with two cabins and a nurse, one with a cabin; and two doctors."""
    async with database.transaction() as tx:
        tx.add_all([_site(THERE, "Trébrivan"), _site(HERE, "Locarn")])
        await tx.flush()
        for cabin_id, site_id, name in ((YARD, HERE, "Cour"), (HALL, HERE, "Hall"), (QUAY, THERE, "Quai")):
            place = {"access_notes": "de plain-pied", "phone": "-", "in_service": True}
            tx.add(CabinRow(id=cabin_id, site_id=site_id, name=name, **place))
        nurse = {"name": "Sylvie", "profession": "Infirmière", "phone": "-"}
        tx.add(HealthWorkerRow(id=HealthWorkerId(new_id()), site_id=HERE, **nurse))
        for number, name in enumerate(("Dr Nedjar", "Dr Aubin")):
            work = {"specialty": "-", "rpps": f"{number:011d}", "place": "-", "phone": "-"}
            tx.add(PractitionerRow(id=PractitionerId(new_id()), name=name, **work))
    return Places(database)


def _site(site_id: SiteId, name: str) -> SiteRow:
    return SiteRow(
        id=site_id,
        name=name,
        kind=SiteKind.PHARMACY,
        commune=name,
        insee="22999",
        postcode="22999",
        address="7 rue du Pont",
        phone="-",
        samu_phone="-",
        aed="-",
        zone="Europe/Paris",
        latitude=48.0,
        longitude=-3.0,
    )


def _who(role: Role) -> Identity:
    return Identity(AccountId(new_id()), role, "x", "X")


@pytest.mark.parametrize("role", Role)
async def test_everybody_who_is_signed_in_may_read_the_map(places: Places, role: Role) -> None:
    who = _who(role)
    assert [site.name for site in await places.sites(who)] == ["Locarn", "Trébrivan"]
    assert (await places.site(who, THERE)).address == "7 rue du Pont"


async def test_a_post_is_a_cabin_with_its_site_and_the_people_of_that_site(places: Places) -> None:
    post = await places.post(_who(Role.CABIN), HALL)
    assert (post.cabin.name, post.site.name) == ("Hall", "Locarn")
    assert [worker.name for worker in post.health_workers] == ["Sylvie"]
    assert (await places.post(_who(Role.CABIN), QUAY)).health_workers == ()


async def test_cabins_and_workers_are_those_of_one_site_or_all(places: Places) -> None:
    who = _who(Role.COORDINATOR)
    assert {cabin.name for cabin in await places.cabins(who, HERE)} == {"Cour", "Hall"}
    assert {cabin.name for cabin in await places.cabins(who)} == {"Cour", "Hall", "Quai"}
    assert await places.health_workers(who, THERE) == []
    assert len(await places.health_workers(who)) == 1


async def test_practitioners_stand_by_name(places: Places) -> None:
    assert [one.name for one in await places.practitioners(_who(Role.GP))] == ["Dr Aubin", "Dr Nedjar"]


async def test_what_does_not_stand_on_the_map_is_not_found(places: Places) -> None:
    who = _who(Role.HEALTH_WORKER)
    with pytest.raises(NotFound):
        await places.site(who, SiteId(new_id()))
    with pytest.raises(NotFound):
        await places.post(who, CabinId(new_id()))
