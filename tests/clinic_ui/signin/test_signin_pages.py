"""The front door: four doors, one session for each, and clear refusals."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from server.accounts.rules import NewAccount
from server.kernel.access import Role
from tests.running import Running, config_in, running

GOOD = "une phrase assez longue"


@pytest_asyncio.fixture(loop_scope="session")
async def house(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(config_in(tmp_path)) as open_house:
        clinic = open_house.clinic
        async with clinic.database.transaction() as tx:
            await clinic.accounts.create(tx, NewAccount("mairie", GOOD, Role.COORDINATOR, "La mairie"))
            await clinic.accounts.create(tx, NewAccount("aubin", GOOD, Role.GP, "Dr Claire Aubin"))
        yield open_house


@pytest_asyncio.fixture(loop_scope="session")
async def guest(house: Running) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar()
    async with aiohttp.ClientSession(
        house.origin, cookie_jar=jar, headers={"Sec-Fetch-Site": "same-origin"}
    ) as session:
        yield session


async def _enter(guest: aiohttp.ClientSession, door: str, login: str, **more: str) -> aiohttp.ClientResponse:
    form = {"login": login, "password": GOOD, **more}
    return await guest.post(f"/signin/{door}", data=form, allow_redirects=False)


async def test_the_front_page_shows_four_doors_in_the_visitors_language(guest: aiohttp.ClientSession) -> None:
    french = await (await guest.get("/", headers={"Accept-Language": "fr"})).text()
    english = await (await guest.get("/", headers={"Accept-Language": "en"})).text()
    for door in ("cabin", "desk", "office", "coordination"):
        assert f'href="/signin/{door}"' in french
    assert 'lang="fr"' in french
    assert 'lang="en"' in english
    assert "Welcome" in english


async def test_the_right_words_open_the_door_and_lead_to_the_page_asked_for(guest: aiohttp.ClientSession) -> None:
    response = await _enter(guest, "desk", "aubin", back="/desk/agenda")
    assert (response.status, response.headers["Location"]) == (303, "/desk/agenda")
    cookie = response.cookies["tc-desk"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"


@pytest.mark.parametrize("back", ["https://evil.example/desk", "//evil.example", "/coordination", "/desk\\evil", ""])
async def test_nobody_is_led_elsewhere_after_signing_in(guest: aiohttp.ClientSession, back: str) -> None:
    response = await _enter(guest, "desk", "aubin", back=back)
    assert response.headers["Location"] == "/desk"


async def test_one_browser_can_hold_several_doors(guest: aiohttp.ClientSession) -> None:
    await _enter(guest, "desk", "aubin")
    await _enter(guest, "coordination", "mairie")
    page = await (await guest.get("/")).text()
    assert 'href="/desk"' in page
    assert 'href="/coordination"' in page
    assert 'href="/signin/cabin"' in page


async def test_a_wrong_password_is_told_kindly_and_keeps_the_login(guest: aiohttp.ClientSession) -> None:
    response = await guest.post("/signin/desk", data={"login": 'au"><b>bin', "password": "wrong"})
    page = await response.text()
    assert response.status == 401
    assert "<b>bin" not in page
    assert "&lt;b&gt;bin" in page
    assert "wrong" not in page.split("<main")[1]


@pytest.mark.parametrize(
    "form", [{}, {"login": "aubin"}, {"login": "x" * 100, "password": GOOD}, {"password": "x" * 999}]
)
async def test_an_incomplete_form_names_what_lacks(guest: aiohttp.ClientSession, form: dict[str, str]) -> None:
    assert (await guest.post("/signin/desk", data=form)).status == 422


async def test_an_unknown_door_is_not_found(guest: aiohttp.ClientSession) -> None:
    assert (await guest.get("/signin/roof")).status == 404


async def test_signing_out_closes_that_door_only(guest: aiohttp.ClientSession) -> None:
    await _enter(guest, "desk", "aubin")
    await _enter(guest, "coordination", "mairie")
    await guest.post("/signout/desk")
    page = await (await guest.get("/")).text()
    assert 'href="/signin/desk"' in page
    assert 'href="/coordination"' in page


async def test_a_sign_in_from_another_site_is_refused(guest: aiohttp.ClientSession) -> None:
    form = {"login": "aubin", "password": GOOD}
    response = await guest.post("/signin/desk", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status == 403
    assert not response.cookies


async def test_a_page_behind_a_door_sends_a_stranger_to_it(guest: aiohttp.ClientSession) -> None:
    response = await guest.get("/coordination", allow_redirects=False)
    assert response.status in {303, 404}
