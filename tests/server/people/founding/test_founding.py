"""Setting up places, on both databases: made, changed, read twice, refused; passwords are said once and open a door."""

from __future__ import annotations

import msgspec
import pytest
import pytest_asyncio

from server.accounts.passwords import Passwords
from server.accounts.service import Accounts
from server.database.engine import Database
from server.kernel.access import Door, Identity, Role
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotSignedIn
from server.kernel.ids import AccountId, new_id
from server.people import store as people_store
from server.people.founding.passwords import draw_password
from server.people.founding.rules import (
    CabinLine,
    InstrumentLine,
    PlaceKind,
    PractitionerLine,
    SiteLine,
    StaffLine,
    WorkerLine,
    key_from,
    read_places,
)
from server.people.founding.service import Founding
from server.people.rules import SiteKind
from tests.clock import FakeClock

MAYOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "La mairie")
SITE = SiteLine(
    "mairie", "Mairie", SiteKind.TOWN_HALL, "Locarn", "22128", "22340", "1 place de la Mairie", "02 96 00 00 00",
    "02 96 00 00 15", 48.3, -3.4,
)  # fmt: skip
CABIN = CabinLine("cabine", "mairie", "Cabine de Locarn", "cabine-locarn")
GP = PractitionerLine("10999999914", "Dr Aubin", "Généraliste", "Carhaix", "02 98 00 00 00", login="aubin")
NURSE = WorkerLine("louise", "mairie", "Louise", "Infirmière", login="louise")
ECG = InstrumentLine("ecg", "mairie", "ECG")
CHIEF = StaffLine("chef", "La chef")
ALL = (SITE, CABIN, ECG, GP, NURSE, CHIEF)


@pytest_asyncio.fixture(loop_scope="session")
async def founding(database: Database, clock: FakeClock) -> Founding:
    return Founding(database, Accounts(database, Passwords(), clock), clock)


async def _found(founding: Founding, *lines: object) -> object:
    async with founding._database.transaction() as tx:
        return await founding.found(tx, None, lines)  # type: ignore[arg-type]


async def test_a_commune_is_made_once_and_everybody_can_sign_in_by_their_own_door(
    founding: Founding, database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        done = await founding.found(tx, None, ALL)
    assert [step.kind for step in done.steps] == list(PlaceKind)
    assert set(done.passwords) == {"cabine-locarn", "aubin", "louise", "chef"}
    accounts = Accounts(database, Passwords(), clock)
    doors = {"cabine-locarn": Door.CABIN, "aubin": Door.DESK, "louise": Door.OFFICE, "chef": Door.COORDINATION}
    for login, door in doors.items():
        who = (await accounts.sign_in(login, done.passwords[login], door, "127.0.0.1")).who
        assert who.login == login
        assert (who.site_id is not None) == (door in (Door.CABIN, Door.OFFICE))
    async with database.transaction() as tx:
        again = await founding.found(tx, None, ALL)
    assert (again.steps, again.passwords) == ((), {})


async def test_a_changed_line_changes_its_place_and_tells_both_values(founding: Founding, database: Database) -> None:
    await _found(founding, *ALL)
    moved = msgspec.structs.replace(CABIN, name="Cabine du bourg", in_service=False)
    done = await founding.keep(MAYOR, moved)
    assert done.steps[0].changed == (("name", "Cabine de Locarn", "Cabine du bourg"), ("in_service", "yes", "no"))
    async with database.reading() as tx:
        (cabin,) = await people_store.cabins(tx)
    assert (cabin.name, cabin.in_service) == ("Cabine du bourg", False)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (msgspec.structs.replace(SITE, insee="221"), "insee"),
        (msgspec.structs.replace(SITE, postcode="2234"), "postcode"),
        (msgspec.structs.replace(SITE, zone="Paris"), "zone"),
        (msgspec.structs.replace(SITE, samu_phone="15"), "samu_phone"),
        (msgspec.structs.replace(SITE, latitude=99.0), "latitude"),
        (msgspec.structs.replace(SITE, address=" "), "address"),
        (msgspec.structs.replace(SITE, key="É"), "key"),
        (msgspec.structs.replace(CABIN, site="ailleurs"), "site"),
        (msgspec.structs.replace(CABIN, login="Cabine !"), "login"),
        (msgspec.structs.replace(GP, rpps="10999999915"), "rpps"),
        (msgspec.structs.replace(GP, email="aubin"), "email"),
        (msgspec.structs.replace(GP, name=""), "name"),
        (msgspec.structs.replace(NURSE, phone="demain"), "phone"),
        (msgspec.structs.replace(CHIEF, role=Role.GP), "role"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_written(
    sqlite_database: Database, clock: FakeClock, line: object, field: str
) -> None:
    founding = Founding(sqlite_database, Accounts(sqlite_database, Passwords(), clock), clock)
    with pytest.raises(Invalid) as refused:
        await _found(founding, line)
    assert field in refused.value.fields
    assert await founding.known(MAYOR) == {}


async def test_a_login_belongs_to_one_person_and_stays_theirs(founding: Founding) -> None:
    await _found(founding, *ALL)
    with pytest.raises(Conflict):
        await founding.keep(MAYOR, WorkerLine("anne", "mairie", "Anne", "Infirmière", login="aubin"))
    with pytest.raises(Conflict):
        await founding.keep(MAYOR, msgspec.structs.replace(NURSE, login="louise2"))
    with pytest.raises(Conflict):
        await founding.keep(MAYOR, msgspec.structs.replace(CHIEF, role=Role.ADMIN))


async def test_a_new_password_replaces_the_old_and_a_closed_account_enters_no_more(
    founding: Founding, database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        first = (await founding.found(tx, None, ALL)).passwords["louise"]
    accounts = Accounts(database, Passwords(), clock)
    signed = await accounts.sign_in("louise", first, Door.OFFICE, "127.0.0.1")
    second = await founding.renew_password(MAYOR, "louise")
    assert await accounts.identify(signed.token, Door.OFFICE) is None
    with pytest.raises(NotSignedIn):
        await accounts.sign_in("louise", first, Door.OFFICE, "127.0.0.1")
    again = await accounts.sign_in("louise", second, Door.OFFICE, "127.0.0.1")
    await founding.close_account(MAYOR, "louise", closed=True)
    assert await accounts.identify(again.token, Door.OFFICE) is None
    with pytest.raises(NotSignedIn):
        await accounts.sign_in("louise", second, Door.OFFICE, "127.0.0.1")
    await founding.close_account(MAYOR, "louise", closed=False)
    assert await accounts.sign_in("louise", second, Door.OFFICE, "127.0.0.1")
    with pytest.raises(Conflict):
        await founding.close_account(MAYOR, "mairie", closed=True)


async def test_nobody_else_sets_up_places(founding: Founding) -> None:
    for role in (Role.GP, Role.HEALTH_WORKER, Role.CABIN):
        with pytest.raises(NotAllowed):
            await founding.keep(_as(role), SITE)


def _as(role: Role) -> Identity:
    return Identity(AccountId(new_id()), role, "autre", "Autre")


def test_a_file_that_does_not_read_says_where() -> None:
    for text, where in (("[[site]]\nkey = 1\n", "site[0]"), ("[site", "end of a table"), ("[[vilage]]\n", "vilage")):
        with pytest.raises(Invalid) as refused:
            read_places(text)
        assert where in str(refused.value)


def test_a_key_is_made_from_a_name_and_is_nobody_elses() -> None:
    assert key_from("Cabine de l’Église", ()) == "cabine-de-l-eglise"
    assert key_from("Cabine de l’Église", ("cabine-de-l-eglise",)) == "cabine-de-l-eglise-2"
    assert key_from("É", ()) == "place-e"


def test_first_passwords_are_long_enough_and_never_the_same() -> None:
    drawn = {draw_password() for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(one) == 24 for one in drawn)
